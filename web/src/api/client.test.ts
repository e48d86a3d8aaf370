import { expect, it, vi } from "vitest";
import { api, broken, refused } from "../testing/fake";
import { ANN, HOUSE, STATUS, page } from "../testing/house";
import { addressOf, ask, askWhole } from "./client";
import { link } from "./link";
import { Problem, problemOf, worded } from "./problem";
import { session, signedIn } from "./session";

const problem = async (asked: Promise<unknown>): Promise<Problem> => problemOf(await asked.catch((fault: unknown) => fault));

it("puts each parameter where it belongs, whatever it holds", () => {
  expect(addressOf("GET /v1/orders/{order}/why", { order: "a/b?c" })).toEqual(["GET", "/v1/orders/a%2Fb%3Fc/why"]);
  expect(addressOf("GET /v1/journal", { kind: "order", latest: true, cursor: null })).toEqual(["GET", "/v1/journal?kind=order&latest=true"]);
});

it("sends a change with the session's value, its key and the version it was written against", async () => {
  const { sent } = api({ "PUT /v1/mandates/{subject}": { seq: 1, at: 1, events: [] } });
  signedIn(ANN);
  await ask("PUT /v1/mandates/{subject}", { subject: "agent:a" }, { mandate: {}, why: "less" } as never, { key: "k", match: '"v1"' });
  const [{ path, headers, body }] = sent as [typeof sent[0] & object];
  expect(path).toBe("/v1/mandates/agent%3Aa");
  expect([headers.get("x-remit-csrf"), headers.get("idempotency-key"), headers.get("if-match")]).toEqual([ANN.csrf, "k", '"v1"']);
  expect(body).toEqual({ mandate: {}, why: "less" });
});

it("tells a refusal by its code, with what to do", async () => {
  api({ "GET /v1/status": refused(409, "not_reviewed", { detail: "nobody reviewed it", fix: "Review it first" }) });
  const told = await problem(ask("GET /v1/status", {}));
  expect([told.code, told.status, worded(told)]).toEqual(["not_reviewed", 409, "Nobody reviewed it. Review it first."]);
});

it("knows a door that is away, a guard that is away, and both back", async () => {
  const { now } = api({ "GET /v1/status": broken });
  const lost = await problem(ask("GET /v1/status", {}));
  expect([lost.isAway, lost.isUnknown, link.get()]).toEqual([true, true, "door"]);
  now({ "GET /v1/status": refused(503, "guard_not_running") });
  const away = await problem(ask("GET /v1/status", {}));
  expect([away.isAway, away.isUnknown, link.get()]).toEqual([true, false, "guard"]);
  now({ "GET /v1/status": STATUS });
  await ask("GET /v1/status", {});
  expect(link.get()).toBe("well");
});

it("holds a session that has ended for ended, and says so", async () => {
  api({ "GET /v1/halts": refused(401, "token_revoked") });
  signedIn(ANN);
  await problem(ask("GET /v1/halts", {}));
  expect(session.get()).toEqual({ me: null, said: "You are signed out. Your session has ended: sign in again." });
});

it("a sign-in that fails ends no session", async () => {
  api({ "POST /v1/session/password": refused(401, "sign_in_failed") });
  signedIn(ANN);
  await problem(ask("POST /v1/session/password", {}, { person: "ann", password: "x" }));
  expect(session.get().me).toBe(ANN);
});

it("goes on with the session that another tab began, if it is the same person's", async () => {
  const fresh = { ...ANN, csrf: "f".repeat(64) };
  const { of } = api({
    ...HOUSE,
    "GET /v1/session": fresh,
    "POST /v1/pauses": ({ headers }) => (headers.get("x-remit-csrf") === fresh.csrf ? { seq: 1, at: 1, events: [] } : refused(403, "csrf_refused")),
  });
  signedIn(ANN);
  await ask("POST /v1/pauses", {}, { subject: "agent:a", why: "stop" });
  expect(of("POST /v1/pauses")).toHaveLength(2);
  expect(session.get().me).toEqual(fresh);
});

it("never acts for somebody else who signed in in another tab", async () => {
  const { of } = api({ "GET /v1/session": { ...ANN, name: "bob", csrf: "b".repeat(64) }, "POST /v1/pauses": refused(403, "csrf_refused") });
  signedIn(ANN);
  const told = await problem(ask("POST /v1/pauses", {}, { subject: "agent:a", why: "stop" }));
  expect([told.code, of("POST /v1/pauses").length, session.get().me?.name]).toEqual(["another_person", 1, "bob"]);
});

it("brings the version of what it read", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(page()), { headers: { etag: '"v7"', "content-type": "application/json" } })));
  expect(await askWhole("GET /v1/halts", {})).toEqual({ answer: page(), etag: '"v7"' });
});
