// How the page stands with what it shows: the door that it asks, and the guard behind it. Whoever asks says what came of it;
// while something is away, readiness is asked again and again until all is back.

import { Shared } from "./shared";

/** `starting` until the first answer; `door` where the door does not answer, `guard` where the guard does not. */
export type Link = "starting" | "well" | "guard" | "door";

export const link = new Shared<Link>("starting");

const AGAIN_MS = 1000;
const LOOK_MS = 10_000;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Ask whether the guard answers through the door, and hold what came of it. */
export async function look(): Promise<Link> {
  try {
    const answer = await fetch("/readyz", { cache: "no-store" });
    link.set(answer.ok ? "well" : "guard");
  } catch {
    link.set("door");
  }
  return link.get();
}

/** Look at the link from now on: every ten seconds while all is well, every second while it is not. What is returned stops
 * that. */
export function keepLooking(): () => void {
  const again = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void look().then(again), link.get() === "well" ? LOOK_MS : AGAIN_MS);
  };
  const stop = link.follow(again);
  void look().then(again);
  return () => {
    stop();
    clearTimeout(timer);
  };
}
