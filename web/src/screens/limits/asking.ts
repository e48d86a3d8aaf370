// What the limits' screens ask for: the rules, one mandate with its version, what a draft changes.

import { useQuery } from "@tanstack/react-query";
import type { UseQueryResult } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { askWhole, type Told } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import type { Compared, LintNote, Mandate, MandateRow, Me, RuleRow } from "../../api/schema";
import { type Asked, useAsked } from "../../api/use";
import { endIn, endTexts } from "./ends";

export const useRules = (): Asked<"GET /v1/rules"> => useAsked("GET /v1/rules", {});

export type Known = Told<"GET /v1/mandates/{subject}">;

/** One subject's mandate with its ETag, which a change of it has to name. */
export function useMandate(subject: string): UseQueryResult<Known, Problem> {
  return useQuery<Known, Problem>({
    queryKey: ["GET /v1/mandates/{subject}", { subject }, "whole"],
    queryFn: async ({ signal }) => {
      try {
        return await askWhole("GET /v1/mandates/{subject}", { subject }, undefined, { signal });
      } catch (fault) {
        throw problemOf(fault);
      }
    },
  });
}

export interface Weighed {
  /** What a draft changes; null while that is not known, or where nothing can be said of it. */
  compared: Compared | null;
  notes: readonly LintNote[];
  /** Whether what is told is of the mandate as it stands now. */
  isFresh: boolean;
  problem: Problem | null;
}

const PAUSE_MS = 250;

/** What a draft would change and what lint says of it, asked once the typing rests; the last answer stands until then.
 * `end` is when it would end, null for never; that of the version in force is kept where it is not said. */
export function useWeighed(subject: string, mandate: Mandate | null, end?: number | null): Weighed {
  const text = mandate && JSON.stringify([mandate, end]);
  const rested = useRested(text);
  const [draft, ends] = rested ? (JSON.parse(rested) as [Mandate, number | null | undefined]) : [{}, undefined];
  const drafts = { mandates: { [subject]: draft } };
  const isEnding = end !== undefined; // what is not there is null in a list of JSON
  const diff = useAsked("POST /v1/mandates/diff", {}, { when: rested !== null, body: isEnding ? { ...drafts, expires_at: { [subject]: ends ?? null } } : drafts });
  const lint = useAsked("POST /v1/mandates/lint", {}, { when: rested !== null, body: drafts });
  const last = useRef<Weighed | null>(null);
  const told = rested === null ? null : diff.data?.items[0] ?? null;
  const isFresh = told !== null && rested === text;
  const notes = lint.data?.items.filter((note) => note.subject === subject) ?? last.current?.notes ?? [];
  const weighed = { compared: told ?? (text === null ? null : last.current?.compared ?? null), notes: text === null ? [] : notes, isFresh, problem: diff.error ?? lint.error };
  useEffect(() => { last.current = weighed; });
  return weighed;
}

/** A text once it has not changed for a moment. */
function useRested(text: string | null): string | null {
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return text === null ? null : rested;
}

/** When a mandate that is published in place of another one ends: with it, and never later. */
export const endOf = (row: MandateRow): number | null => endIn(endTexts(row));

/** Whether somebody may publish a subject's mandate: the guard decides, this only saves them a refusal. */
export const mayPublish = (me: Me | null | undefined, subject: string): boolean =>
  me?.role === "operator" || (me?.role === "owner" && subject !== "firm");

export const ruleOf = (rules: readonly RuleRow[], name: string): RuleRow | undefined => rules.find(({ rule }) => rule === name);
