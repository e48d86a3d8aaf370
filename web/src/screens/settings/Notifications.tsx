// Where people are told: channels, what went to them, halts that reached nobody, and the keys of approval pages.

import { useState } from "react";
import type { DeliveryRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge, Banner } from "../../parts/Banner";
import { Section } from "../../parts/Page";
import { type Column, Table } from "../../parts/Table";
import { When } from "../../parts/When";
import { Callbacks } from "./Callbacks";
import { Channels } from "./Channels";

const AGAIN_MS = 15_000; // what is delivered is no entry of the journal, so that the stream tells nothing of it

export function Notifications() {
  return (
    <>
      <Unheard />
      <Channels />
      <Deliveries />
      <Callbacks />
    </>
  );
}

/** Halts that a channel did not take: somebody has to look there. */
function Unheard() {
  const { data } = useAsked("GET /v1/notifications", {}, { every: AGAIN_MS });
  if (!data) return null; // the channels below say why
  return (
    <>
      {data.overdue.map(({ channel, at, text, attempts, fault }) => (
        <Banner key={`${channel} ${at} ${text}`} tone="bad" role="alert">
          <strong>A halt did not reach {channel}</strong> (<When at={at} as="ago" />, {attempts} {attempts === 1 ? "attempt" : "attempts"}): {text} {fault && <>The last attempt: {fault}</>}
        </Banner>
      ))}
      {data.channels === 0 && <Banner tone="warn">Nobody is told of halts and approvals: there is no channel. Who does not look at this page does not know.</Banner>}
    </>
  );
}

const COLUMNS: readonly Column<DeliveryRow>[] = [
  { head: "Channel", names: true, cell: ({ channel }) => channel },
  { head: "When", cell: ({ at }) => <When at={at} /> },
  { head: "What", cell: ({ text, kind }) => <span>{text} <span className="soft small">{kind}</span></span> },
  { head: "Delivered", cell: (row) => <Delivered row={row} /> },
];

function Delivered({ row: { delivered_at, attempts, fault } }: { row: DeliveryRow }) {
  if (delivered_at) return <When at={delivered_at} as="ago" />;
  return <span><Badge tone={fault ? "bad" : "warn"}>waits</Badge> <span className="small">{attempts > 0 && `${attempts} attempts. `}{fault}</span></span>;
}

function Deliveries() {
  const [waiting, setWaiting] = useState(false);
  const asked = useAsked("GET /v1/deliveries", { waiting, limit: 100 }, { every: AGAIN_MS });
  return (
    <Section title="Deliveries" flush actions={
      <label className="settings-check small"><input type="checkbox" checked={waiting} onChange={(event) => setWaiting(event.target.checked)} />Only what waits</label>
    }>
      <Asked of={asked} none={waiting ? "Nothing waits." : "Nothing was sent yet."}>
        {({ items }) => <Table label="Deliveries" columns={COLUMNS} rows={items} keyOf={({ id, channel }) => `${channel} ${id}`} />}
      </Asked>
    </Section>
  );
}
