// The first denial: an order on paper that is far too large, judged as every order is, and why it was denied.

import { useState } from "react";
import { Link } from "wouter";
import type { AgentRow, Explained, InstrumentRow, OrderShown, PlaceOrder, RuleRow } from "../../api/schema";
import { useAct, useAsked } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Choice } from "../../parts/Field";
import { Figure } from "../../parts/Money";
import { Sentence, Verdict } from "../../parts/Verdict";
import { ruleOf, useRules } from "../limits/asking";
import { PRACTICE, PRICE, usePractice } from "./practice";

/** More than any preset lets through, and than anybody owns. */
const QUANTITY = "1000000";
const SHOWN = 4;

export function Denial() {
  const agents = useAsked("GET /v1/agents", { limit: 1000 });
  const connections = useAsked("GET /v1/connections", { limit: 1000 }).data?.items ?? [];
  const onPaper = connections.filter(({ venue, environment }) => venue === "paper" && environment === "training").map(({ name }) => name);
  const isAble = (agent: AgentRow): boolean => agent.connections.some((name) => onPaper.includes(name));
  return (
    <>
      <p>Nothing teaches a limit like the order that hits it. This one is tried first, and sent only when it is sure to be denied: it goes to nobody, and stands in the journal as a refusal of that agent.</p>
      <Asked of={agents} empty={({ items }) => !items.some(isAble)} none="Add an agent on paper first.">
        {({ items }) => <Try agents={items.filter(isAble)} onPaper={onPaper} />}
      </Asked>
    </>
  );
}

function Try({ agents, onPaper }: { agents: readonly AgentRow[]; onPaper: readonly string[] }) {
  const [chosen, setChosen] = useState("");
  const agent = agents.find(({ name }) => name === chosen) ?? agents[0];
  const instruments = useAsked("GET /v1/instruments", { venue: "paper", limit: 1000 });
  const known = instruments.data?.items.find(({ last }) => last !== null) ?? instruments.data?.items[0];
  const { send, busy, problem, order, other } = useSending();
  if (!agent) return null;
  const through = agent.connections.find((name) => onPaper.includes(name)) ?? null;
  const press = (): void => void send({ instrument: known?.name ?? PRACTICE, side: "buy", quantity: QUANTITY, agent: agent.name, connection: through, confidence: "1" }, known);
  return (
    <div className="stack">
      <div className="start-form"><Choice label="In the name of" of={agents.map(({ name }) => [name, name] as const)} value={agent.name} onChange={(event) => setChosen(event.target.value)} /></div>
      <p>
        Buy <strong><Figure value={QUANTITY} /></strong> of <strong>{known?.name ?? PRACTICE}</strong> for {agent.name}
        {known?.last ? <>, at about <Figure value={known.last} unit={known.currency} /> each</> : ""}.
        {instruments.data && !known && <> There is no instrument yet: {PRACTICE} is added for this, with a price of {PRICE} that you give.</>}
      </p>
      <Refused problem={problem} />
      {other && <Banner tone="warn" role="status">It would not be denied but {other === "hold" ? "held for a person" : "allowed"}, so it was not sent. Publish limits first, under Pick limits.</Banner>}
      <div className="row"><Button tone="main" busy={busy || instruments.data === undefined} onClick={press}>{order ? "Send it again" : "Send an order that is far too large"}</Button></div>
      {order && <Why order={order} />}
    </div>
  );
}

/** Try it, and send it only where the answer is a denial. */
function useSending() {
  const placing = useAct("POST /v1/orders");
  const practice = usePractice();
  const [order, setOrder] = useState<string | null>(null);
  const [other, setOther] = useState<"allow" | "hold" | null>(null);
  const send = async (body: PlaceOrder, known: InstrumentRow | undefined): Promise<void> => {
    setOther(null);
    if (body.instrument === PRACTICE && !(await practice.price(known))) return; // nobody else brings one
    const tried = await placing.act({ preview: "true" }, body);
    if (!tried) return;
    if (tried.verdict !== "deny") return setOther(tried.verdict);
    const sent = await placing.act({}, body);
    if (sent?.order) setOrder(sent.order);
  };
  return { send, order, other, busy: placing.busy || practice.busy, problem: placing.problem ?? practice.problem };
}

function Why({ order }: { order: string }) {
  const asked = useAsked("GET /v1/orders/{order}/why", { order });
  const rules = useRules();
  return <Asked of={asked}>{(shown) => <Asked of={rules}>{({ items }) => <Told of={shown} rules={items} />}</Asked>}</Asked>;
}

/** Every rule that did not hold; a denial names them all, not the first alone. What people set stands first. */
function Told({ of: { order, verdict, findings = [], worth, currency }, rules }: { of: OrderShown; rules: readonly RuleRow[] }) {
  const isLimit = ({ rule, actual }: Explained): boolean => ruleOf(rules, rule)?.kind === "limit" && !actual.startsWith("missing");
  const sorted = [...findings].sort((one, other) => Number(isLimit(other)) - Number(isLimit(one)));
  const rest = sorted.length - SHOWN;
  return (
    <div className="start-why stack" role="status">
      <p className="row"><Verdict of={verdict} /> <span>Worth <Figure value={worth} unit={currency} places={2} />. {sorted.length === 1 ? "One rule stands" : `${sorted.length} rules stand`} in its way:</span></p>
      <ol>{sorted.slice(0, SHOWN).map((finding) => <li key={`${finding.rule} ${finding.subject}`}><Sentence finding={finding} /></li>)}</ol>
      <p>{rest > 0 && `And ${rest} more. `}<Link href={`/orders/${encodeURIComponent(order)}`}>See its whole story</Link>: the decision, who asked, and its proof.</p>
    </div>
  );
}
