// Files of the API: asked for as everything else, so that a refusal can be read, and then handed to the browser to keep.

import { addressOf, refusal, type Call, type Params } from "./client";
import { NO_ANSWER, Problem } from "./problem";

/** A file that a call answers with; Problem. */
export async function fileOf<C extends Call>(call: C, params: Params<C>): Promise<Blob> {
  const [method, path] = addressOf(call, params);
  let answer: Response;
  try {
    answer = await fetch(path, { method, cache: "no-store" });
    if (answer.ok) return await answer.blob();
  } catch {
    throw new Problem({ code: NO_ANSWER, detail: "the door does not answer", fix: "look whether remit up runs" });
  }
  throw await refusal(answer);
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
