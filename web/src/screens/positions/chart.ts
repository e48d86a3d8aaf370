// What a chart shows, worked out from what the API told: fills, the prices seen since, and where stops stood.

import type { ExitRow, MarkRow, OrderRow } from "../../api/schema";
import { grouped, rounded, sign } from "../../api/decimal";
import { milliseconds } from "../../api/time";
import { legOf, pricesOf, type Point, type Seen } from "./seen";

/** A place in the chart: seconds since the epoch, and a height. */
export interface Dot {
  time: number;
  value: number;
}
export interface Fill extends Dot {
  side: "buy" | "sell";
  words: string;
}
export interface Line {
  of: string;
  kind: "stop" | "target";
  words: string;
  dots: readonly Dot[];
}
export interface Drawing {
  prices: readonly Dot[];
  fills: readonly Fill[];
  lines: readonly Line[];
}

/** A price as a height on the screen: a number, for the place of a pixel alone. */
const height = (price: string): number => Number(price);

const dot = ({ at, price }: Point): Dot => ({ time: Math.floor(milliseconds(at) / 1000), value: height(price) });

/** The last of each second, the oldest first. */
function bySecond<D extends Dot>(dots: readonly D[]): D[] {
  return [...new Map([...dots].sort((one, other) => one.time - other.time).map((each) => [each.time, each])).values()];
}

/** Orders that filled, the latest first. One that filled in parts stands at its average, when it last changed. */
export const filledOf = (orders: readonly OrderRow[]): OrderRow[] => orders.filter(({ filled, paid_average }) => sign(filled) !== 0 && paid_average !== null);

interface Told {
  mark: MarkRow | undefined;
  orders: readonly OrderRow[];
  exits: readonly ExitRow[];
  seen: Seen;
}

export function drawingOf(instrument: string, { orders, exits, seen }: Told): Drawing {
  return {
    prices: bySecond((seen.get(pricesOf(instrument)) ?? []).map(dot)),
    fills: [...filledOf(orders)].reverse().map(fillOf).sort((one, other) => one.time - other.time),
    lines: exits.flatMap(({ exit, legs }) => legs.flatMap(({ kind, level }) => (level === null ? [] : [{
      of: legOf(exit, kind), kind: kind === "take_profit" ? "target" as const : "stop" as const,
      words: kind.replace("_", "-"), dots: bySecond((seen.get(legOf(exit, kind)) ?? []).map(dot)),
    }]))),
  };
}

function fillOf({ side, filled, paid_average, changed_at }: OrderRow): Fill {
  return { ...dot({ at: changed_at, price: paid_average ?? "0" }), side, words: `${side === "buy" ? "+" : "−"}${grouped(filled)}` };
}

/** What the chart shows, in words, for who cannot see it. */
export function chartWords(instrument: string, { mark, orders, exits }: Told): string {
  const legs = exits.flatMap(({ legs: all }) => all.flatMap(({ kind, level }) => (level === null ? [] : [`${kind.replace("_", "-")} at ${level}`])));
  const fills = filledOf(orders).map(({ side, filled, paid_average }) => `${side} ${filled} at ${rounded(paid_average ?? "0", 2)}`).slice(0, 5);
  return [`${instrument}, last price ${mark?.last ?? "not known"}`, ...legs, fills.length > 0 ? `last fills: ${fills.join("; ")}` : "no fills"].join(". ");
}
