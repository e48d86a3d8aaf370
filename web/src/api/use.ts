// The two ways a component speaks with the API: `useAsked` follows what it tells, `useAct` changes something.

import { QueryClient, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";
import { anotherPerson, ask, type Answer, type Body, type Call, type Options, type Params } from "./client";
import { attended } from "./attended";
import { type Problem, problemOf } from "./problem";
import { session, whose } from "./session";

/** What only tells: every GET, and the questions about mandates that are too long for an address. */
export type Reading = Extract<Call, `GET ${string}` | `POST /v1/mandates/${"draft" | "diff" | "lint"}`>;
export type Asked<C extends Reading> = UseQueryResult<Answer<C>, Problem>;

/** Questions are not repeated by themselves where nobody answered: the link is looked at, and everything asked anew when it is
 * back. What the door answers for now alone is asked again when it said, by `useAsked`. */
export const queryClient = (): QueryClient =>
  new QueryClient({ defaultOptions: { queries: { staleTime: 1000, retry: false, networkMode: "always" }, mutations: { networkMode: "always" } } });

/** What a call answers now, kept fresh by the live stream. With `when` false it is not asked yet. Show it with `<Asked>`. */
export function useAsked<C extends Reading>(call: C, params: Params<C>, { when = true, body, every }: Asking<C> = {}): Asked<C> {
  return useQuery<Answer<C>, Problem>({
    queryKey: [call, params, body],
    enabled: when,
    refetchInterval: ({ state: { error } }) => attended.get() && (error?.againMs ?? every ?? false),
    queryFn: ({ signal }) => counted(JSON.stringify([call, params, body]), () => ask(call, params, body, { signal })),
  });
}

const refusals = new Map<string, number>();

/** What a question is answered; its problem knows how many times in a row the door asked for patience. */
async function counted<T>(question: string, asking: () => Promise<T>): Promise<T> {
  try {
    const answer = await asking();
    refusals.delete(question);
    return answer;
  } catch (fault) {
    const problem = problemOf(fault);
    if (problem.isForNow) {
      problem.times = (refusals.get(question) ?? 0) + 1;
      refusals.set(question, problem.times);
    }
    throw problem;
  }
}

interface Asking<C extends Reading> {
  when?: boolean;
  body?: Body<C>;
  /** Milliseconds after which it is asked again while somebody is there: for what no record of the stream tells. */
  every?: number;
}

export interface Acting<C extends Call> {
  /** Do it; the answer, or undefined where it was refused: then `problem` says why. */
  act: (params: Params<C>, body?: Body<C>, options?: Options) => Promise<Answer<C> | undefined>;
  busy: boolean;
  problem: Problem | null;
  /** Forget the problem. */
  forget: () => void;
}

/** A change. While its outcome is not known, the same change again goes by the same Idempotency-Key, and so acts once. What one
 * person began, in several steps even, is not gone on with as another. */
export function useAct<C extends Exclude<Call, Reading>>(call: C): Acting<C> {
  const queries = useQueryClient();
  const [by] = useState(() => whose(session.get().me));
  const made = useMutation<Answer<C>, Problem, [Params<C>, Body<C> | undefined, Options]>({
    mutationFn: ([params, body, options]) => once(by, call, params, body, options),
    onSettled: () => void queries.invalidateQueries(),
  });
  const act: Acting<C>["act"] = async (params, body, options = {}) => {
    try {
      return await made.mutateAsync([params, body, options]);
    } catch {
      return undefined;
    }
  };
  return { act, busy: made.isPending, problem: made.error, forget: made.reset };
}

const NOT_KEPT = /^\w+ \/v1\/(session|me|tokens|people\/\{person\}\/(password|totp|passkeys|sign-out)|callbacks|channels)/;
const keys = new Map<string, string>();

/** Whether the first answer of a call is kept under a key. */
export const actsOnce = (call: Call): boolean => !NOT_KEPT.test(call);

async function once<C extends Call>(by: string, call: C, params: Params<C>, body: Body<C> | undefined, options: Options): Promise<Answer<C>> {
  const { me } = session.get();
  if (me && whose(me) !== by) throw anotherPerson(me.name);
  const request = JSON.stringify([by, call, params, body, options.match]);
  const key = actsOnce(call) ? (keys.get(request) ?? `page-${crypto.randomUUID()}`) : undefined;
  if (key) keys.set(request, key);
  try {
    const answer = await ask(call, params, body, { key, ...options });
    keys.delete(request);
    return answer;
  } catch (fault) {
    const problem = problemOf(fault);
    if (!problem.isUnknown) keys.delete(request);
    throw problem;
  }
}
