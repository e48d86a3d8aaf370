// Every agent: how it stands, what it has under way, and how it did.

import { Link } from "wouter";
import type { AgentRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Money } from "../../parts/Money";
import { Page, Section } from "../../parts/Page";
import { Table, type Column } from "../../parts/Table";
import { Standing } from "./standing";
import "./agents.css";

const MOST = 1000;

const COLUMNS: readonly Column<AgentRow>[] = [
  { head: "Agent", names: true, cell: ({ name }) => <Link href={`/agents/${encodeURIComponent(name)}`}>{name}</Link> },
  { head: "Stands", cell: (row) => <Standing of={row} /> },
  { head: "Account", cell: ({ account, owner }) => <span>{account} <span className="soft small">{owner}</span></span> },
  { head: "Connections", cell: ({ connections }) => connections.join(", ") || <span className="soft">none</span> },
  { head: "Positions", number: true, cell: ({ positions }) => positions },
  { head: "At work", number: true, cell: ({ orders_live }) => orders_live },
  { head: "Orders today", number: true, cell: ({ orders_today }) => orders_today },
  { head: "Today", number: true, cell: ({ pnl_today, currency }) => <Money value={pnl_today} currency={currency} signed /> },
  { head: "In all", number: true, cell: ({ pnl }) => <Money value={pnl} signed /> },
];

export default function Agents() {
  const asked = useAsked("GET /v1/agents", { limit: MOST });
  return (
    <Page title="Agents" lead="Who trades for you, and how each stands. Choose one to see whether it can hurt you.">
      <Section title="All agents" flush>
        <Asked of={asked} none={<>No agent yet. <Link href="/start">The guided start</Link> adds one.</>}>
          {({ items }) => <Table label="Agents and how they stand" columns={COLUMNS} rows={items} keyOf={({ name }) => name} />}
        </Asked>
      </Section>
    </Page>
  );
}
