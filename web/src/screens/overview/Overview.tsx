// The first screen: is anything wrong, what waits for me, how near is each limit, and what happens now.

import { Link } from "wouter";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Gauge } from "../../parts/Gauge";
import { Page, Section } from "../../parts/Page";
import { subjectWords } from "../../words";
import { KillSwitch } from "../halts/KillSwitch";
import { Accounts } from "./Accounts";
import { Decisions } from "./Decisions";
import { FirstRun } from "./FirstRun";
import { Waits } from "./Waits";
import { Well } from "./Well";
import "./overview.css";

const FULLEST = 8;

export default function Overview() {
  return (
    <Page title="Overview" lead="What your agents may do, what they did, and what waits for you." actions={<KillSwitch />}>
      <FirstRun />
      <Accounts />
      <div className="halves">
        <div className="stack">
          <Waits />
          <Limits />
        </div>
        <div className="stack">
          <Well />
          <Decisions />
        </div>
      </div>
    </Page>
  );
}

/** The limits that are used most. */
function Limits() {
  const asked = useAsked("GET /v1/exposure", {});
  return (
    <Section title="Limits used most" actions={<Link href="/safeguards">All safeguards</Link>}>
      <Asked of={asked} empty={({ gauges }) => gauges.every(({ percent }) => percent === null)} none="No limit is used yet.">
        {({ gauges, without_mandate }) => (
          <>
            {without_mandate.length > 0 && <p className="bad">Without a mandate, so everything of theirs is denied: {without_mandate.map(subjectWords).join(", ")}.</p>}
            <ul className="plain stack">
              {gauges.filter(({ percent, missing }) => percent !== null || missing).slice(0, FULLEST).map((limit) => (
                <li key={`${limit.subject} ${limit.rule} ${limit.of}`}><Gauge limit={limit} /></li>
              ))}
            </ul>
          </>
        )}
      </Asked>
    </Section>
  );
}
