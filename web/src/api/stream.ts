// Server-sent events, read from a fetch: unlike a browser's own EventSource it tells why it was refused.

export interface Told {
  id: string;
  event: string;
  data: string;
}

/** Yield each event of a stream, and null for each sign of life between them; it ends where the stream ends. */
export async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<Told | null> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) yield parsed(block);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parsed(block: string): Told | null {
  const told: Told = { id: "", event: "message", data: "" };
  for (const line of block.split("\n")) {
    const [name, value] = [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).replace(/^ /, "")];
    if (name === "id" || name === "event" || name === "data") told[name] = value;
  }
  return told.data ? told : null;
}
