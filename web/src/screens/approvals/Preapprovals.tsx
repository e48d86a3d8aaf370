// What people confirmed ahead of time: the bounds of each, what is used of it, when it ends; and to end it now.

import { useState } from "react";
import type { PreapprovalRow } from "../../api/schema";
import { session } from "../../api/session";
import { useShared } from "../../api/shared";
import { useAct, useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge, type Tone } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Confirm } from "../../parts/Confirm";
import { Money } from "../../parts/Money";
import { Section } from "../../parts/Page";
import { type Column, Table } from "../../parts/Table";
import { toast } from "../../parts/Toast";
import { Left, When } from "../../parts/When";
import { Preapprove } from "./Preapprove";

const STATES: { [state in PreapprovalRow["state"]]: [string, Tone] } = {
  in_force: ["in force", "good"], used_up: ["used up", "plain"], ended: ["revoked", "plain"], expired: ["over", "plain"],
};
const GIVING = ["operator", "approver", "owner"];

export function Preapprovals() {
  const [all, setAll] = useState(false);
  const asked = useAsked("GET /v1/preapprovals", { all, limit: 1000 });
  const { me } = useShared(session);
  const mayGive = GIVING.includes(me?.role ?? "");
  const [giving, setGiving] = useState(false);
  const [revoking, setRevoking] = useState<PreapprovalRow | null>(null);
  const columns: Column<PreapprovalRow>[] = [
    { head: "Agent", names: true, cell: ({ agent }) => agent },
    { head: "Opens", cell: ({ instruments, categories }) => [...instruments, ...categories.map((name) => `all of ${name}`)].join(", ") },
    { head: "Each", number: true, cell: ({ notional_max, currency }) => <Money value={notional_max} currency={currency} /> },
    { head: "Used", number: true, cell: ({ used, total_max, currency, uses }) => (
      <span><Money value={used} /> {total_max !== null && <>of <Money value={total_max} /></>} <small className="unit">{currency}</small> <span className="soft small">{uses} {uses === 1 ? "order" : "orders"}</span></span>
    ) },
    { head: "Ends", cell: (row) => <Ends row={row} /> },
    { head: "Given by", cell: ({ by, at, why }) => <span>{by}, <When at={at} /><br /><q className="soft small">{why}</q></span> },
    ...(mayGive ? [{ head: "Do", number: true, cell: (row: PreapprovalRow) => !row.over && <Button onClick={() => setRevoking(row)} aria-label={`Revoke what ${row.agent} may open`}>Revoke</Button> }] : []),
  ];
  return (
    <Section title="Confirmed ahead of time" flush actions={
      <span className="row">
        <label className="approvals-choose small"><input type="checkbox" checked={all} onChange={(event) => setAll(event.target.checked)} />Those that are over, too</label>
        {mayGive && <Button onClick={() => setGiving(true)}>Preapprove…</Button>}
      </span>
    }>
      <Asked of={asked} none="Nothing is confirmed ahead of time: every order that asks for people waits for one.">
        {({ items }) => <Table label="Confirmed ahead of time" columns={columns} rows={items} keyOf={({ preapproval }) => preapproval} />}
      </Asked>
      {giving && <Preapprove onClose={() => setGiving(false)} />}
      {revoking && <Revoke row={revoking} onClose={() => setRevoking(null)} />}
    </Section>
  );
}

function Ends({ row: { state, ends_at, ended_at, ended_by, ended_why } }: { row: PreapprovalRow }) {
  if (state === "in_force") return <span>in <Left until={ends_at} /></span>;
  const [word, tone] = STATES[state];
  return <span><Badge tone={tone}>{word}</Badge> {ended_at !== null && <span className="small"><When at={ended_at} /> by {ended_by}: <q>{ended_why}</q></span>}</span>;
}

function Revoke({ row: { preapproval, agent }, onClose }: { row: PreapprovalRow; onClose: () => void }) {
  const { act, busy, problem } = useAct("POST /v1/preapprovals/{preapproval}/revoke");
  const revoke = async (why: string): Promise<void> => {
    if (!await act({ preapproval }, { why })) return;
    toast(`From now on ${agent} asks again.`);
    onClose();
  };
  return (
    <Confirm open onClose={onClose} title="Revoke a preapproval" act="Revoke" tone="main" busy={busy} problem={problem} onConfirm={(why) => void revoke(why)}>
      <p>It ends at once: orders of {agent} that ask for people wait for them again. What went out by it stays out.</p>
    </Confirm>
  );
}
