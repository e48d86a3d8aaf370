// Lines of the journal, latest first: the page that is newest is followed, the older ones are fetched as somebody gets there.

import { useCallback, useMemo, useRef, useState } from "react";
import { ask, type Params } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import type { Line } from "../../api/schema";
import { useAsked, type Asked } from "../../api/use";

export type Filter = Pick<Params<"GET /v1/journal">, "agent" | "account" | "instrument" | "kind" | "verdict" | "since" | "until" | "looks" | "trading">;

export const HEAD = 100;
export const PAGE = 500;

/** Lines with the thought that an agent gave with an order put into the order's own line, where both are here: beside it that
 * would be a line for each order that says nothing yet. Whichever way they are sorted the two stand next to each other. */
export function together(rows: readonly Line[]): Line[] {
  const found: Line[] = [];
  const isOf = (thought: Line | undefined, line: Line | undefined): boolean =>
    thought?.kind === "thought" && thought.entry === "submit" && line?.seq === thought.seq && line.kind !== "thought" && line.order !== "";
  rows.forEach((line, at) => {
    const beside = [rows[at - 1], rows[at + 1]];
    if (beside.some((other) => isOf(line, other))) return;
    const thought = beside.find((other) => isOf(other, line));
    found.push(thought ? { ...line, text: thought.text } : line);
  });
  return found;
}

interface Held {
  rows: readonly Line[];
  next: string | null;
}

export interface Lines {
  /** The newest page, as it stands now. */
  head: Asked<"GET /v1/journal">;
  rows: readonly Line[];
  /** How many newer lines wait to be shown; null where there are more than a page. */
  fresh: number | null;
  show: () => void;
  /** Fetch the page before the oldest that is held; nothing where there is none. */
  older: () => void;
  hasOlder: boolean;
  isFetching: boolean;
  problem: Problem | null;
}

/** The lines of one filter; give who uses it the filter as its key, so that another filter begins anew. */
export function useLines(filter: Filter): Lines {
  const head = useAsked("GET /v1/journal", { ...filter, latest: true, limit: HEAD });
  const [held, setHeld] = useState<Held | null>(null);
  const [isFetching, setFetching] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const asking = useRef(false);
  if (held === null && head.data) setHeld({ rows: head.data.items, next: head.data.next });
  const newest = head.data?.items ?? [];
  const top = held?.rows[0]?.id ?? -1;
  const fresh = newest.filter(({ id }) => id > top);
  // Where the whole page is new, others may lie between it and what is held: then it is begun anew from there.
  const isApart = held !== null && fresh.length === newest.length && head.data?.next != null;
  const show = (): void => {
    if (isApart && head.data) setHeld({ rows: newest, next: head.data.next });
    else setHeld((was) => was && { ...was, rows: [...fresh.filter(({ id }) => id > (was.rows[0]?.id ?? -1)), ...was.rows] });
  };
  const next = held?.next ?? null;
  const older = useCallback(() => {
    if (next === null || asking.current) return;
    asking.current = true;
    setFetching(true);
    setProblem(null);
    ask("GET /v1/journal", { ...filter, latest: true, limit: PAGE, cursor: next })
      .then((page) => setHeld((was) => (was?.next === next ? { rows: [...was.rows, ...page.items], next: page.next } : was)))
      .catch((fault: unknown) => setProblem(problemOf(fault)))
      .finally(() => { asking.current = false; setFetching(false); });
  }, [filter, next]);
  const shown = useMemo(() => together(held?.rows ?? []), [held?.rows]);
  return { head, rows: shown, fresh: isApart && fresh.length > 0 ? null : together(fresh).length, show, older, hasOlder: next !== null, isFetching, problem };
}
