// The live stream: every record that the caller may see, as it becomes durable. What a record touches is asked for anew, so
// that nothing on the page is older than a second or two; a break is gone on from where it was.

import type { QueryClient } from "@tanstack/react-query";
import { attended } from "./attended";
import { refusal } from "./client";
import { link, look } from "./link";
import { Problem } from "./problem";
import { ENDED, session, signedOut } from "./session";
import { Shared } from "./shared";
import { events } from "./stream";
import { Stale } from "./stale";

/** A record as the journal holds it; `command.body.kind` is its kind. */
export interface Record {
  command: { seq: number; at: number; by: { name: string; role: string }; body: { kind: string } };
  events: readonly { event: string }[];
}

/** Whether records arrive now. */
export const following = new Shared(false);
/** The sequence number of the last record that arrived; 0 before the first. */
export const latest = new Shared(0);

const AGAIN_MS = 1000;
const REFUSED_MS = 10_000; // there are too many streams: until there is room all is asked for anew this often
const SILENT_MS = 25_000; // the door says that the stream is alive every 15 s
const GAP_MS = 60_000; // after a longer break all is asked for anew, instead of every record in between

/** Follow the stream as long as somebody is signed in, whatever breaks; what is returned ends it. */
export function follow(queries: QueryClient): () => void {
  const ends = new AbortController();
  const stale = new Stale(queries);
  const everything = (): void => stale.add(null);
  let was = link.get();
  const stops = [
    attended.follow(() => attended.get() && everything()),
    link.follow(() => {
      if (was !== "well" && was !== "starting" && link.get() === "well") everything();
      was = link.get();
    }),
    () => stale.end(),
    () => ends.abort(),
  ];
  void run(stale, ends.signal);
  return () => stops.forEach((stop) => stop());
}

async function run(stale: Stale, ended: AbortSignal): Promise<void> {
  let last = 0;
  let heard = 0;
  while (!ended.aborted && session.get().me) {
    const resume = last > 0 && Date.now() - heard < GAP_MS;
    if (last > 0 && !resume) stale.add(null);
    let wait = AGAIN_MS;
    try {
      for await (const record of opened(resume ? last : 0, ended)) {
        heard = Date.now();
        if (record === null) continue;
        last = record.command.seq;
        latest.set(last);
        stale.add(record);
      }
    } catch (fault) {
      if (fault instanceof Problem && fault.isSignedOut) return;
      wait = fault instanceof Problem && fault.isForNow ? REFUSED_MS : AGAIN_MS;
    }
    following.set(false);
    if (ended.aborted) return;
    void look();
    await new Promise((wake) => setTimeout(wake, wait));
    if (wait === REFUSED_MS) stale.add(null);
  }
}

/** Yield records after one, and null for signs of life. Whatever ends it, a stream that says nothing too, it just ends. */
async function* opened(last: number, ended: AbortSignal): AsyncGenerator<Record | null> {
  const cut = new AbortController();
  const answer = await fetch("/v1/events", {
    cache: "no-store",
    signal: AbortSignal.any([ended, cut.signal]),
    headers: last ? { "Last-Event-ID": String(last) } : {},
  });
  if (!answer.ok || !answer.body) throw await refusal(answer);
  following.set(true);
  let timer = setTimeout(() => cut.abort(), SILENT_MS);
  try {
    for await (const told of events(answer.body)) {
      clearTimeout(timer);
      timer = setTimeout(() => cut.abort(), SILENT_MS);
      if (told === null) void look(); // it says so at once where the guard went away
      else if (told.event === "problem") ending(told.data);
      yield told === null ? null : (JSON.parse(told.data) as Record);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** The door ends the stream: the session is over, or worth nothing any more. */
function ending(data: string): never {
  const problem = new Problem(JSON.parse(data) as { code: string });
  if (problem.isSignedOut) signedOut(ENDED);
  throw problem;
}
