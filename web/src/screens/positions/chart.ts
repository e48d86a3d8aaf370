// What a chart shows, worked out from what the API told: the past it kept, the prices seen since, fills, and where stops stood.

import type { ExitRow, MarkRow, OrderRow } from "../../api/schema";
import { grouped, rounded, sign, sum } from "../../api/decimal";
import { milliseconds } from "../../api/time";
import { barWords, RANGES, type Past, type Range } from "./past";
import { legOf, pricesOf, type Point, type Seen } from "./seen";

/** A place in the chart: seconds since the epoch, and a height. */
export interface Dot {
  time: number;
  value: number;
}
export interface Candle {
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
}
export interface Fill extends Dot {
  side: "buy" | "sell";
  words: string;
}
export interface Line {
  of: string;
  kind: "stop" | "target";
  /** Empty of an exit that is over. */
  words: string;
  dots: readonly Dot[];
}
/** Either candles, or a line of prices over slots: places that are evenly apart. */
export interface Drawing {
  slots: readonly number[];
  prices: readonly Dot[];
  candles: readonly Candle[];
  /** Seconds of one place or candle. */
  step: number;
  fills: readonly Fill[];
  lines: readonly Line[];
}

/** A price as a height on the screen: a number, for the place of a pixel alone. */
const height = (price: string): number => Number(price);
const second = (at: number): number => Math.floor(milliseconds(at) / 1000);
const dot = ({ at, price }: Point): Dot => ({ time: second(at), value: height(price) });

const LINE_S = 3600;
const FINE_S = 600;
const CANDLES_MAX = 300;
const STEPS = [60, 300, 900, 3600, 21_600, 86_400];

/** Orders that filled, the latest first. One that filled in parts stands at its average, when it last changed. */
export const filledOf = (orders: readonly OrderRow[]): OrderRow[] => orders.filter(({ filled, paid_average }) => sign(filled) !== 0 && paid_average !== null);

export interface Told {
  mark: MarkRow | undefined;
  orders: readonly OrderRow[];
  exits: readonly ExitRow[];
  seen: Seen;
  past: Past;
  range: Range;
}

export function drawingOf(instrument: string, { orders, exits, seen, past, range }: Told): Drawing {
  const live = (seen.get(pricesOf(instrument)) ?? []).map(dot);
  const candles = past.bars.map(({ at, open, high, low, close }) => ({ time: second(at), open: height(open), high: height(high), low: height(low), close: height(close) }));
  const end = Math.max(live.at(-1)?.time ?? 0, candles.at(-1)?.time ?? 0);
  const begin = Math.max(end - (RANGES[range].seconds ?? Infinity), Math.min(live[0]?.time ?? Infinity, candles[0]?.time ?? Infinity));
  const within = <D extends { time: number }>(all: readonly D[]): D[] => all.filter(({ time }) => time >= begin);
  const shape = past.step_s === 60 && end - begin <= LINE_S
    ? lineOf(past.step_s, within(candles), within(live))
    : candlesOf(past.step_s, within(candles), within(live));
  const first = shape.slots[0] ?? shape.candles[0]?.time;
  const place = (time: number): number => time - (time % shape.step);
  return {
    ...shape,
    fills: fillsOf(orders, first, place),
    lines: linesOf(exits, seen, past, first === undefined ? undefined : { first, last: place(end), place }),
  };
}

type Shape = Pick<Drawing, "slots" | "prices" | "candles" | "step">;

/** Each second that was seen; where nothing was, the close of each minute, and in its middle how far it reached. */
function lineOf(step: number, candles: readonly Candle[], live: readonly Dot[]): Shape {
  const isSeen = new Set(live.map(({ time }) => time - (time % step)));
  const seenFrom = live[0]?.time ?? Infinity;
  const kept = candles.filter(({ time }) => !isSeen.has(time) || (time < seenFrom && seenFrom < time + step)); // the minute in which it was begun to look, too
  const opens = kept.filter(({ time }, place) => place === 0 || isSeen.has(time)).map(({ time, open }) => ({ time, value: open }));
  const closes = kept.filter(({ time }) => !isSeen.has(time)).map(({ time, close }) => ({ time: time + step - 1, value: close }));
  const all = [...opens, ...closes, ...live].sort((one, other) => one.time - other.time);
  const [start = 0, end = 0] = [all[0]?.time, all.at(-1)?.time];
  const apart = end - start <= FINE_S ? 1 : 5;
  const prices = lastOfEach(all, apart);
  const [from, to] = [prices[0]?.time ?? 0, prices.at(-1)?.time ?? -1];
  const middle = (time: number): number => Math.min(time + step / 2 - ((time + step / 2) % apart), to);
  const reached = kept.map(({ time, ...rest }) => ({ ...rest, time: middle(time), open: rest.close })); // a stroke and no body
  return { prices, candles: reached, step: apart, slots: Array.from({ length: Math.floor((to - from) / apart) + 1 }, (_, place) => from + place * apart) };
}

