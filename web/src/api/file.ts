// Files of the API: asked for as everything else, so that a refusal can be read, and then handed to the browser to keep.

import { addressOf, refusal, type Call, type Params } from "./client";
import { NO_ANSWER, Problem } from "./problem";

const PREFER = "respond-async, wait=10";

/** A file that a call answers with; Problem. Where it takes long to make, `tell` hears how far it is, in percent. */
export async function fileOf<C extends Call>(call: C, params: Params<C>, tell: (percent: number) => void = () => {}): Promise<Blob> {
  const [method, path] = addressOf(call, params);
  for (;;) {
    let answer: Response;
    try {
      answer = await fetch(path, { method, cache: "no-store", headers: { Prefer: PREFER } });
      if (answer.status === 202) {
        const { read, of } = (await answer.json()) as { read: number; of: number };
        tell(of ? Math.floor((100 * read) / of) : 0);
        continue; // the door waits within each question
      }
      if (answer.ok) return await answer.blob();
    } catch {
      throw new Problem({ code: NO_ANSWER, detail: "the door does not answer", fix: "look whether remit up runs" });
    }
    throw await refusal(answer);
  }
}

const KEPT_MS = 60_000; // some browsers read it only after a while

/** Have the browser keep a file under a name. */
export function keep(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name.replace(/[^\w.-]/g, "_");
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
