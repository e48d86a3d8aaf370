// Who is signed in. The session's secret is in a cookie that no script reads; what changes something also needs `csrf`.

import type { Me } from "./schema";
import { Shared } from "./shared";

/** `me` is null while nobody is signed in, and undefined until that is known. `said` is why the last session is over. */
export interface Session {
  me: Me | null | undefined;
  said: string;
}

export const session = new Shared<Session>({ me: undefined, said: "" });

export const ENDED = "You are signed out. Your session has ended: sign in again.";

export function signedIn(me: Me): void {
  session.set({ me, said: "" });
}

/** Nobody is signed in any more; `said` tells why, where it is not what they wanted. */
export function signedOut(said: string): void {
  const now = session.get();
  if (now.me !== null || said) session.set({ me: null, said: said || now.said });
}
