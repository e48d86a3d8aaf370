// The prices and stops that this page saw since it was loaded: they go on where the past that the API kept ends. What was
// neither kept nor seen is never made up.

import { useEffect } from "react";
import type { ExitRow, MarkRow } from "../../api/schema";
import { Shared, useShared } from "../../api/shared";
import { useAsked } from "../../api/use";

export interface Point {
  at: number;
  price: string;
}
/** Points by what they are of, the oldest first: an instrument's prices, or a leg of an exit. */
export type Seen = ReadonlyMap<string, readonly Point[]>;

const POINTS_MAX = 3000;
const MOST = 1000;
const seen = new Shared<Seen>(new Map());

/** Keep what is new; a point as old as the last one, or older, was seen before. */
export function keep(points: readonly (Point & { of: string })[]): void {
  const fresh = points.filter(({ of, at }) => at > (seen.get().get(of)?.at(-1)?.at ?? 0));
  if (fresh.length === 0) return;
  const next = new Map(seen.get());
  for (const { of, at, price } of fresh) next.set(of, [...(next.get(of) ?? []), { at, price }].slice(-POINTS_MAX));
  seen.set(next);
}

export const allSeen = (): Seen => seen.get();
export const forgetSeen = (): void => seen.set(new Map());

export const pricesOf = (instrument: string): string => `price ${instrument}`;
export const legOf = (exit: string, kind: string): string => `leg ${exit} ${kind}`;

/** Watch prices and stops while this component is shown, and return all that was seen. */
export function useSeen(): Seen {
  const marks = useAsked("GET /v1/marks", { limit: MOST }).data;
  const exits = useAsked("GET /v1/exits", { limit: MOST }).data;
  useEffect(() => { if (marks) keep(marks.items.map(pointOf)); }, [marks]);
  useEffect(() => { if (marks && exits) keep(legsAt(exits.items, marks.items)); }, [marks, exits]);
  return useShared(seen);
}

const pointOf = ({ instrument, at, last }: MarkRow) => ({ of: pricesOf(instrument), at, price: last });

/** Where each leg of each exit stands, at the time of its instrument's last price. */
function legsAt(exits: readonly ExitRow[], marks: readonly MarkRow[]) {
  return exits.flatMap(({ exit, instrument, legs }) => {
    const at = marks.find((mark) => mark.instrument === instrument)?.at;
    return legs.flatMap(({ kind, level }) => (at !== undefined && level !== null ? [{ of: legOf(exit, kind), at, price: level }] : []));
  });
}
