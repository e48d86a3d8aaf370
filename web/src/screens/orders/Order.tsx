// One order: what was asked and by whom, what was decided and why, its life with every entry's proof, and the thought behind it.

import { useState } from "react";
import { Link } from "wouter";
import { grouped } from "../../api/decimal";
import type { OrderShown } from "../../api/schema";
import { session } from "../../api/session";
import { useShared } from "../../api/shared";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge, type Tone } from "../../parts/Banner";
import { Download } from "../../parts/Download";
import { Facts } from "../../parts/Facts";
import { Figure, Money, Price } from "../../parts/Money";
import { Page, Section } from "../../parts/Page";
import { When } from "../../parts/When";
import { exitWords, words } from "../../words";
import { Text } from "../decisions/Said";
import { Decision } from "./Decision";
import { Life } from "./Life";
import "./orders.css";

const SEES_ALL = ["operator", "approver", "compliance", "auditor"];

export default function Order({ params: { order } }: { params: { order: string } }) {
  const asked = useAsked("GET /v1/orders/{order}/why", { order });
  const row = asked.data;
  const title = row ? `${row.side === "buy" ? "Buy" : "Sell"} ${grouped(row.quantity)} ${row.instrument}` : `Order ${order}`;
  return (
    <Page title={title} lead={row && <>Order <code>{order}</code> of <Link href={`/agents/${encodeURIComponent(row.agent)}`}>{row.agent}</Link>. <Link href={`/decisions?agent=${encodeURIComponent(row.agent)}`}>All that was decided of {row.agent}</Link></>} actions={row && <State of={row} />}>
      <Asked of={asked}>{(found) => <Shown row={found} />}</Asked>
    </Page>
  );
}

function Shown({ row }: { row: OrderShown }) {
  const { me } = useShared(session);
  return (
    <div className="order">
      <div className="stack">
        <Decision row={row} />
        <Life order={row.order} isComplete={row.complete !== false} />
      </div>
      <div className="stack">
        <Section title="What was asked"><Facts of={terms(row)} /></Section>
        <Exits row={row} />
        {row.thought && <Thought row={row} digest={row.thought} />}
        {SEES_ALL.includes(me?.role ?? "") && (
          <Section title="Evidence">
            <p>All that the journal holds of this order, for somebody who was not there: records, a receipt for each, the mandates, and the program that checks them.</p>
            <div><Download call="GET /v1/evidence/{of}" params={{ of: row.order }} name={`${row.order}-evidence.zip`}>Download the evidence</Download></div>
          </Section>
        )}
      </div>
    </div>
  );
}

const STATES: { [state: string]: Tone } = {
  filled: "good", acked: "main", sent: "main", partial: "main", allowed: "main", held: "warn", denied: "bad", rejected: "bad", unknown: "bad",
};

const SAID: { [state: string]: string } = { acked: "At the venue", sent: "On its way", allowed: "On its way", held: "Waits for people", partial: "Partly filled", unknown: "Outcome unknown" };

const State = ({ of: { state } }: { of: OrderShown }) => <Badge tone={STATES[state] ?? "plain"}>{SAID[state] ?? words(state)}</Badge>;

const DOORS: { [door: string]: string } = { http: "through the HTTP door", mcp: "through MCP", cli: "on the command line", agents: "by its own program" };

const askedBy = ({ role, name, door }: OrderShown["by"]): string =>
  role === "guard" ? "the guard itself" : [`${role} ${name}`, door && (DOORS[door] ?? `through the door ${door}`)].filter(Boolean).join(", ");

function terms(row: OrderShown) {
  const { by, agent, client, connection, type, limit_price, worst_price, time_in_force, paid_average, filled, quantity, at, intent, opening, closes } = row;
  return [
    ["Asked by", askedBy(by)], ["Agent", agent], ["Client", client], ["At", <When at={at} as="dated" />],
    ["Connection", connection], ["Type", `${type}, ${time_in_force}`], ["Limit price", limit_price && <Figure value={limit_price} />],
    ["Worst price", <Figure value={worst_price} />], ["Does", opening ? "opens or adds" : "reduces what is held"], ["Filled", <><Figure value={filled} /> of <Figure value={quantity} /></>],
    ["Paid on average", paid_average && <Price value={paid_average} />], ["Still worth at most", row.worth !== "0" && row.verdict !== "deny" && <Money value={row.worth} currency={row.currency} />],
    ["Closes for", closes], ["Own id", <code>{intent}</code>],
  ] as const;
}

/** The exit that the order brings, and those that stand behind what it opened. */
function Exits({ row: { exit, order, agent, instrument } }: { row: OrderShown }) {
  const asked = useAsked("GET /v1/exits", { agent, instrument });
  const own = (asked.data?.items ?? []).filter((one) => one.order === order || one.exit === order);
  if (!exit && own.length === 0) return null;
  return (
    <Section title="Exits">
      {exit && <p>It brings: {exitWords(exit)}.</p>}
      <ul className="plain lines">
        {own.map((one) => <li key={one.exit}><Badge tone="main">{words(one.state)}</Badge> <span>{exitWords(one.says)}</span> <span className="soft small">{one.exit}</span></li>)}
      </ul>
      {exit && own.length === 0 && asked.data && <p className="soft">None of it stands now.</p>}
    </Section>
  );
}

function Thought({ row: { order, agent, client }, digest }: { row: OrderShown; digest: string }) {
  const [open, setOpen] = useState(true);
  const seq = Number(order.slice(order.lastIndexOf("-") + 1));
  return (
    <Section title="The thought behind it" actions={<button type="button" className="rule-link" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? "Hide" : "Show"}</button>}>
      {open && <Text digest={digest} seq={seq} by={client || agent} />}
    </Section>
  );
}
