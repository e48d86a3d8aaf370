// One agent: whether it can hurt you, what stops it and how that ends, and its three tables side by side.

import { useState } from "react";
import { Link } from "wouter";
import type { AgentRow, HaltRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Facts } from "../../parts/Facts";
import { Money } from "../../parts/Money";
import { Page, Section } from "../../parts/Page";
import { together } from "../decisions/lines";
import { Said } from "../decisions/Said";
import { causeWords, mayStop } from "../halts/causes";
import { HaltCard } from "../halts/HaltCard";
import { KillSwitch } from "../halts/KillSwitch";
import { useMe } from "../halts/me";
import { PauseCard } from "../halts/PauseCard";
import { StopDialog } from "../halts/StopDialog";
import { CancelAllOf } from "../positions/Working";
import { mayTrade } from "../positions/may";
import { Capabilities } from "./Capabilities";
import { Connections } from "./Connections";
import { Hurt } from "./Hurt";
import { Mandated } from "./Mandated";
import { Standing } from "./standing";
import "../halts/halts.css";
import "../positions/positions.css";
import "./agents.css";
import { whom } from "../../words";

const LINES = 12;

export default function Agent({ params: { agent } }: { params: { agent: string } }) {
  const asked = useAsked("GET /v1/agents/{agent}", { agent });
  const decisions = `/decisions?agent=${encodeURIComponent(agent)}`;
  return (
    <Page title={agent} lead={<><Link href="/agents">All agents</Link> · <Link href={decisions}>Its decisions and its timeline</Link></>} actions={<Acts agent={agent} live={asked.data?.orders_live ?? 0} />}>
      <Asked of={asked}>{(row) => <Shown agent={row} />}</Asked>
      <Lately agent={agent} href={decisions} />
    </Page>
  );
}

function Shown({ agent }: { agent: AgentRow }) {
  return (
    <>
      <Stopped agent={agent} />
      <Hurt agent={agent} />
      <div className="grid agents-tables">
        <Capabilities agent={agent.name} />
        <Connections agent={agent} />
        <Mandated agent={agent.name} />
      </div>
      <Section title="How it did">
        <Facts of={[
          ["Stands", <Standing of={agent} />], ["Account", agent.account], ["Owner", agent.owner],
          ["Today", <Money value={agent.pnl_today} currency={agent.currency} signed />], ["In all", <Money value={agent.pnl} currency={agent.currency} signed />],
          ["Orders today", agent.orders_today], ["Orders at work", <Link href="/positions">{agent.orders_live}</Link>], ["Positions", <Link href="/positions">{agent.positions}</Link>],
          ["Clients", agent.clients.join(", ")],
        ]} />
      </Section>
    </>
  );
}

function Acts({ agent, live }: { agent: string; live: number }) {
  const [open, setOpen] = useState<"stop" | "cancel" | null>(null);
  const me = useMe();
  const subject = `agent:${agent}`;
  return (
    <>
      {mayTrade(me) && live > 0 && <Button onClick={() => setOpen("cancel")}>Cancel its orders…</Button>}
      {mayStop(me) && <Button onClick={() => setOpen("stop")}>Pause or halt…</Button>}
      <KillSwitch subject={subject}>Kill…</KillSwitch>
      <StopDialog key={subject} open={open === "stop"} onClose={() => setOpen(null)} subject={subject} />
      <CancelAllOf agent={open === "cancel" ? agent : null} onClose={() => setOpen(null)} />
    </>
  );
}

/** What stops it, each with what ends it; nothing where nothing does. A halt is reviewed before it is resumed. */
function Stopped({ agent: { halted, paused } }: { agent: AgentRow }) {
  const halts = useAsked("GET /v1/halts", { limit: 1000 }, { when: halted.length > 0 });
  const pauses = useAsked("GET /v1/pauses", { limit: 1000 }, { when: paused.length > 0 });
  if (halted.length + paused.length === 0) return null;
  return (
    <Section title="What stops it">
      {halted.length > 0 && (
        <Asked of={halts}>
          {({ items }) => <ul className="plain stack halts-cards">{items.filter(({ id }) => halted.includes(id)).map((halt) => <li key={halt.id}>{OF_BOOK.includes(halt.cause) ? <OfBook halt={halt} /> : <HaltCard halt={halt} />}</li>)}</ul>}
        </Asked>
      )}
      {paused.length > 0 && (
        <Asked of={pauses}>
          {({ items }) => <ul className="plain stack halts-cards">{items.filter(({ subject }) => paused.includes(subject)).map((pause) => <li key={pause.subject}><PauseCard pause={pause} /></li>)}</ul>}
        </Asked>
      )}
    </Section>
  );
}

const OF_BOOK = ["drift", "unknown"];

/** What a book and its venue do not agree on is decided beside the numbers of both. */
function OfBook({ halt }: { halt: HaltRow }) {
  return <p><Badge tone="bad">Halted</Badge> <strong>{whom(halt.subject)}.</strong> {causeWords(halt)}. <Link href="/halts">Decide it beside the book and the venue</Link></p>;
}

/** What it thought and asked last, and what was decided. */
function Lately({ agent, href }: { agent: string; href: string }) {
  const asked = useAsked("GET /v1/journal", { agent, latest: true, looks: false, limit: LINES });
  return (
    <Section title="Lately" actions={<Link href={href}>All of it</Link>} flush>
      <Asked of={asked} none="It did nothing yet.">
        {({ items }) => <ol className="plain agents-lines">{together(items).map((line) => <li key={line.id}><Said line={line} /></li>)}</ol>}
      </Asked>
    </Section>
  );
}
