import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ANN } from "../testing/house";
import { attended } from "./attended";
import { link } from "./link";
import { follow, following } from "./live";
import { session, signedIn } from "./session";

/** A stream that a test speaks into. */
interface Line {
  from: string | null;
  say: (text: string) => void;
  cut: () => void;
}

const lines: Line[] = [];
let refuses: Response | null = null;
let isReady = true;
let end = (): void => undefined;
let asked: string[][] = [];

const record = (seq: number, kind: string, ...events: string[]): string =>
  `id: ${seq}\ndata: ${JSON.stringify({ command: { seq, at: 1, by: {}, body: { kind } }, events: ["took", ...events].map((event) => ({ event })) })}\n\n`;

beforeEach(() => {
  vi.useFakeTimers();
  lines.length = 0;
  [refuses, isReady, asked] = [null, true, []];
  vi.stubGlobal("fetch", async (address: string, { headers, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {}) => {
    if (address === "/readyz") return new Response("{}", { status: isReady ? 200 : 503 });
    if (refuses) return refuses.clone();
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const cut = (): void => { try { controller.error(new TypeError("cut")); } catch { /* it is cut already */ } };
        signal?.addEventListener("abort", cut);
        lines.push({ from: headers?.["Last-Event-ID"] ?? null, say: (text) => controller.enqueue(encoder.encode(text)), cut });
      },
    });
    return new Response(body);
  });
  const queries = new QueryClient();
  vi.spyOn(queries, "invalidateQueries").mockImplementation(async (filters) => {
    const calls = ["GET /v1/halts", "GET /v1/marks", "GET /v1/journal", "GET /v1/presets"];
    asked.push(calls.filter((call) => filters?.predicate?.({ queryKey: [call] } as never)));
  });
  link.set("well");
  signedIn(ANN);
  end = follow(queries);
});
afterEach(() => end());

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

it("asks anew, once a second, for what the records touch", async () => {
  await pass(0);
  expect(following.get()).toBe(true);
  lines[0]?.say(record(1, "marked"));
  lines[0]?.say(record(2, "acted"));
  await pass(1000);
  expect(asked).toEqual([["GET /v1/marks", "GET /v1/journal"]]);
  lines[0]?.say(record(3, "marked", "halt_raised"));
  await pass(1000);
  expect(asked.at(-1)).toEqual(["GET /v1/halts", "GET /v1/marks", "GET /v1/journal"]);
});

it("goes on after a break from where it was", async () => {
  await pass(0);
  lines[0]?.say(record(41, "submit"));
  await pass(10);
  lines[0]?.cut();
  await pass(1100);
  expect(lines.map(({ from }) => from)).toEqual([null, "41"]);
  expect(following.get()).toBe(true);
});

it("leaves a stream that says nothing, not even that it is alive", async () => {
  await pass(0);
  await pass(26_500);
  expect(lines).toHaveLength(2);
});

it("asks for everything anew when the guard is back", async () => {
  await pass(0);
  isReady = false;
  lines[0]?.say(": alive\n\n");
  await pass(10);
  expect(link.get()).toBe("guard");
  link.set("well");
  await pass(10);
  expect(asked.at(-1)).toEqual(["GET /v1/halts", "GET /v1/marks", "GET /v1/journal"]);
});

it("ends with the session, and says that it is over", async () => {
  await pass(0);
  lines[0]?.say('event: problem\ndata: {"code":"token_revoked","status":401}\n\n');
  await pass(5000);
  expect(lines).toHaveLength(1);
  expect(session.get()).toMatchObject({ me: null });
});

it("asks nothing while nobody is there, and everything when somebody comes", async () => {
  await pass(0);
  attended.set(false);
  lines[0]?.say(record(1, "submit"));
  await pass(3000);
  expect(asked).toEqual([]);
  attended.set(true);
  await pass(10);
  expect(asked).toHaveLength(1);
});

it("asks for everything anew now and then while there is no room for its stream", async () => {
  await pass(0);
  const full = { code: "busy", status: 503, retry_after_s: 1, detail: "64 streams are open" };
  refuses = new Response(JSON.stringify(full), { status: 503 });
  lines[0]?.cut();
  await pass(1000 + 35_000);
  expect([following.get(), asked.length]).toEqual([false, 3]);
  refuses = null;
  await pass(10_000);
  expect(following.get()).toBe(true);
});
