// What is asked for has four states beside being there: nothing yet, nothing at all, refused, and no longer fresh. Every
// screen shows them by this one part.

import { type ReactNode, useRef } from "react";
import type { UseQueryResult } from "@tanstack/react-query";
import { useShared } from "../api/shared";
import { link } from "../api/link";
import { type Problem, sentence } from "../api/problem";
import { instant, local } from "../api/time";
import { Banner } from "./Banner";
import { Button } from "./Button";

interface AskedProps<T> {
  of: UseQueryResult<T, Problem>;
  /** Whether there is nothing to show; of a page of a list that is known by itself. */
  empty?: (answer: T) => boolean;
  /** What is said then. */
  none?: ReactNode;
  children: (answer: T) => ReactNode;
}

export function Asked<T>({ of, empty = isEmpty, none = "Nothing here.", children }: AskedProps<T>) {
  const { data, error, isFetching, refetch, dataUpdatedAt } = of;
  const problem = useProblem(of);
  if (data === undefined) {
    return problem ? <Refused problem={problem} again={() => void refetch()} busy={isFetching} /> : <Waiting />;
  }
  return (
    <>
      {error && (
        <Banner tone="warn" role="status">
          As of {local(instant(dataUpdatedAt))}, not fresh. {sentence(error.detail)} {error.againMs !== null && BY_ITSELF}
        </Banner>
      )}
      {empty(data) ? <p className="none soft">{none}</p> : children(data)}
    </>
  );
}

const BY_ITSELF = "It is tried again by itself.";

/** What was answered last, where that is a problem: also while it is asked once more, so that nothing flickers. */
function useProblem<T>({ error, errorUpdatedAt }: UseQueryResult<T, Problem>): Problem | null {
  const last = useRef<{ problem: Problem | null; at: number }>({ problem: null, at: 0 });
  if (error) last.current = { problem: error, at: errorUpdatedAt };
  return error ?? (last.current.at === errorUpdatedAt ? last.current.problem : null); // another time is another question
}

function isEmpty(answer: unknown): boolean {
  const rows = Array.isArray(answer) ? answer : (answer as { items?: unknown } | null)?.items;
  return Array.isArray(rows) && rows.length === 0;
}

/** Nothing yet: lines without words, which say that they load to who cannot see them. */
export function Waiting() {
  return (
    <div className="waiting" role="status">
      <span className="heard">Loading</span>
      <span /><span /><span />
    </div>
  );
}

interface RefusedProps {
  problem: Problem | null;
  /** What is pressed to try it once more. */
  again?: () => void;
  busy?: boolean;
}

/** What the API refused, with what to do about it; nothing where there is no problem. Of a change whose outcome is not known
 * it says so. */
export function Refused({ problem, again, busy = false }: RefusedProps) {
  const how = useShared(link);
  if (!problem) return null;
  const comesBack = problem.isAway ? how !== "well" : problem.againMs !== null;
  const wasEnough = problem.times > 0 && !comesBack;
  return (
    <Banner tone={problem.isAway || problem.isForNow ? "warn" : "bad"} role="alert" action={again && <Button onClick={again} busy={busy}>Try again</Button>}>
      <strong>{sentence(problem.detail)}</strong> {sentence(problem.fix)} {again && comesBack && BY_ITSELF}{again && wasEnough && `It was asked ${problem.times} times.`}
    </Banner>
  );
}
