import { expect, it } from "vitest";
import { events, type Told } from "./stream";

async function read(...chunks: string[]): Promise<(Told | null)[]> {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
      controller.close();
    },
  });
  const found: (Told | null)[] = [];
  for await (const one of events(body)) found.push(one);
  return found;
}

it("reads events however they are cut", async () => {
  const told = { id: "7", event: "message", data: '{"ä":1}' };
  expect(await read("retry: 1000\n\nid: 7\nda", 'ta: {"ä":1}', "\n", "\n: alive\n\n")).toEqual([null, told, null]);
});

it("keeps the name of an event, and drops what is half said at the end", async () => {
  expect(await read('event: problem\ndata: {"code":"token_revoked"}\n\nid: 8\ndata: {')).toEqual([
    { id: "", event: "problem", data: '{"code":"token_revoked"}' },
  ]);
});
