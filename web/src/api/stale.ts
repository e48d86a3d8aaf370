// What is to be asked for anew. Records arrive by the hundred; queries are repeated at most once a second, and never so often
// that asking takes more than a fifth of the time.

import type { Query, QueryClient } from "@tanstack/react-query";
import { attended } from "./attended";
import type { Record } from "./live";

/** The nouns of the API (`halts` of `/v1/halts/...`) that a kind of record touches, where nothing but its own taking followed
 * from it; all others touch everything. */
const TOUCHED: { [kind: string]: readonly string[] } = {
  acted: ["journal"],
  arm: ["connections"],
  answered: [],
  tick: [],
  marked: ["marks", "instruments", "positions", "exposure", "levels", "accounts", "agents", "exits", "approvals", "unfit", "feeds"],
  quiet: ["feeds"],
  reconciled: ["journal", "reconcile", "positions", "status", "connections"],
};
/** What no record changes. */
const STILL = ["presets", "rules", "texts", "openapi.json", "history"];
const AT_MOST_EVERY_MS = 1000;
const SHARE = 5;

export class Stale {
  readonly #queries: QueryClient;
  #nouns: Set<string> | null = new Set();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  #isOver = false;

  constructor(queries: QueryClient) {
    this.#queries = queries;
  }

  /** Ask anew, soon, for what a record touched; for everything where it is null. */
  add(record: Record | null): void {
    const isCalm = record?.events.every(({ event }) => event === "took") ?? false;
    const touched = record && isCalm && TOUCHED[record.command.body.kind];
    if (!touched) this.#nouns = null;
    else for (const noun of touched) this.#nouns?.add(noun);
    this.#plan(record ? AT_MOST_EVERY_MS : 0);
  }

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #plan(wait: number): void {
    if (this.#timer !== undefined || this.#isAsking || this.#isOver) return;
    this.#timer = setTimeout(() => void this.#ask(), wait);
  }

  async #ask(): Promise<void> {
    this.#timer = undefined;
    if (!attended.get()) return; // whoever comes back has everything asked for anew
    const nouns = this.#nouns;
    this.#nouns = new Set();
    if (nouns?.size === 0) return;
    this.#isAsking = true;
    const began = Date.now();
    await this.#queries.invalidateQueries({ predicate: (query) => isTouched(query, nouns) });
    this.#isAsking = false;
    if (this.#nouns === null || this.#nouns.size > 0) this.#plan(Math.max(AT_MOST_EVERY_MS, (Date.now() - began) * SHARE));
  }
}

function isTouched(query: Query, nouns: Set<string> | null): boolean {
  const noun = String(query.queryKey[0]).split("/")[2] ?? "";
  if (STILL.includes(noun)) return false;
  // The story of an order or an agent is of the journal, wherever it is asked for.
  return nouns === null || nouns.has(noun) || (nouns.has("journal") && /timeline|why$/.test(String(query.queryKey[0])));
}
