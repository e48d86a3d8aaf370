// A new webhook: where it is, what it is told of, and the secret that its messages are signed with, which is shown once.

import { useState } from "react";
import { useAct } from "../../api/use";
import { Button } from "../../parts/Button";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { type Filled, FormDialog } from "../../parts/FormDialog";
import { Secret } from "../../parts/Secret";
import { type Kind, KINDS } from "./kinds";

export function AddWebhook({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { act, busy, problem, forget } = useAct("POST /v1/channels");
  const [made, setMade] = useState<{ name: string; secret: string } | null>(null);
  const [fault, setFault] = useState("");
  const close = (): void => { setMade(null); setFault(""); forget(); onClose(); };
  const add = async ({ name = "", url = "", kinds = "" }: Filled): Promise<void> => {
    setFault(kinds ? "" : "Choose at least one.");
    if (!kinds) return;
    const answer = await act({}, { name, url, kinds: kinds.split(",") as Kind[] });
    if (answer) setMade({ name, secret: answer.secret });
  };
  if (made) {
    return (
      <Dialog open={open} onClose={close} title={`The webhook ${made.name}`}>
        <Secret label="The secret" value={made.secret} hint="By it the receiver knows that a message is from here: any library of Standard Webhooks verifies with it." />
        <p className="soft">Then press Test beside it: until it took a message, nobody is told of anything by it.</p>
        <div className="row"><Button onClick={close}>I have it</Button></div>
      </Dialog>
    );
  }
  return (
    <FormDialog open={open} onClose={close} title="Add a webhook" act="Add it" busy={busy} problem={problem} onFilled={(given) => void add(given)}>
      <Field label="Name" name="name" hint="Small letters, digits and hyphens." pattern="[a-z0-9][a-z0-9\-]{0,62}" autoComplete="off" autoCapitalize="none" spellCheck={false} required />
      <Field label="Address" name="url" type="url" hint="Begins with https, or with http where remit.toml lists the address. It is shown to nobody again. Chats and mail are added on the machine." maxLength={2000} autoComplete="off" required />
      <fieldset>
        <legend>Told of</legend>
        <div className="settings-kinds">
          {KINDS.map(([kind, words, first]) => <label key={kind} className="settings-check"><input type="checkbox" name="kinds" value={kind} defaultChecked={first} />{words}</label>)}
        </div>
        {fault && <p className="small bad" role="alert">{fault}</p>}
      </fieldset>
    </FormDialog>
  );
}
