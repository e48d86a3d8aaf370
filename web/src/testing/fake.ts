// The API as a test wants it: `api` answers fetches from a table of calls, each in the very shape of the document.

import { vi } from "vitest";
import type { Answer, Body, Call } from "../api/client";
import type { ProblemShape } from "../api/schema";

export interface Request<C extends Call = Call> {
  call: Call;
  path: string;
  params: Record<string, string>;
  body: Body<C>;
  headers: Headers;
}

/** What refuses: the fields of a problem. */
export class Refusal {
  readonly told: Partial<ProblemShape> & { code: string; status: number };
  constructor(status: number, code: string, more: Partial<ProblemShape> = {}) {
    this.told = { status, code, title: code, detail: code.replaceAll("_", " "), fix: "do something else", more: {}, type: `urn:remit:problem:${code}`, ...more };
  }
}

export const refused = (status: number, code: string, more?: Partial<ProblemShape>): Refusal => new Refusal(status, code, more);
/** The link breaks before any answer. */
export const broken = Symbol("broken");
/** It never answers. */
export const silent = Symbol("silent");

type Given<A> = A | Refusal | typeof broken | typeof silent;
export type Answers = { [C in Call]?: Given<Answer<C>> | ((request: Request<C>) => Given<Answer<C>>) };

export interface Api {
  /** What was asked, oldest first. */
  sent: Request[];
  /** Answer otherwise from now on. */
  now: (answers: Answers) => void;
  of: (call: Call) => Request[];
}

/** Answer every fetch by this table; what is not in it is answered 404. `ready` is what /readyz says. */
export function api(answers: Answers, ready = true): Api {
  let table = answers;
  const sent: Request[] = [];
  vi.stubGlobal("fetch", async (address: string, options: RequestInit = {}): Promise<Response> => {
    if (address === "/readyz") return new Response("{}", { status: ready ? 200 : 503 });
    if (address === "/v1/events") return new Promise(() => undefined);
    const [path = "", query = ""] = address.split("?");
    const method = options.method ?? "GET";
    const [call, params] = matched(Object.keys(table), method, path);
    const body = typeof options.body === "string" ? JSON.parse(options.body) : undefined;
    const request = { call, path: address, params: { ...Object.fromEntries(new URLSearchParams(query)), ...params }, body, headers: new Headers(options.headers) } as Request;
    sent.push(request);
    const row = table[call] as unknown;
    const told: unknown = typeof row === "function" ? row(request) : (row ?? refused(404, "not_found", { detail: `no answer to ${method} ${path}` }));
    if (told === broken) throw new TypeError("the link broke");
    if (told === silent) return new Promise(() => undefined);
    if (told instanceof Refusal) return json(told.told, told.told.status, "application/problem+json");
    return json(told, 200, "application/json");
  });
  return { sent, now: (more) => { table = { ...table, ...more }; }, of: (call) => sent.filter((request) => request.call === call) };
}

const json = (told: unknown, status: number, media: string): Response =>
  new Response(JSON.stringify(told), { status, headers: { "content-type": media } });

function matched(calls: readonly string[], method: string, path: string): [Call, Record<string, string>] {
  for (const call of [...calls].sort((one, other) => one.split("{").length - other.split("{").length)) {
    const [wanted, template = ""] = call.split(" ");
    const found = wanted === method && new RegExp(`^${template.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`).exec(path);
    if (found) return [call as Call, Object.fromEntries(Object.entries(found.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]))];
  }
  return [`${method} ${path}` as Call, {}];
}
