// An account's equity as a curve: worked out exactly, and brought to whole places of a small picture only at the end.

import type { EquityPoint } from "../../api/schema";
import { compare, difference, exact, sign } from "../../api/decimal";
import { milliseconds } from "../../api/time";

export const WIDE = 300;
export const HIGH = 48;
const EDGE = 2;

export interface Curve {
  /** The path of the curve, and the height at which it began. */
  path: string;
  base: number;
  first: string;
  last: string;
  low: string;
  high: string;
  /** What came of it since it began: above, at or below where it was. */
  change: -1 | 0 | 1;
}

/** The curve of some points, the oldest first, going on to what the equity is now; null where there is nothing to connect. */
export function curveOf(points: readonly EquityPoint[], now: { at: number; equity: string }): Curve | null {
  const [first] = points;
  if (!first || now.at <= first.at) return null;
  const all = [...points.filter(({ at }) => at < now.at), { ...now, low: now.equity, high: now.equity }];
  const low = all.reduce((least, { low: one }) => (compare(one, least) < 0 ? one : least), first.low);
  const high = all.reduce((most, { high: one }) => (compare(one, most) > 0 ? one : most), first.high);
  const [begin, end] = [milliseconds(first.at), milliseconds(now.at)];
  const across = (at: number): number => Math.round(((milliseconds(at) - begin) / (end - begin)) * WIDE * 10) / 10;
  const down = (equity: string): number => HIGH - EDGE - share(equity, low, high) * (HIGH - 2 * EDGE) / 1000;
  const path = all.map(({ at, equity }, place) => `${place === 0 ? "M" : "L"}${across(at)} ${down(equity)}`).join("");
  return { path, base: down(first.equity), first: first.equity, last: now.equity, low, high, change: sign(difference(now.equity, first.equity)) };
}

/** How far up a value stands between two, in thousandths: for the place of a pixel alone. */
function share(value: string, low: string, high: string): number {
  const wide = exact(high) - exact(low);
  return wide === 0n ? 500 : Number(((exact(value) - exact(low)) * 1000n) / wide);
}
