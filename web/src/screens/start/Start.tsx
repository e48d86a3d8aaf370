// The first run: limits, a paper account, an agent, and the first denial. Every step may be skipped and repeated.

import { useEffect, useState } from "react";
import { Link } from "wouter";
import type { MandateRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Page, Section } from "../../parts/Page";
import { subjectWords } from "../../words";
import { useMe } from "../halts/me";
import { AddAgent, type Made } from "./AddAgent";
import { Connect } from "./Connect";
import { Denial } from "./Denial";
import { Limits } from "./Limits";
import { Step } from "./Step";
import type { Picked } from "./useSetUp";
import "./start.css";

const FIRST: Picked = { preset: "starter", given: {} };

export default function Start() {
  const status = useAsked("GET /v1/status", {});
  return (
    <Page title="Start" lead="From nothing to a first decision, on paper: no real money moves in any of these steps.">
      <Asked of={status}>{() => <Steps />}</Asked>
    </Page>
  );
}

function Steps() {
  const mandates = useAsked("GET /v1/mandates", { limit: 1000 }).data?.items;
  const accounts = useAsked("GET /v1/accounts", { limit: 1000 }).data?.items ?? [];
  const connections = useAsked("GET /v1/connections", { limit: 1000 }).data?.items;
  const agents = useAsked("GET /v1/agents", { limit: 1000 }).data?.items;
  const denied = useAsked("GET /v1/orders", { state: "denied", limit: 1 }).data?.items;
  const [picked, setPicked] = useState(FIRST);
  const [chosen, setChosen] = useState(false);
  const paper = connections?.filter(({ venue }) => venue === "paper");
  const limited = mandates?.filter((row) => row.in_force) ?? [];
  const bare = mandates?.filter((row) => !row.in_force).map(({ subject }) => subject) ?? [];
  const isLimited = mandates && (accounts.length > 0 ? bare.length === 0 : chosen);
  const able = agents?.filter((agent) => agent.connections.length > 0 && agent.capabilities.includes("place_order"));
  const done = [isLimited, paper && paper.length > 0, able && able.length > 0, denied && denied.length > 0];
  const isKnown = done.every((each) => each !== undefined);
  const first = done.findIndex((each) => each === false);
  const [opened, setOpened] = useState<number | null>(null);
  // What is open stays open when it is done: a token that is shown once must not go by itself.
  useEffect(() => {
    if (isKnown) setOpened((before) => before ?? first);
  }, [isKnown, first]);
  const step = (at: number) => ({ number: at + 1, done: done[at], open: opened === at, onOpen: () => setOpened(at), onNext: () => setOpened(at + 1) });
  const [made, setMade] = useState<Made | null>(null);
  const isOperator = useMe().role === "operator";
  return (
    <>
      {!isOperator && <Banner tone="warn">An operator sets this up. You can look at every step; what you may not do is refused.</Banner>}
      <Step {...step(0)} title="Pick limits" there={limitsThere(limited, chosen ? picked.preset : "")}>
        <Limits picked={picked} onPicked={setPicked} bare={accounts.length > 0 ? bare : []} onDone={() => { setChosen(true); setOpened(1); }} />
      </Step>
      <Step {...step(1)} title="Connect paper" there={paper?.length ? `Connected: ${paper.map(({ name, account }) => `${name} of account ${account}`).join(", ")}.` : "Nothing is connected to the paper venue yet."}>
        <Connect picked={picked} onDone={() => setOpened(2)} />
      </Step>
      <Step {...step(2)} title="Add an agent" there={able?.length ? `May place orders: ${able.map(({ name }) => name).join(", ")}.` : "No agent may place orders yet."}>
        <AddAgent picked={picked} made={made} onMade={setMade} />
      </Step>
      <Step {...step(3)} title="See a denial" there={denied?.length ? "Orders were denied already." : "Send an order that is far too large, and see what stands in its way."}>
        <Denial />
      </Step>
      <Further all={isKnown && first < 0} />
    </>
  );
}

/** Who has limits, in a sentence; `chosen` is the preset that was picked for whoever comes. */
function limitsThere(limited: readonly MandateRow[], chosen: string): string {
  if (limited.length > 0) return `In force for ${limited.map(({ subject }) => subjectWords(subject)).join(", ")}.`;
  return chosen ? `Chosen: ${chosen}. Whatever you set up next gets it.` : "Nobody has limits yet, and without them everything is denied.";
}

function Further({ all }: { all: boolean }) {
  return (
    <Section title={all ? "All of it is done. Then" : "Then"}>
      <ul>
        <li><Link href="/safeguards">Look at every limit</Link>, and tighten what you like: that applies at once.</li>
        <li><Link href="/decisions">Watch what is decided</Link> as it happens.</li>
        <li><Link href="/approvals">Answer what waits</Link> for a person.</li>
        <li><Link href="/halts">Know where the kill switch is</Link> before you need it.</li>
      </ul>
    </Section>
  );
}
