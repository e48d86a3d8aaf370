// Keys of approval pages that one hosts: whom each speaks for and until when. A key's secret is shown once.

import { useState } from "react";
import type { CallbackRow } from "../../api/schema";
import { useAct, useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Confirm } from "../../parts/Confirm";
import { Dialog } from "../../parts/Dialog";
import { Choice } from "../../parts/Field";
import { type Filled, FormDialog } from "../../parts/FormDialog";
import { Section } from "../../parts/Page";
import { Secret } from "../../parts/Secret";
import { type Column, Table } from "../../parts/Table";
import { toast } from "../../parts/Toast";
import { When } from "../../parts/When";
import { ENDS_OR_NEVER, endOf } from "./ends";
import { useMay } from "./may";

const ROLES: readonly string[] = ["approver", "operator", "owner"];

export function Callbacks() {
  const asked = useAsked("GET /v1/callbacks", { limit: 1000 });
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState("");
  const columns: Column<CallbackRow>[] = [
    { head: "Key", names: true, cell: ({ id, over }) => <span><code>{id}</code> {over && <Badge>over</Badge>}</span> },
    { head: "Answers as", cell: ({ person, role }) => <span>{person} <span className="soft small">{role}</span></span> },
    { head: "Since", cell: ({ issued_at }) => <When at={issued_at} /> },
    { head: "Ends", cell: ({ expires_at }) => (expires_at ? <When at={expires_at} /> : <span className="soft">never</span>) },
    ...(may.setUp ? [{ head: "Do", number: true, cell: ({ id, over }: CallbackRow) => !over && <span className="settings-actions"><Button onClick={() => setRemoving(id)} aria-label={`Remove ${id}`}>Remove</Button></span> }] : []),
  ];
  return (
    <Section title="Approval pages that you host" flush actions={may.setUp && <Button onClick={() => setAdding(true)}>Make a key</Button>}>
      <Asked of={asked} none="None. A key lets a page of your own answer held orders for one person.">
        {({ items }) => <Table label="Keys of approval pages" columns={columns} rows={items} keyOf={({ id }) => id} />}
      </Asked>
      {adding && <Make onClose={() => setAdding(false)} />}
      {removing && <Remove id={removing} onClose={() => setRemoving("")} />}
    </Section>
  );
}

function Make({ onClose }: { onClose: () => void }) {
  const people = useAsked("GET /v1/people", { limit: 1000 });
  const { act, busy, problem } = useAct("POST /v1/callbacks");
  const [secret, setSecret] = useState("");
  const able = (people.data?.items ?? []).filter(({ role, disabled }) => ROLES.includes(role) && !disabled);
  const make = async ({ person: name = "", ends }: Filled): Promise<void> => {
    const found = able.find((one) => one.name === name);
    if (!found) return;
    const answer = await act({}, { person: name, role: found.role as "approver", owner: found.owner || null, expires_at: endOf(ends) });
    if (answer) setSecret(answer.secret);
  };
  if (secret) {
    return (
      <Dialog open onClose={onClose} title="A key for an approval page">
        <Secret label="The secret" value={secret} hint="Whoever holds it approves and declines as that person: keep it where only the page reads it." />
        <div className="row"><Button onClick={onClose}>I have it</Button></div>
      </Dialog>
    );
  }
  return (
    <FormDialog open onClose={onClose} title="Make a key" act="Make it" busy={busy} problem={problem} onFilled={(given) => void make(given)}>
      <Choice label="It answers as" name="person" of={able.map(({ name, role }) => [name, `${name}, ${role}`])} required />
      <Choice label="It ends" name="ends" defaultValue="8760" of={ENDS_OR_NEVER} />
    </FormDialog>
  );
}

function Remove({ id, onClose }: { id: string; onClose: () => void }) {
  const { act, busy, problem } = useAct("POST /v1/callbacks/{callback}/remove");
  const remove = async (why: string): Promise<void> => {
    if (!await act({ callback: id }, { why })) return;
    toast(`${id} is worth nothing any more.`);
    onClose();
  };
  return (
    <Confirm open onClose={onClose} title={`Remove ${id}`} act="Remove" busy={busy} problem={problem} onConfirm={(why) => void remove(why)}>
      <p>The page that signs with it is refused at once. What it answered stays answered, where the order went out.</p>
    </Confirm>
  );
}
