// What the API refuses: always a code, what happened, and what to do.

import { capital } from "../words";
import type { ProblemShape } from "./schema";

/** Why nothing came back: the door itself is away, or the link broke before its answer. */
export const NO_ANSWER = "no_answer";
const AWAY = ["guard_not_running", "guard_stopped", "peer_refused"];
/** Answers that ask for patience: something is not ready yet, or asked too often. */
const LATER = [429, 503];
const TIMES_MAX = 10; // about three minutes, where the first wait is a second
const WAIT_MS_MAX = 30_000;

export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly fix: string;
  readonly more: Record<string, unknown>;
  readonly retryAfterS: number | null;
  /** How many times in a row a question was answered so; 0 where nobody counts. */
  times = 0;

  constructor(told: Partial<ProblemShape> & { code: string }) {
    super(`${told.code}: ${told.detail ?? ""}`);
    this.code = told.code;
    this.status = told.status ?? 0;
    this.detail = told.detail ?? "this page has a fault";
    this.fix = told.fix ?? "load it anew";
    this.more = told.more ?? {};
    this.retryAfterS = told.retry_after_s ?? null;
  }

  /** Whether it is not known if a change took effect: asked again under the same key it acts once. */
  get isUnknown(): boolean {
    return this.code === NO_ANSWER || this.status === 504;
  }

  /** Whether the guard, or the door before it, does not answer: it passes by itself. */
  get isAway(): boolean {
    return this.isUnknown || AWAY.includes(this.code);
  }

  /** Whether the door says when to ask again. */
  get isForNow(): boolean {
    return this.retryAfterS !== null && LATER.includes(this.status) && !this.isAway;
  }

  /** Milliseconds after which a question is asked again by itself, never fewer than the door said, and more each time; null
   * where it is not, or was often enough. */
  get againMs(): number | null {
    if (!this.isForNow || this.times === 0 || this.times > TIMES_MAX) return null;
    const said = Math.max(this.retryAfterS ?? 0, 1) * 1000;
    return Math.max(said, Math.min(said * 2 ** (this.times - 1), WAIT_MS_MAX));
  }

  /** Whether nobody is signed in, or not any more. Who is only to sign in again first still is. */
  get isSignedOut(): boolean {
    return this.status === 401 && !["sign_in_failed", "sign_in_again", "second_factor_needed", "password_change_needed"].includes(this.code);
  }
}

/** Anything thrown, as a problem. */
export function problemOf(fault: unknown): Problem {
  if (fault instanceof Problem) return fault;
  return new Problem({ code: "page_fault", detail: fault instanceof Error ? fault.message : String(fault) });
}

/** A text as a sentence, with a capital and an end. */
export function sentence(text: string): string {
  const said = text.trim();
  return capital(said) + (/[.!?]$/.test(said) || said === "" ? "" : ".");
}

/** What happened and what to do, as two sentences. */
export function worded(problem: Problem): string {
  return `${sentence(problem.detail)} ${sentence(problem.fix)}`;
}
