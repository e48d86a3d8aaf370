// Who is signed in. The session's secret is in a cookie that no script reads; what changes something also needs `csrf`.

import type { Me } from "./schema";
import { Shared } from "./shared";
import { milliseconds, now } from "./time";

/** `me` is null while nobody is signed in, and undefined until that is known. `said` is why the last session is over. */
export interface Session {
  me: Me | null | undefined;
  said: string;
}

export const session = new Shared<Session>({ me: undefined, said: "" });

/** As whom something is seen and done: another name, role or owner is somebody else. */
export const whose = (me: Me | null | undefined): string => (me ? [me.name, me.role, me.owner].join(" ") : "");

export const ENDED = "You are signed out. Your session has ended: sign in again.";

export function signedIn(me: Me): void {
  session.set({ me, said: "" });
}

const LOOK_MS = 10_000; // a machine that slept wakes with its timers late

/** End the session here when its time is over, also where no door is there to say so: what was seen stays no longer. What is
 * returned stops that. */
export function keepTime({ expires_at }: Me): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    const left = expires_at === null ? Infinity : milliseconds(expires_at) - now();
    if (left <= 0) signedOut(ENDED);
    else timer = setTimeout(look, Math.min(left, LOOK_MS));
  };
  look();
  return () => clearTimeout(timer);
}

/** Nobody is signed in any more; `said` tells why, where it is not what they wanted. */
export function signedOut(said: string): void {
  const now = session.get();
  if (now.me !== null || said) session.set({ me: null, said: said || now.said });
}
