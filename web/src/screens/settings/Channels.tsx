// Channels: to add a webhook with its secret or a chat, to try each, and to do without one.

import { useState } from "react";
import type { ChannelRow } from "../../api/schema";
import { useAct, useAsked } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Badge, Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Confirm } from "../../parts/Confirm";
import { Section } from "../../parts/Page";
import { type Column, Table } from "../../parts/Table";
import { toast } from "../../parts/Toast";
import { date } from "../../api/time";
import { sentence } from "../../api/problem";
import { AddChat } from "./AddChat";
import { AddWebhook } from "./AddWebhook";
import { useMay } from "./may";

export function Channels() {
  const asked = useAsked("GET /v1/channels", {});
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const [chatting, setChatting] = useState(false);
  const [removing, setRemoving] = useState<ChannelRow | null>(null);
  const [tried, setTried] = useState<{ name: string; delivered: boolean; why: string } | null>(null);
  const testing = useAct("POST /v1/channels/{channel}/test");
  const test = async (name: string): Promise<void> => {
    setTried(null);
    const answer = await testing.act({ channel: name });
    if (answer) setTried({ name, ...answer });
  };
  const columns: Column<ChannelRow>[] = [
    { head: "Channel", names: true, cell: ({ name, how, dry }) => <span>{name} <span className="soft small">{how}</span> {dry && <Badge tone="warn">sends nothing</Badge>}</span> },
    { head: "Where", cell: ({ where }) => where },
    { head: "Told of", cell: ({ kinds }) => kinds.join(", ") },
    { head: "Since", cell: ({ created_at }) => date(created_at) },
    ...(may.setUp ? [{ head: "Do", number: true, cell: (row: ChannelRow) => (
      <span className="settings-actions">
        <Button busy={testing.busy} onClick={() => void test(row.name)} aria-label={`Test ${row.name}`}>Test</Button>
        <Button onClick={() => setRemoving(row)} aria-label={`Remove ${row.name}`}>Remove</Button>
      </span>
    ) }] : []),
  ];
  return (
    <Section title="Channels" flush actions={may.setUp && <span className="row"><Button onClick={() => setChatting(true)}>Add a chat or mail…</Button><Button tone="main" onClick={() => setAdding(true)}>Add a webhook</Button></span>}>
      {tried && <Banner tone={tried.delivered ? "good" : "bad"} role="status">{tried.delivered ? `${tried.name} took the test.` : `${tried.name} did not take the test. ${sentence(tried.why)}`}</Banner>}
      <Refused problem={testing.problem} />
      <Asked of={asked} none="There is none: nobody is told of anything.">
        {({ items }) => <Table label="Channels" columns={columns} rows={items} keyOf={({ name }) => name} />}
      </Asked>
      <AddWebhook open={adding} onClose={() => { setAdding(false); void asked.refetch(); }} />
      {chatting && <AddChat taken={asked.data?.items ?? []} onClose={() => { setChatting(false); void asked.refetch(); }} />}
      {removing && <Remove name={removing.name} onClose={() => { setRemoving(null); void asked.refetch(); }} />}
    </Section>
  );
}

function Remove({ name, onClose }: { name: string; onClose: () => void }) {
  const { act, busy, problem } = useAct("DELETE /v1/channels/{channel}");
  const remove = async (): Promise<void> => {
    const gone = await act({ channel: name });
    if (!gone) return;
    toast(gone.waited ? `${name} is gone, with ${gone.waited} that waited for it.` : `${name} is gone.`);
    onClose();
  };
  return (
    <Confirm open onClose={onClose} title={`Remove ${name}`} act="Remove" why={false} typed={name} busy={busy} problem={problem} onConfirm={() => void remove()}>
      <p>Nothing goes there any more, and what waits for it is dropped. Its secret is worth nothing from then on.</p>
    </Confirm>
  );
}
