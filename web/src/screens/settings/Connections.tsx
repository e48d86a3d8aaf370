// Connections: whether each is ready to open or what is missing, and how far its book and its venue may differ.

import { useState } from "react";
import { Link } from "wouter";
import type { ConnectionRow, Reconciled, Tolerance } from "../../api/schema";
import { sentence } from "../../api/problem";
import { duration } from "../../api/time";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Command } from "../../parts/Command";
import { Facts } from "../../parts/Facts";
import { Money } from "../../parts/Money";
import { Section } from "../../parts/Page";
import { When } from "../../parts/When";
import { useMay } from "./may";
import { AddConnection } from "./AddConnection";
import { ToleranceDialog } from "./ToleranceDialog";

export function Connections() {
  const asked = useAsked("GET /v1/connections", { limit: 1000 });
  const reconciled = useAsked("GET /v1/reconcile", { limit: 1000 });
  const agents = useAsked("GET /v1/agents", { limit: 1000 });
  const may = useMay();
  const [adding, setAdding] = useState(false);
  return (
    <>
      <Asked of={asked} none="Nothing is connected, so that no order can go anywhere.">
        {({ items }) => (
          <div className="halves">
            {items.map((row) => <One key={row.name} row={row} users={agents.data?.items.filter(({ connections }) => connections.includes(row.name)).map(({ name }) => name) ?? []} agreed={reconciled.data?.items.find(({ connection }) => connection === row.name)} />)}
          </div>
        )}
      </Asked>
      {may.setUp && (
        <Section title="Another connection">
          <p>The paper venue is the one that this release speaks to: orders fill at real prices with play money.</p>
          <div><Button onClick={() => setAdding(true)}>Connect an account…</Button></div>
        </Section>
      )}
      {adding && <AddConnection taken={asked.data?.items ?? []} onClose={() => setAdding(false)} />}
    </>
  );
}

function One({ row, users, agreed }: { row: ConnectionRow; users: readonly string[]; agreed: Reconciled | undefined }) {
  const [isOpen, setOpen] = useState(false);
  const may = useMay();
  const { name, account, venue, environment, fee_bps, ready, why, clock_skew_ms, dead_man } = row;
  return (
    <Section title={name} actions={
      <span className="row">
        <Badge tone={environment === "live" ? "bad" : "main"}>{environment}</Badge>
        <Badge tone={ready ? "good" : "bad"}>{ready ? "Ready" : "Not ready"}</Badge>
      </span>
    }>
      {!ready && <p className="bad">{sentence(why)} Nothing opens through it meanwhile. <Link href="/halts">Book and venue</Link></p>}
      <Facts of={[
        ["Account", account], ["Venue", venue], ["Fees", fee_bps ? `${fee_bps} bps` : ""],
        ["Reconciled", agreed?.reconciled_at ? <When at={agreed.reconciled_at} as="ago" /> : agreed && "not yet"],
        ["Differences", agreed && agreed.drifts.length > 0 && <span className="warn">{agreed.drifts.length}</span>],
        ["Its clock", clock_skew_ms ? `${clock_skew_ms} ms from ours` : "as ours"],
        ["If Remit falls silent", dead_man],
      ]} />
      {may.setUp && (
        <details>
          <summary>Its keys at the venue</summary>
          <div className="stack tight settings-key">
            <p className="small">Each agent has a key of its own here, and the connection one. None passes through this page: they are exchanged on the machine, while everything runs.</p>
            {["", ...users].map((agent) => <Command key={agent} label={`Exchange the key of ${agent || name}`} lines={[`remit vault rotate ${name}${agent && ` --agent ${agent}`} --why "a new key"`]} />)}
            <p className="small soft">The new key speaks at once. Decisions shows the exchange under Access{venue === "paper" ? "; the paper venue forgets the old one by itself" : "; then revoke the old one at the venue"}.</p>
          </div>
        </details>
      )}
      {agreed && (
        <>
          <h3>How book and venue may differ</h3>
          <Facts of={bounds(agreed.tolerance)} />
          {may.setUp && <div><Button onClick={() => setOpen(true)}>Change…</Button></div>}
          {isOpen && <ToleranceDialog connection={name} tolerance={agreed.tolerance} onClose={() => setOpen(false)} />}
        </>
      )}
    </Section>
  );
}

const bounds = ({ floor, share_bps, rounds, window_s, silent_rounds, unknown_age_max_s, unknown_count_max }: Tolerance) => [
  ["Small is", <>below {share_bps} bps of the larger side, and worth less than <Money value={floor} /></>],
  ["Small halts", `after ${rounds} rounds in a row; what is larger halts at once`],
  ["Reports in transit", duration(window_s ?? 0)],
  ["Orders of unknown state", `up to ${unknown_count_max}, for ${duration(unknown_age_max_s ?? 0)}`],
  ["Silent rounds", `${silent_rounds}, then nothing opens`],
] as const;
