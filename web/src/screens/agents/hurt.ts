// Can this agent hurt me? Put together of what the API tells and of nothing else: which orders of it could reach a broker now,
// what stops them, and what is out there already. Each point names the fact that it was read from.

import type { AgentRow, Effective, Gauge, HaltRow, MandateRow, OrderRow, PauseRow, Position, Status } from "../../api/schema";
import { brief, isDecimal, sum } from "../../api/decimal";
import { subjectWords, unitWords, whom, words } from "../../words";
import { causeWords } from "../halts/causes";

export interface Facts {
  agent: AgentRow;
  status: Status;
  effective: Effective;
  /** Its own limits with their use. */
  gauges: readonly Gauge[];
  mandates: readonly MandateRow[];
  /** Its orders that live, and what it holds. */
  orders: readonly OrderRow[];
  positions: readonly Position[];
}

/** One plain sentence, the fact behind it, and where that fact is shown. */
export interface Point {
  says: string;
  fact: string;
  to?: string;
}
/** How far the stop reaches: everything that is new, or what adds risk. */
export interface Stop extends Point {
  all: boolean;
}
export type Verdict = "nothing" | "reducing" | "training" | "real";

export interface Answer {
  verdict: Verdict;
  says: string;
  stops: readonly Stop[];
  /** Each connection that it was granted, and what of it. */
  ways: readonly (Point & { open: boolean })[];
  out: readonly Point[];
  /** What no limit bounds. */
  gaps: readonly Point[];
}

const REDUCING = ["loss", "clock"]; // halts under which its own order passes where it provably reduces
const WAITS = ["held", "allowed"]; // orders that no broker has yet

export function answerOf(facts: Facts): Answer {
  const stops = stopsOf(facts);
  const ways = waysOf(facts);
  const verdict = verdictOf(facts, stops, ways);
  const reached = ways.filter(({ open }) => open).map(({ name }) => name);
  return { verdict, says: headOf(facts.agent.name, verdict, reached), stops, ways: [...ways, ...doubted(facts.status)], out: outOf(facts), gaps: gapsOf(facts) };
}

function verdictOf({ status, agent }: Facts, stops: readonly Stop[], ways: readonly Way[]): Verdict {
  if (agent.connections.length === 0 || stops.some(({ all }) => all) || ways.every(({ shut }) => shut)) return "nothing";
  const open = ways.filter((way) => way.open);
  if (stops.length > 0 || open.length === 0) return "reducing";
  return open.some(({ name }) => status.connections.find((one) => one.name === name)?.environment !== "training") ? "real" : "training";
}

function headOf(name: string, verdict: Verdict, ways: readonly string[]): string {
  const list = ways.join(" and ");
  switch (verdict) {
    case "nothing": return `No. No new order of ${name} can reach a broker now.`;
    case "reducing": return `Hardly. Nothing of ${name} that adds risk can reach a broker now; only what provably reduces could.`;
    case "training": return `Not with real money. Orders of ${name} that keep within its limits reach ${list}, where it is training.`;
    case "real": return `Yes, within its limits. Orders of ${name} reach ${list}, with real money.`;
  }
}

// What stops it everywhere

function stopsOf(facts: Facts): Stop[] {
  const { agent, status, effective } = facts;
  const path = effective.path;
  return [
    ...switchedOff(facts),
    ...status.pauses.filter(({ subject }) => path.includes(subject)).map(paused),
    ...status.halts.filter(({ subject }) => path.includes(subject)).map(halted),
    ...effective.missing.map((subject) => ({ all: true, says: `${whom(subject)} has no mandate, so every order is denied.`, fact: "mandate_present", to: `/mandates/${encodeURIComponent(subject)}` })),
    ...lapsed(facts),
    ...exhausted(facts),
    ...(isBlind(status) ? [{ all: false, says: "No price is to be trusted now, so nothing opens in any instrument.", fact: "mark_fresh", to: "/" }] : []),
    ...(agent.connections.length === 0 ? [{ all: true, says: "No connection is granted to it, so it reaches no broker at all.", fact: "grants" }] : []),
  ];
}

function switchedOff({ agent: { capabilities }, orders }: Facts): Stop[] {
  if (capabilities.includes("place_order")) return [];
  const mayChange = capabilities.includes("replace_order") && orders.length > 0;
  const rest = mayChange ? " It may still change those that work." : "";
  return [{ all: !mayChange, says: `It may place no orders: that is switched off.${rest}`, fact: "capability place_order" }];
}

const paused = ({ subject, by }: PauseRow): Stop => ({ all: true, says: `${whom(subject)} is paused, by ${by}.`, fact: `pause of ${subject}`, to: "/halts" });

function halted(halt: HaltRow): Stop {
  const passes = REDUCING.includes(halt.cause);
  return { all: !passes, says: `${whom(halt.subject)} is halted. ${causeWords(halt)}.${passes ? " What provably reduces still passes." : ""}`, fact: `halt ${halt.id}`, to: "/halts" };
}

function lapsed({ mandates, effective: { path, missing } }: Facts): Stop[] {
  const over = mandates.filter(({ subject, in_force }) => path.includes(subject) && !missing.includes(subject) && !in_force);
  return over.map(({ subject }) => ({ all: true, says: `The mandate of ${subjectWords(subject)} is not in force any more, so every order is denied.`, fact: "mandate_present", to: `/mandates/${encodeURIComponent(subject)}` }));
}

