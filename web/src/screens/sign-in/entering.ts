// Coming in: by the session that this browser holds, or by the one-time code of `remit open` in the address.

import { ask } from "../../api/client";
import { problemOf, worded } from "../../api/problem";
import { session, signedIn, signedOut } from "../../api/session";
import { toast } from "../../parts/Toast";

let underWay: Promise<void> | undefined;

/** Find out who is signed in, and hold it. Where the door or the guard is away nothing is known yet. */
export function begin(): Promise<void> {
  underWay ??= enter().finally(() => { underWay = undefined; });
  return underWay;
}

async function enter(): Promise<void> {
  const code = /^#code=(\w+)$/.exec(location.hash)?.[1];
  if (location.hash) history.replaceState(null, "", location.pathname + location.search); // before anything can keep it
  const used = code ? await enterBy(code) : "";
  try {
    signedIn(await ask("GET /v1/session", {}));
    if (used) toast(used); // a session from before goes on beside a code that is worth nothing
  } catch (fault) {
    const problem = problemOf(fault);
    if (used) session.set({ me: null, said: used });
    else if (!problem.isSignedOut && !problem.isAway && !session.get().me) signedOut(worded(problem));
  }
}

/** Sign in by the code; what is to be said where it is worth nothing. */
async function enterBy(code: string): Promise<string> {
  try {
    await ask("POST /v1/session/code", {}, { code });
    return "";
  } catch (fault) {
    const problem = problemOf(fault);
    return problem.code === "sign_in_failed" ? "This code does not sign in: it works once, for a minute." : worded(problem);
  }
}
