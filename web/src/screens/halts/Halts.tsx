// What stops trading and what ends it, and whether the book and the venues agree.

import { useState } from "react";
import type { HaltRow, PauseRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Page, Section } from "../../parts/Page";
import { Venues } from "./Venues";
import { mayStop } from "./causes";
import { HaltCard } from "./HaltCard";
import { History } from "./History";
import { KillSwitch } from "./KillSwitch";
import { useMe } from "./me";
import { PauseCard } from "./PauseCard";
import { StopDialog } from "./StopDialog";
import "./halts.css";

export default function Halts() {
  const [isStopping, setStopping] = useState(false);
  const may = mayStop(useMe());
  const actions = may && <><Button onClick={() => setStopping(true)}>Pause or halt…</Button><KillSwitch /></>;
  return (
    <Page title="Halts" lead="What stops trading, why, and what ends it. And whether book and venues agree." actions={actions}>
      <InForce />
      <Venues />
      <History />
      <StopDialog open={isStopping} onClose={() => setStopping(false)} />
    </Page>
  );
}

function InForce() {
  const halts = useAsked("GET /v1/halts", {});
  const pauses = useAsked("GET /v1/pauses", {});
  const paused = pauses.data?.items ?? [];
  return (
    <Section title="In force">
      <Asked of={halts} empty={({ items }) => items.length + paused.length === 0} none={<><Badge tone="good">Nothing stops trading</Badge> No halt, kill or pause is in force.</>}>
        {({ items }) => <Cards halts={items} pauses={paused} />}
      </Asked>
      {pauses.error && <Asked of={pauses}>{() => null}</Asked>}
    </Section>
  );
}

function Cards({ halts, pauses }: { halts: readonly HaltRow[]; pauses: readonly PauseRow[] }) {
  return (
    <ul className="plain stack halts-cards">
      {halts.map((halt) => <li key={halt.id}><HaltCard halt={halt} /></li>)}
      {pauses.map((pause) => <li key={pause.subject}><PauseCard pause={pause} /></li>)}
    </ul>
  );
}
