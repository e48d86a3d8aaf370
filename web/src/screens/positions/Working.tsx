// Orders at work: each can be cancelled, and all of one agent at once.

import { useState } from "react";
import { Link } from "wouter";
import { grouped } from "../../api/decimal";
import type { OrderRow } from "../../api/schema";
import { useAct } from "../../api/use";
import { Refused } from "../../parts/Asked";
import { Button } from "../../parts/Button";
import { Confirm } from "../../parts/Confirm";
import { Badge, type Tone } from "../../parts/Banner";
import { Figure, Money, Price } from "../../parts/Money";
import { Table, type Column } from "../../parts/Table";
import { toast } from "../../parts/Toast";
import { When } from "../../parts/When";
import { useMe } from "../halts/me";
import { mayTrade } from "./may";

const STATES: { [state: string]: [string, Tone] } = {
  held: ["Waits for people", "warn"], allowed: ["On its way", "main"], sent: ["On its way", "main"], acked: ["At the venue", "main"],
  partial: ["Partly filled", "main"], unknown: ["Outcome unknown", "bad"], pending_cancel: ["Being cancelled", "warn"], pending_replace: ["Being replaced", "warn"],
};

export const orderWords = ({ side, quantity, instrument }: Pick<OrderRow, "side" | "quantity" | "instrument">): string => `${side} ${grouped(quantity)} ${instrument}`;

const COLUMNS: readonly Column<OrderRow>[] = [
  { head: "Order", names: true, cell: (row) => <Link href={`/orders/${encodeURIComponent(row.order)}`}>{orderWords(row)}</Link> },
  { head: "Agent", cell: ({ agent, client, connection }) => <span><Link href={`/agents/${encodeURIComponent(agent)}`}>{agent}</Link> <span className="soft small">{client || connection}</span></span> },
  { head: "At", number: true, cell: ({ limit_price, type }) => (limit_price === null ? type : <Price value={limit_price} />) },
  { head: "Filled", number: true, cell: ({ filled }) => <Figure value={filled} /> },
  { head: "Worth", number: true, cell: ({ worth, currency }) => <Money value={worth} currency={currency} /> },
  { head: "State", cell: ({ state }) => { const [word, tone] = STATES[state] ?? [state, "plain"]; return <Badge tone={tone}>{word}</Badge>; } },
  { head: "Since", cell: ({ at }) => <When at={at} as="ago" /> },
];

export function Working({ of }: { of: readonly OrderRow[] }) {
  const may = mayTrade(useMe());
  const columns = may ? [...COLUMNS, { head: "Actions", cell: (row: OrderRow) => <CancelOne order={row} /> }] : COLUMNS;
  return (
    <>
      <Table label="Orders at work" columns={columns} rows={of} keyOf={({ order }) => order} />
      {may && <CancelAll of={of} />}
    </>
  );
}

/** A cancel always passes, takes nothing that is held, and needs no second thought. */
function CancelOne({ order }: { order: OrderRow }) {
  const { act, busy, problem } = useAct("POST /v1/orders/{order}/cancel");
  const cancel = async (): Promise<void> => {
    if (await act({ order: order.order })) toast(`${orderWords(order)} is being cancelled.`);
  };
  return (
    <span className="stack tight">
      <Button busy={busy || order.state === "pending_cancel"} onClick={() => void cancel()} aria-label={`Cancel ${orderWords(order)} of ${order.agent}`}>Cancel</Button>
      <Refused problem={problem} />
    </span>
  );
}

function CancelAll({ of }: { of: readonly OrderRow[] }) {
  const [agent, setAgent] = useState<string | null>(null);
  const agents = [...new Set(of.map((row) => row.agent))].sort();
  return (
    <div className="row positions-all">
      {agents.map((each) => <Button key={each} onClick={() => setAgent(each)}>Cancel all of {each}…</Button>)}
      <CancelAllOf agent={agent} onClose={() => setAgent(null)} />
    </div>
  );
}

export function CancelAllOf({ agent, onClose }: { agent: string | null; onClose: () => void }) {
  const { act, busy, problem, forget } = useAct("POST /v1/orders/cancel");
  const close = (): void => { forget(); onClose(); };
  const cancel = async (): Promise<void> => {
    const answer = await act({}, { agent });
    if (!answer) return;
    const over = answer.refused.length > 0 ? ` ${answer.refused.length} were over already, or refused it.` : "";
    toast(`Cancelling ${answer.asked.length} orders of ${agent ?? ""}.${over}`);
    close();
  };
  return (
    <Confirm open={agent !== null} onClose={close} title={`Cancel all orders of ${agent ?? ""}`} act="Cancel them all" why={false} busy={busy} problem={problem} onConfirm={() => void cancel()}>
      <p>Every order of {agent} that works or is held is cancelled. Its positions and exits stay as they are, and it may place new orders: to stop it, pause or halt it.</p>
    </Confirm>
  );
}
