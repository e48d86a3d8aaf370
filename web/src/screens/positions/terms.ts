// The terms of an exit as they are filled in, and what new terms would loosen. The guard judges the same way and by itself
// lets a person loosen: that it is asked before is this page's doing.

import type { ExitRow, ExitTerms, Leg } from "../../api/schema";
import { compare, difference, exact, isDecimal, sign, text } from "../../api/decimal";

/** What is filled in; empty where a leg, or a bound, is not wanted. */
export interface Draft {
  stop: string;
  trail: string;
  by: "percent" | "amount";
  activation: string;
  target: string;
  quantity: string;
}
export const NOTHING: Draft = { stop: "", trail: "", by: "percent", activation: "", target: "", quantity: "" };

const NAMES: { [kind: string]: string } = { stop_loss: "Stop-loss", take_profit: "Take-profit", trailing_stop: "Trailing stop" };
export const nameOf = (kind: string): string => NAMES[kind] ?? kind;

const PERCENT = 100n; // bps of one percent, and one percent of one

const legOf = (terms: ExitTerms, kind: Leg["kind"]): Leg | undefined => terms.legs.find((leg) => leg.kind === kind);

export const percentOf = (bps: number): string => text(exact(String(bps)) / PERCENT);

export function draftOf(terms: ExitTerms): Draft {
  const trail = legOf(terms, "trailing_stop");
  const inPercent = trail?.offset_bps == null ? "" : percentOf(trail.offset_bps);
  return {
    stop: legOf(terms, "stop_loss")?.trigger ?? "",
    trail: trail?.offset ?? inPercent,
    by: trail?.offset == null ? "percent" : "amount",
    activation: trail?.activation ?? "",
    target: legOf(terms, "take_profit")?.trigger ?? "",
    quantity: terms.quantity ?? "",
  };
}

/** What was filled in as terms, or the sentence that says what is wrong with it. What the form does not show stays as it was. */
export function termsOf(draft: Draft, slippage: number | null | undefined): ExitTerms | string {
  const said = Object.entries(draft).flatMap(([name, value]) => (name === "by" || value.trim() === "" ? [] : [[name, value.trim()] as const]));
  const wrong = said.find(([, value]) => !isDecimal(value) || sign(value) <= 0);
  if (wrong) return `${wrong[1]} is not a number above zero.`;
  const { stop, trail, activation, target, quantity } = Object.fromEntries(said) as Partial<Draft>;
  if (activation && !trail) return "A price from which it trails needs a trailing stop.";
  const bps = trail && draft.by === "percent" ? bpsOf(trail) : null;
  if (typeof bps === "string") return bps;
  const legs: Leg[] = [
    ...(stop ? [{ kind: "stop_loss", trigger: stop } as const] : []),
    ...(trail ? [{ kind: "trailing_stop", ...(bps === null ? { offset: trail } : { offset_bps: bps }), ...(activation ? { activation } : {}) } as const] : []),
    ...(target ? [{ kind: "take_profit", trigger: target } as const] : []),
  ];
  if (legs.length === 0) return "Say a stop-loss, a trailing stop or a take-profit.";
  return { legs, ...(quantity ? { quantity } : {}), ...(slippage == null ? {} : { slippage_bps: slippage }) };
}

/** Whole hundredths of a percent, or what is wrong. */
function bpsOf(percent: string): number | string {
  const scaled = exact(percent) * PERCENT;
  const whole = text(scaled);
  if (whole.includes(".")) return "A share of the price has two places at most.";
  return scaled < exact("10000") ? Number(whole) : "A trailing stop is less than 100 % away.";
}

/** What new terms would loosen of an exit's stops, each in a sentence; nothing where they only tighten. */
export function loosens(known: ExitRow, terms: ExitTerms): string[] {
  const old = known.terms;
  const stops = old.legs.filter(({ kind }) => kind !== "take_profit");
  if (stops.length === 0) return [];
  const found = stops.flatMap((leg) => loosensLeg(known, leg, legOf(terms, leg.kind)));
  if ((old.slippage_bps ?? null) !== (terms.slippage_bps ?? null)) found.push("The slippage of the closing order changes.");
  if (terms.quantity != null && (old.quantity == null || compare(terms.quantity, old.quantity) < 0)) found.push(`It protects ${terms.quantity} at most, less than now.`);
  return found;
}

function loosensLeg(known: ExitRow, old: Leg, leg: Leg | undefined): string[] {
  if (!leg) return [old.kind === "stop_loss" ? `The stop-loss at ${old.trigger ?? ""} goes.` : "The trailing stop goes."];
  if (old.kind === "stop_loss") {
    const [from, to] = [old.trigger ?? "0", leg.trigger ?? "0"];
    return side(known) * sign(difference(to, from)) < 0 ? [`The stop-loss moves away, from ${from} to ${to}.`] : [];
  }
  return trailsFurther(known, old, leg);
}

function trailsFurther(known: ExitRow, old: Leg, leg: Leg): string[] {
  if ((old.offset == null) !== (leg.offset == null)) return ["The trailing stop follows in another way: an amount and a share of the price cannot be compared."];
  if (old.offset != null && leg.offset != null && compare(leg.offset, old.offset) > 0) return [`The trailing stop stays further away: ${leg.offset} instead of ${old.offset}.`];
  if (old.offset_bps != null && leg.offset_bps != null && leg.offset_bps > old.offset_bps) return [`The trailing stop stays further away: ${percentOf(leg.offset_bps)} % instead of ${percentOf(old.offset_bps)} %.`];
  const trails = known.legs.some(({ kind, level }) => kind === "trailing_stop" && level !== null);
  if (leg.activation == null || (trails && known.order === "")) return [];
  const later = old.activation == null || side(known) * sign(difference(leg.activation, old.activation)) > 0;
  return later ? [`The trailing stop begins later, from ${leg.activation}.`] : [];
}

const BPS = 10_000n;

/** Where a leg of new terms would stand now, and whether the last price is there already. */
export interface Stand {
  kind: Leg["kind"];
  level: string;
  closes: boolean;
}

/** Where each leg would stand, as the guard works it out: a trailing stop from the best price so far, or from now on. */
export function standsOf(known: ExitRow, terms: ExitTerms): Stand[] {
  return terms.legs.flatMap((leg) => {
    const level = leg.trigger ?? trailingLevel(known, leg);
    if (level === null) return [];
    const beyond = known.last === null ? 1 : side(known) * sign(difference(known.last, level));
    return [{ kind: leg.kind, level, closes: known.last !== null && (leg.kind === "take_profit" ? beyond >= 0 : beyond <= 0) }];
  });
}

/** Null where it would not trail yet, or nothing is known to trail from. */
function trailingLevel(known: ExitRow, leg: Leg): string | null {
  const trails = known.legs.some(({ kind, level }) => kind === "trailing_stop" && level !== null);
  const best = trails ? known.best : known.last;
  if (best === null) return null;
  if (!trails && leg.activation != null && side(known) * sign(difference(best, leg.activation)) < 0) return null;
  if (leg.offset != null) return text(exact(best) - BigInt(side(known)) * exact(leg.offset));
  const bps = BigInt(leg.offset_bps ?? 0);
  return text(side(known) > 0 ? (exact(best) * (BPS - bps) + BPS - 1n) / BPS : (exact(best) * (BPS + bps)) / BPS);
}

/** 1 where a long position is protected, -1 for a short one. */
const side = ({ side: closing }: ExitRow): 1 | -1 => (closing === "sell" ? 1 : -1);
