// Exits: what each protects, where its legs stand now, and what may be done with it.

import { useState } from "react";
import { Link } from "wouter";
import type { ExitRow, LegShown } from "../../api/schema";
import { useAct } from "../../api/use";
import { Button } from "../../parts/Button";
import { Confirm } from "../../parts/Confirm";
import { Figure, Price } from "../../parts/Money";
import { Table, type Column } from "../../parts/Table";
import { toast } from "../../parts/Toast";
import { useMe } from "../halts/me";
import { ChangeExit } from "./ExitDialog";
import { mayTrade } from "./may";
import { Protection } from "./Protection";
import { nameOf, percentOf } from "./terms";

const COLUMNS: readonly Column<ExitRow>[] = [
  { head: "Exit", names: true, cell: ({ exit, instrument }) => <span className="positions-named"><Link href={`/positions/${encodeURIComponent(instrument)}`}>{instrument}</Link> <span className="soft small">{exit}</span></span> },
  { head: "Agent", cell: ({ agent, client }) => <span><Link href={`/agents/${encodeURIComponent(agent)}`}>{agent}</Link> {client && <span className="soft small">{client}</span>}</span> },
  { head: "Protects", number: true, cell: ({ protects, side }) => <span><Figure value={protects} /> <span className="soft small">{side === "sell" ? "long" : "short"}</span></span> },
  { head: "Terms", cell: (row) => <Terms of={row} /> },
  { head: "Price", number: true, cell: ({ last }) => <Price value={last} /> },
  { head: "How it stands", cell: ({ protection, order, tries }) => <span><Protection of={protection} /> <span className="soft small positions-order">{order && <Link href={`/orders/${encodeURIComponent(order)}`}>the order it came with</Link>}{tries > 0 ? ` try ${tries}` : ""}</span></span> },
];

export function Exits({ of }: { of: readonly ExitRow[] }) {
  const may = mayTrade(useMe());
  const columns = may ? [...COLUMNS, { head: "Actions", cell: (row: ExitRow) => <Acts exit={row} /> }] : COLUMNS;
  return <Table label="Every exit" columns={columns} rows={of} keyOf={({ exit }) => exit} />;
}

function Terms({ of: { legs, terms, triggered } }: { of: ExitRow }) {
  return (
    <ul className="plain positions-legs">
      {legs.map((leg) => <li key={leg.kind}>{nameOf(leg.kind)} {sayingOf(leg)}{triggered === leg.kind && <strong className="warn"> touched</strong>}</li>)}
      {terms.quantity && <li className="soft">{terms.quantity} at most</li>}
    </ul>
  );
}

/** Where a leg stands, and by what distance it follows. */
function sayingOf({ level, trigger, offset, offset_bps, activation }: LegShown) {
  if (trigger) return <>at <Price value={trigger} /></>;
  const distance = offset_bps == null ? (offset ?? "") : `${percentOf(offset_bps)} %`;
  if (level === null) return <>{distance}, not trailing yet{activation && <>: from <Price value={activation} /></>}</>;
  return <>{distance}, now at <Price value={level} /></>;
}

function Acts({ exit }: { exit: ExitRow }) {
  const [open, setOpen] = useState<"change" | "drop" | null>(null);
  const { act, busy, problem, forget } = useAct("DELETE /v1/exits/{exit}");
  const close = (): void => { forget(); setOpen(null); };
  const isClosing = exit.triggered !== "";
  const drop = async (): Promise<void> => {
    if (!(await act({ exit: exit.exit }))) return;
    toast(`${exit.exit} is gone: nobody watches ${exit.instrument} of ${exit.agent} by it.`);
    close();
  };
  return (
    <span className="row positions-acts">
      {!isClosing && <Button aria-label={`Change ${exit.exit}`} onClick={() => setOpen("change")}>Change…</Button>}
      <Button tone="quiet" aria-label={`Drop ${exit.exit}`} onClick={() => setOpen("drop")}>Drop…</Button>
      <ChangeExit exit={exit} open={open === "change"} onClose={close} />
      <Confirm open={open === "drop"} onClose={close} title={`Drop ${exit.exit}`} typed={exit.instrument} why={false} act="Drop the exit" busy={busy} problem={problem} onConfirm={() => void drop()}>
        <p>{exit.protects} {exit.instrument} of {exit.agent} {isClosing ? "are being closed by it now; what is left stays open" : "are watched by it no more"}. An agent may not drop an exit that bounds a loss; you may, as a person.</p>
      </Confirm>
    </span>
  );
}