/** Limits in all that are exceeded: whatever would add to them is denied. */
function exhausted({ status, effective: { path }, gauges }: Facts): Stop[] {
  const over = status.levels.filter(({ subject, level, per }) => level === "over" && per === "total" && path.includes(subject));
  return over.map(({ rule, subject }) => ({
    all: false, says: `${words(rule)}: ${used(gauges.find((row) => row.rule === rule && row.subject === subject))}, so nothing that adds to it passes.`,
    fact: `${rule} of ${subject}`, to: `/mandates/${encodeURIComponent(subject)}`,
  }));
}

function used(gauge: Gauge | undefined): string {
  if (!gauge || gauge.used === null) return "exceeded";
  const out = isDecimal(gauge.used) && gauge.reserved !== null && isDecimal(gauge.reserved) ? sum([gauge.used, gauge.reserved]) : gauge.used; // what is reserved counts in full
  return `${brief(out)} of ${brief(gauge.limit)} ${unitWords(gauge.unit)}`.trimEnd();
}

// Connection by connection

interface Way extends Point {
  name: string;
  /** Whether an order that adds risk could go out by it. */
  open: boolean;
  /** Whether nothing new at all could. */
  shut: boolean;
}

function waysOf({ agent, status }: Facts): Way[] {
  return agent.connections.map((name) => wayOf(name, agent, status));
}

function wayOf(name: string, agent: AgentRow, status: Status): Way {
  const found = status.connections.find((one) => one.name === name);
  const base = { name, fact: `grant of ${name}`, open: false, shut: false };
  if (!found) return { ...base, says: `${name}: nothing is known of it now.`, shut: true };
  const { environment, venue } = found;
  const money = environment === "training" ? "training, no real money" : "real money";
  const here = `${name} (${venue}, ${money})`;
  if (found.account !== agent.account) return { ...base, shut: true, says: `${here}: it belongs to account ${found.account}, so nothing passes.`, fact: "connection_granted" };
  const of = [`connection:${name}`, `venue:${venue}`];
  const pause = status.pauses.find(({ subject }) => of.includes(subject));
  const halt = status.halts.find(({ subject }) => of.includes(subject));
  if (pause) return { ...base, shut: true, says: `${here}: paused by ${pause.by}.`, fact: `pause of ${pause.subject}`, to: "/halts" };
  if (halt) return { ...base, shut: !REDUCING.includes(halt.cause), says: `${here}: halted. ${causeWords(halt)}.`, fact: `halt ${halt.id}`, to: "/halts" };
  return found.ready ? { ...base, open: true, says: `${here}: ready.` } : { ...base, says: `${here}: not ready to open, ${found.why || "for no reason that is told"}.`, fact: "venue_ready", to: "/halts" };
}

const isBlind = ({ unfit, instruments }: Status): boolean => instruments > 0 && unfit.length >= instruments;

/** Instruments in which nothing opens while others are well. */
function doubted(status: Status): (Point & { open: boolean })[] {
  if (status.unfit.length === 0 || isBlind(status)) return [];
  return [{ open: false, says: `Nothing opens in ${status.unfit.map(({ instrument }) => instrument).join(", ")}: the price is not to be trusted.`, fact: "mark_fresh", to: "/" }];
}

// What is out there already, and what nothing bounds

function outOf({ agent, orders, positions }: Facts): Point[] {
  const atBroker = orders.filter(({ state }) => !WAITS.includes(state));
  const held = orders.filter(({ state }) => state === "held");
  const bare = positions.filter(({ protection }) => protection !== "watched");
  const worth = sum(positions.map(({ value }) => value.replace("-", "")).filter(isDecimal));
  return [
    ...(atBroker.length > 0 ? [{ says: `${counted(atBroker.length, "order")} of it ${atBroker.length === 1 ? "is" : "are"} at a broker and may still fill. A kill cancels them.`, fact: "orders", to: "/positions" }] : []),
    ...(held.length > 0 ? [{ says: `${counted(held.length, "order")} ${held.length === 1 ? "waits" : "wait"} for people and go nowhere without them.`, fact: "approvals", to: "/approvals" }] : []),
    ...(positions.length > 0 ? [{ says: `It holds ${counted(positions.length, "position")}, worth ${brief(worth)} ${agent.currency}, which can lose whatever is stopped.`, fact: "positions", to: "/positions" }] : []),
    ...(bare.length > 0 ? [{ says: `Of these, ${bare.length} ${bare.length === 1 ? "has" : "have"} no stop that is watched: ${bare.map(({ instrument }) => instrument).join(", ")}.`, fact: "exits", to: "/positions" }] : []),
    ...(agent.clients.length > 0 ? [{ says: `Others act through it, within the same: ${agent.clients.join(", ")}.`, fact: "clients" }] : []),
  ];
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const WANTED: readonly (readonly [rules: readonly string[], says: string])[] = [
  [["daily_loss_max", "drawdown_max"], "Nothing bounds what it may lose before it is stopped."],
  [["order_notional_max", "order_quantity_max"], "Nothing bounds the size of one order."],
  [["capital_max", "gross_exposure_max", "net_exposure_max"], "Nothing bounds what it may have at stake in all."],
  [["order_rate_max", "orders_per_day_max", "message_rate_max"], "Nothing bounds how fast or how often it orders."],
];

function gapsOf({ agent, effective }: Facts): Point[] {
  const set = new Set(effective.limits.map(({ limit }) => limit));
  return WANTED.filter(([rules]) => !rules.some((rule) => set.has(rule))).map(([rules, says]) => ({
    says, fact: `no ${rules.join(", no ")}`, to: `/mandates/${encodeURIComponent(`agent:${agent.name}`)}`,
  }));
}
