// What the API kept of the past: bars of prices, and where the legs of exits stood. What comes after it this page sees live.

import { useMemo } from "react";
import type { LegHistory, PriceBar } from "../../api/schema";
import { compare } from "../../api/decimal";
import { instant, now } from "../../api/time";
import { useAsked } from "../../api/use";

/** How far back a chart looks, and the step that is asked for; `all` is what is kept. */
export const RANGES = {
  hour: { label: "1 h", words: "In the last hour", seconds: 3600, step_s: 60 },
  day: { label: "1 day", words: "In the last day", seconds: 86_400, step_s: 300 },
  week: { label: "1 week", words: "In the last week", seconds: 604_800, step_s: 900 },
  all: { label: "All", words: "In all that is kept", seconds: null, step_s: 60 },
} as const;
export type Range = keyof typeof RANGES;
export const RANGE_NAMES = Object.keys(RANGES) as Range[];

export interface Past {
  bars: readonly PriceBar[];
  legs: readonly LegHistory[];
  step_s: number;
  known_from: number | null;
}
export const NO_PAST: Past = { bars: [], legs: [], step_s: 60, known_from: null };
const EVERY_MS = 60_000;
const FINEST_S = 60;
const YOUNG_NS = 4 * 3600 * 1e9; // what is known for no longer is worth its minutes, over whatever range

/** The past of an instrument, asked for again each minute: `prices` says how the question stands. */
export function usePast(instrument: string, range: Range) {
  const { seconds, step_s } = RANGES[range];
  // Once for each range, and not with each second: the question must stay the same one.
  const since = useMemo(() => (seconds === null ? {} : { since: instant(now() - seconds * 1000) }), [instrument, seconds]);
  const asked = { instrument, step_s, ...since };
  const coarse = useAsked("GET /v1/history/prices", asked, { every: EVERY_MS });
  const isYoung = step_s > FINEST_S && typeof coarse.data?.known_from === "number" && instant(now()) - coarse.data.known_from < YOUNG_NS;
  const fine = useAsked("GET /v1/history/prices", { ...asked, step_s: FINEST_S }, { every: EVERY_MS, when: isYoung });
  const prices = isYoung && fine.data ? fine : coarse;
  const exits = useAsked("GET /v1/history/exits", isYoung ? { ...asked, step_s: FINEST_S } : asked, { every: EVERY_MS });
  const past = useMemo<Past>(() => ({
    ...(prices.data ? { bars: prices.data.bars, step_s: prices.data.step_s, known_from: prices.data.known_from } : NO_PAST), legs: exits.data?.legs ?? [],
  }), [prices.data, exits.data]);
  return { prices, past, fault: prices.data?.fault || exits.data?.fault || "" };
}

/** What bars come to, in words: where they begin and how far they reached. */
export function barWords(range: Range, bars: readonly PriceBar[]): string {
  const [first] = bars;
  if (!first) return "";
  const low = bars.reduce((least, bar) => (compare(bar.low, least) < 0 ? bar.low : least), first.low);
  const high = bars.reduce((most, bar) => (compare(bar.high, most) > 0 ? bar.high : most), first.high);
  return `${RANGES[range].words} from ${first.open}, between ${low} and ${high}`;
}
