// What a draft would have decided: the orders of the last days judged again, and which verdicts turn. Nothing changes by it.

import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { ask } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import type { Flip, Mandate, Needless, WhatIf as Tried } from "../../api/schema";
import { Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Choice } from "../../parts/Field";
import { numbered, Verdict } from "../../parts/Verdict";
import { When } from "../../parts/When";
import { subjectWords, words } from "../../words";

const DAYS = ["1", "7", "30", "90"] as const;
const SHOWN = 20;

interface WhatIfProps {
  subject: string;
  /** The draft; null while it has a fault. */
  mandate: Mandate | null;
  /** Ask at once. */
  atOnce?: boolean;
  /** Hears of each draft, as JSON, for which there is an answer or a refusal to be seen, and which it is. */
  onSeen?: (draft: string, isAnswered: boolean) => void;
}

export function WhatIf({ subject, mandate, atOnce = false, onSeen }: WhatIfProps) {
  const { tried, busy, queued, problem, go } = useTrying(subject, onSeen);
  const [days, setDays] = useState("7");
  const now = JSON.stringify(mandate);
  useEffect(() => {
    if (atOnce && mandate) go(mandate, Number(days));
  }, []); // as it appears, and not again by itself: each question judges many orders
  return (
    <div className="stack tight">
      <div className="limits-try">
        <Choice label="Orders of the last" of={DAYS.map((count) => [count, count === "1" ? "day" : `${count} days`])} value={days} onChange={(event) => setDays(event.target.value)} />
        <Button onClick={() => mandate && go(mandate, Number(days))} busy={busy} disabled={!mandate}>{busy ? "Judging again…" : "Try it"}</Button>
      </div>
      {busy && <p className="small soft" role="status">{queued ? "Another question is being worked on; this one is next." : "The orders are judged again, one by one. It takes a few seconds."}</p>}
      <Refused problem={problem} />
      {tried && tried.of !== now && !busy && <Banner tone="warn" role="status">The draft has changed since. Try it again.</Banner>}
      {tried && <Turned told={tried.told} />}
    </div>
  );
}

const PATIENCE = 30;

/** Ask, and ask again while another question is worked on; who goes away asks no more. */
function useTrying(subject: string, onSeen: WhatIfProps["onSeen"]) {
  const [tried, setTried] = useState<{ of: string; told: Tried } | null>(null);
  const [state, setState] = useState<"still" | "busy" | "queued">("still");
  const [problem, setProblem] = useState<Problem | null>(null);
  const asking = useRef<AbortController | null>(null);
  useEffect(() => () => asking.current?.abort(), []);
  const trying = async (mandate: Mandate, days: number, signal: AbortSignal): Promise<void> => {
    setProblem(null);
    for (let left = PATIENCE; !signal.aborted; left -= 1) {
      setState((before) => (before === "queued" ? before : "busy"));
      try {
        const told = await ask("POST /v1/mandates/what-if", {}, { mandates: { [subject]: mandate }, days }, { signal });
        setTried({ of: JSON.stringify(mandate), told });
        onSeen?.(JSON.stringify(mandate), true);
        return setState("still");
      } catch (fault) {
        if (signal.aborted) return;
        const refused = problemOf(fault);
        if (refused.code !== "busy" || left === 0) {
          setProblem(refused);
          onSeen?.(JSON.stringify(mandate), false);
          return setState("still");
        }
        setState("queued");
        await new Promise((resolve) => setTimeout(resolve, (refused.retryAfterS ?? 1) * 1000));
      }
    }
  };
  const go = (mandate: Mandate, days: number): void => {
    asking.current?.abort();
    asking.current = new AbortController();
    void trying(mandate, days, asking.current.signal);
  };
  return { tried, busy: state !== "still", queued: state === "queued", problem, go };
}

function Turned({ told: { judged, tighter, looser, flips, needless } }: { told: Tried }) {
  const [all, setAll] = useState(false);
  const newest = [...flips].reverse();
  return (
    <div className="stack tight" role="status">
      <p>{summed(judged, tighter, looser)} {flips.length > 0 && <span className="soft">Against what was decided then, under the limits of then.</span>}</p>
      {needless.map((halt) => <Banner key={halt.halt} tone="warn">{withoutHalt(halt)}</Banner>)}
      <ul className="plain limits-flips">{(all ? newest : newest.slice(0, SHOWN)).map((flip) => <li key={flip.seq}><Turn flip={flip} /></li>)}</ul>
      {flips.length > SHOWN && !all && <div><Button tone="quiet" onClick={() => setAll(true)}>Show all {flips.length}</Button></div>}
    </div>
  );
}

/** A halt that stands in the past all the same: verdicts under it cannot turn. */
function withoutHalt({ orders, subject, rule, actual, limit, would, halt }: Needless): string {
  const denied = orders === 1 ? "1 of them stays denied" : `${orders} of them stay denied`;
  const then = `${words(rule)} stood at ${numbered(actual, "")}, the limit was ${numbered(limit, "")}`;
  const now = would === "" ? "Without that limit" : `With ${numbered(would, "")}`;
  return `${denied} because ${subjectWords(subject)} was halted then (${halt}): ${then}. ${now} it would not have been halted. What followed a halt is not replayed.`;
}

function summed(judged: number, tighter: number, looser: number): string {
  const orders = judged === 1 ? "1 order was" : `${judged} orders were`;
  if (judged === 0) return "There were no orders in that time.";
  if (tighter + looser === 0) return `${orders} judged again: no verdict turns.`;
  const turn = [tighter && `${tighter} would be stopped or held that went further`, looser && `${looser} would go further than they did`];
  return `${orders} judged again: ${turn.filter(Boolean).join(", and ")}.`;
}

function Turn({ flip }: { flip: Flip }) {
  const { order, at, agent, side, quantity, instrument, was, would, looser, findings } = flip;
  return (
    <>
      <span className="row apart">
        <span><Link href={`/orders/${encodeURIComponent(order)}`}>{side} {numbered(quantity, "")} {instrument}</Link> <span className="soft small">{agent}, <When at={at} /></span></span>
        <span className="row limits-turn"><Verdict of={was} /> <span aria-label="would be">→</span> <Verdict of={would} /></span>
      </span>
      {findings.map(({ rule, subject, actual, limit, unit }) => (
        <span key={rule + subject} className="small">
          {looser && <span className="soft">Stood against it: </span>}
          {words(rule)} {numbered(limit, unit)} of {subjectWords(subject)}; here it was <strong className="number">{numbered(actual, unit)}</strong>
        </span>
      ))}
    </>
  );
}