/** Few enough to tell apart, the last of them going on with what is seen. */
function candlesOf(step: number, candles: readonly Candle[], live: readonly Dot[]): Shape {
  const last = candles.at(-1)?.time ?? 0;
  const news = live.filter(({ time }) => time >= last).map(({ time, value }) => ({ time, open: value, high: value, low: value, close: value }));
  const all = [...candles, ...news];
  const wide = (all.at(-1)?.time ?? 0) - (all[0]?.time ?? 0);
  const apart = Math.max(step, STEPS.find((each) => wide / each <= CANDLES_MAX) ?? 86_400);
  const found = new Map<number, Candle>();
  for (const { time, open, high, low, close } of all) {
    const at = time - (time % apart);
    const known = found.get(at);
    found.set(at, known ? { ...known, high: Math.max(known.high, high), low: Math.min(known.low, low), close } : { time: at, open, high, low, close });
  }
  return { prices: [], candles: [...found.values()], step: apart, slots: [] };
}

/** The last dot of each place. */
function lastOfEach(dots: readonly Dot[], apart: number): Dot[] {
  return [...new Map(dots.map(({ time, value }) => [time - (time % apart), { time: time - (time % apart), value }])).values()];
}

/** What was bought and what was sold at each place, each as one. Older than the prices there is nothing to stand beside. */
function fillsOf(orders: readonly OrderRow[], first: number | undefined, place: (time: number) => number): Fill[] {
  const at = new Map<string, Fill & { each: string[] }>();
  for (const { side, filled, paid_average, changed_at } of [...filledOf(orders)].reverse()) {
    const time = place(second(changed_at));
    if (first !== undefined && time < first) continue;
    const each = [...(at.get(`${side} ${time}`)?.each ?? []), filled];
    at.set(`${side} ${time}`, { time, side, value: height(paid_average ?? "0"), each, words: `${side === "buy" ? "+" : "−"}${grouped(sum(each))}` });
  }
  return [...at.values()].map(({ each: _, ...fill }) => fill).sort((one, other) => one.time - other.time);
}

interface Axis {
  first: number;
  last: number;
  place: (time: number) => number;
}

/** A line for each leg, in steps: as it was kept, then as it was seen; one that stands still is drawn to the end. */
function linesOf(exits: readonly ExitRow[], seen: Seen, past: Past, axis: Axis | undefined): Line[] {
  const kept = new Map(past.legs.map(({ exit, kind, points }) => [legOf(exit, kind), points.map(({ at, level }) => dot({ at, price: level }))]));
  const standing = exits.flatMap(({ exit, legs }) => legs.flatMap(({ kind, level }) => (level === null ? [] : [{ of: legOf(exit, kind), kind, level }])));
  const stands = new Set(standing.map(({ of }) => of));
  const over = past.legs.map(({ exit, kind }) => ({ of: legOf(exit, kind), kind, level: undefined })).filter(({ of }) => !stands.has(of));
  const lines = [...standing, ...over].map(({ of, kind, level }) => {
    const before = kept.get(of) ?? [];
    const after = (seen.get(of) ?? []).map(dot).filter(({ time }) => time > (before.at(-1)?.time ?? 0));
    const ends = level === undefined || !axis ? [] : [{ time: axis.last, value: height(level) }];
    return {
      of, kind: kind === "take_profit" ? "target" as const : "stop" as const, words: level === undefined ? "" : kind.replace("_", "-"),
      dots: axis ? placed([...before, ...after, ...ends], axis) : [],
    };
  });
  return lines.filter(({ words, dots }) => words !== "" || dots.length > 1); // what was over within a minute has no length
}

function placed(dots: readonly Dot[], { first, last, place }: Axis): Dot[] {
  const known = dots.map(({ time, value }) => ({ time: Math.min(Math.max(place(time), first), last), value }));
  return [...new Map(known.map((each) => [each.time, each])).values()];
}

/** What the chart shows, in words, for who cannot see it. */
export function chartWords(instrument: string, { mark, orders, exits, past, range }: Told): string {
  const legs = exits.flatMap(({ legs: all }) => all.flatMap(({ kind, level }) => (level === null ? [] : [`${kind.replace("_", "-")} at ${level}`])));
  const fills = filledOf(orders).map(({ side, filled, paid_average }) => `${side} ${filled} at ${rounded(paid_average ?? "0", 2)}`).slice(0, 5);
  const bars = barWords(range, past.bars);
  return [
    `${instrument}, last price ${mark?.last ?? "not known"}`, ...(bars ? [bars] : []), ...legs, fills.length > 0 ? `last fills: ${fills.join("; ")}` : "no fills",
  ].join(". ");
}
