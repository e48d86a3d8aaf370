// What agents hold: one row for each stake, with what it cost, what it is worth, and whether somebody watches it.

import { useState } from "react";
import { Link } from "wouter";
import type { Position } from "../../api/schema";
import { sign } from "../../api/decimal";
import { Button } from "../../parts/Button";
import { Figure, Money, Price } from "../../parts/Money";
import { Table, type Column } from "../../parts/Table";
import { useMe } from "../halts/me";
import { ClosePosition } from "./Close";
import { ProtectPosition } from "./ExitDialog";
import { mayTrade } from "./may";
import { Protection } from "./Protection";

const agentOf = ({ subject }: Position): string => subject.replace(/^agent:/, "");

const COLUMNS: readonly Column<Position>[] = [
  { head: "Instrument", names: true, cell: ({ instrument }) => <Link href={`/positions/${encodeURIComponent(instrument)}`}>{instrument}</Link> },
  { head: "Agent", cell: (row) => <span><Link href={`/agents/${encodeURIComponent(agentOf(row))}`}>{agentOf(row)}</Link> <span className="soft small">{row.connection}</span></span> },
  { head: "Quantity", number: true, cell: ({ quantity }) => <Figure value={quantity} /> },
  { head: "Cost", number: true, cell: ({ cost_average }) => <Price value={cost_average} /> },
  { head: "Price", number: true, cell: ({ mark }) => <Price value={mark} /> },
  { head: "Value", number: true, cell: ({ value, currency }) => <Money value={value} currency={currency} /> },
  { head: "Profit", number: true, cell: ({ unrealised }) => <Money value={unrealised} signed /> },
  { head: "Protection", cell: ({ protection }) => <Protection of={protection} /> },
];

export function Holdings({ of }: { of: readonly Position[] }) {
  const may = mayTrade(useMe());
  const columns = may ? [...COLUMNS, { head: "Actions", cell: (row: Position) => <Acts position={row} /> }] : COLUMNS;
  return <Table label="What is held" columns={columns} rows={of} keyOf={({ subject, connection, instrument }) => `${subject} ${connection} ${instrument}`} />;
}

/** Stakes that are open, of agents. */
export const held = (positions: readonly Position[]): Position[] => positions.filter(({ quantity }) => sign(quantity) !== 0);

function Acts({ position }: { position: Position }) {
  const [open, setOpen] = useState<"close" | "protect" | null>(null);
  const of = { position, agent: agentOf(position), onClose: () => setOpen(null) };
  const named = `${position.instrument} of ${of.agent}`;
  return (
    <span className="row positions-acts">
      <Button aria-label={`Close ${named}`} onClick={() => setOpen("close")}>Close…</Button>
      {position.protection === "none" && <Button aria-label={`Protect ${named}`} onClick={() => setOpen("protect")}>Protect…</Button>}
      <ClosePosition {...of} open={open === "close"} />
      <ProtectPosition {...of} open={open === "protect"} />
    </span>
  );
}
