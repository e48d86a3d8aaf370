// Whether somebody is at the page. While nobody is, it asks for nothing, so that a session that is left alone ends: each
// question would keep it alive.

import { Shared } from "./shared";

export const attended = new Shared(true);

const REST_MS = 10 * 60_000;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"] as const;

/** Watch for somebody from now on; what is returned stops that. */
export function keepWatch(target: Window = window): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const seen = (): void => {
    attended.set(true);
    clearTimeout(timer);
    timer = setTimeout(() => attended.set(false), REST_MS);
  };
  for (const sign of SIGNS) target.addEventListener(sign, seen, { passive: true });
  seen();
  return () => {
    clearTimeout(timer);
    for (const sign of SIGNS) target.removeEventListener(sign, seen);
  };
}
