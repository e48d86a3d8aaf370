// What waits for people, the largest first.

import { Link } from "wouter";
import type { Waiting } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Facts } from "../../parts/Facts";
import { Page } from "../../parts/Page";
import { ModeOf, people, terms, worst } from "./row";
import "./approvals.css";

export default function Approvals() {
  const asked = useAsked("GET /v1/approvals", {});
  return (
    <Page title="Approvals" lead="Orders that wait for people. Nothing of them leaves before you say so, and they lapse by themselves.">
      <Asked of={asked} none="Nothing waits for approval.">
        {({ items }) => <ul className="plain approvals-list">{items.map((row) => <li key={row.order}><Held row={row} /></li>)}</ul>}
      </Asked>
    </Page>
  );
}

function Held({ row }: { row: Waiting }) {
  return (
    <article className="section">
      <header className="row apart">
        <h2><Link href={`/approvals/${encodeURIComponent(row.order)}`}>{terms(row)}</Link></h2>
        <ModeOf row={row} />
      </header>
      <Facts of={[...worst(row), ["Agent", row.agent], ...people(row)]} />
    </article>
  );
}
