// Asking the API. Every call is one of `Calls`, by its method and path as in the document; what is refused is a Problem.

import { link } from "./link";
import { NO_ANSWER, Problem } from "./problem";
import type { Calls, ProblemShape } from "./schema";
import { tellClock } from "./time";
import { ENDED, session, signedIn, signedOut, whose } from "./session";

export type Call = keyof Calls;
export type Params<C extends Call> = Calls[C]["params"];
export type Body<C extends Call> = Calls[C]["body"];
export type Answer<C extends Call> = Calls[C]["answer"];

export interface Options {
  /** Idempotency-Key: the same key never acts twice. */
  key?: string | undefined;
  /** If-Match: the version that a change was written against. */
  match?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** An answer with its ETag, where it has one. */
export interface Told<C extends Call> {
  answer: Answer<C>;
  etag: string | null;
}

/** Ask, and return the answer; Problem. */
export async function ask<C extends Call>(call: C, params: Params<C>, body?: Body<C>, options?: Options): Promise<Answer<C>> {
  return (await askWhole(call, params, body, options)).answer;
}

/** The same, with the ETag of the answer. */
export async function askWhole<C extends Call>(
  call: C,
  params: Params<C>,
  body?: Body<C>,
  options: Options = {},
): Promise<Told<C>> {
  try {
    return await send(call, params, body, options);
  } catch (fault) {
    if (!(fault instanceof Problem) || fault.code !== "csrf_refused") throw fault;
    await renew(fault); // another tab began a session of its own
    return await send(call, params, body, options);
  }
}

async function send<C extends Call>(call: C, params: Params<C>, body: Body<C> | undefined, options: Options): Promise<Told<C>> {
  const [method, path] = addressOf(call, params);
  const answer = await fetched(path, {
    method,
    cache: "no-store",
    headers: headersOf(method, body, options),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
  tellClock(answer.headers.get("date"));
  if (!answer.ok) throw await refusal(answer);
  link.set("well");
  const isJson = answer.headers.get("content-type")?.includes("json");
  return { answer: (isJson ? await read(answer) : await answer.text()) as Answer<C>, etag: answer.headers.get("etag") };
}

/** The method and the address of a call: a parameter that stands in the path goes there, every other into the query. */
export function addressOf<C extends Call>(call: C, params: Params<C>): [string, string] {
  const [method = "GET", template = ""] = call.split(" ");
  const query = new URLSearchParams();
  let path = template;
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null) continue;
    const place = `{${name}}`;
    if (path.includes(place)) path = path.replace(place, () => encodeURIComponent(String(value)));
    else query.set(name, String(value));
  }
  return [method, query.size ? `${path}?${query}` : path];
}

function headersOf(method: string, body: unknown, { key, match }: Options): Record<string, string> {
  const headers: Record<string, string> = {};
  if (method !== "GET") headers["X-Remit-CSRF"] = session.get().me?.csrf ?? "";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  if (match) headers["If-Match"] = match;
  return headers;
}

async function fetched(path: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(path, options);
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === "AbortError") throw fault;
    throw unanswered();
  }
}

async function read(answer: Response): Promise<unknown> {
  try {
    return await answer.json();
  } catch {
    throw unanswered(); // it broke off half way
  }
}

function unanswered(): Problem {
  link.set("door");
  return new Problem({ code: NO_ANSWER, detail: "the door does not answer", fix: "look whether remit up runs" });
}

/** The problem of an answer that is none; it also tells the page where the guard is away, or the session over. */
export async function refusal(answer: Response): Promise<Problem> {
  const told = await answer.json().catch((): Partial<ProblemShape> => ({}));
  const problem = new Problem({ code: "not_understood", detail: `the door answered ${answer.status}`, ...told, status: answer.status });
  if (problem.isAway) link.set("guard");
  if (problem.isSignedOut) {
    const hasEnded = session.get().me || problem.code !== "token_missing";
    signedOut(hasEnded ? ENDED : "");
  }
  return problem;
}

/** Take the value for changes of the session that the browser holds now, if it is still the same person's. */
async function renew(refused: Problem): Promise<void> {
  const before = session.get().me;
  const { answer: me } = await send("GET /v1/session", {}, undefined, {});
  if (!before || me.csrf === before.csrf) throw refused;
  signedIn(me);
  if (whose(me) !== whose(before)) throw anotherPerson(me.name);
}

export const anotherPerson = (name: string): Problem =>
  new Problem({ code: "another_person", detail: `you are ${name} by now, signed in from another tab`, fix: "look again before you go on" });
