// Credentials are changed by who signed in a short while ago. That is said before anything is typed, and where it is too long
// ago one signs in again right here, so that what was typed stays. It holds a form: it stands beside forms, never within one.

import { useEffect, useState } from "react";
import { ask } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import type { Me } from "../../api/schema";
import { session } from "../../api/session";
import { useShared } from "../../api/shared";
import { instant, milliseconds } from "../../api/time";
import { useAsked } from "../../api/use";
import { Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Field } from "../../parts/Field";
import { type Filled, filled } from "../../parts/FormDialog";
import { toast } from "../../parts/Toast";
import { useNow, When } from "../../parts/When";
import { isAble, signIn } from "./device";
import { begin } from "./entering";

const RECENT_MS = 15 * 60_000;
const LOOK_MS = 5000;

/** Something that was tried: what it was refused, and how that is forgotten. */
interface Tried {
  problem: Problem | null;
  forget: () => void;
}

const isAgain = (problem: Problem | null): boolean => problem?.code === "sign_in_again";

/** The problem, where it is another than that one has to sign in again: `Recent` shows that. */
export const otherwise = (problem: Problem | null): Problem | null => (isAgain(problem) ? null : problem);

/** Until when the credentials may be changed, or the way to sign in again in place. `tried` are the changes it stands beside. */
export function Recent({ tried }: { tried: readonly Tried[] }) {
  const { data: me, refetch } = useAsked("GET /v1/session", {});
  const held = useShared(session).me;
  useEffect(() => {
    if (me && held && held.token !== me.token) void refetch(); // signed in anew, by `remit open` for one
  }, [me, held, refetch]);
  const now = useNow(LOOK_MS);
  const begun = me?.sessions.find(({ token }) => token === me.token)?.issued_at;
  if (!me?.session) return null;
  const until = begun === undefined ? Infinity : milliseconds(begun) + RECENT_MS;
  const isRefused = tried.some(({ problem }) => isAgain(problem));
  if (now >= until || isRefused) return <Again me={me} onDone={() => { tried.forEach(({ forget }) => forget()); void refetch(); }} />;
  return until === Infinity ? null : <p className="small soft">Open until <When at={instant(until)} />, 15 minutes after you signed in. Later you are asked, here, to sign in again.</p>;
}

function Again({ me: { name, password, totp, passkeys }, onDone }: { me: Me; onDone: () => void }) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const during = async (act: () => Promise<unknown>): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      await act();
      await begin();
      toast("You signed in again. What you typed is still here: go on.");
      onDone();
    } catch (fault) {
      setProblem(problemOf(fault));
    } finally {
      setBusy(false);
    }
  };
  const byPassword = ({ again = "", code = "" }: Filled): Promise<unknown> =>
    ask("POST /v1/session/password", {}, { person: name, password: again, ...(code ? { code: code.replaceAll(" ", "") } : {}) });
  return (
    <Banner tone="warn">
      <form className="stack tight" aria-label="Sign in again" onSubmit={(event) => { const given = filled(event); void during(() => byPassword(given)); }}>
        <p><strong>First sign in again.</strong> You signed in more than 15 minutes ago, or not by a credential of yours. What you typed on this page stays.</p>
        {password && <Field label="Your password now" name="again" type="password" autoComplete="current-password" required />}
        {password && totp && <Field label="Code of your app" name="code" inputMode="numeric" autoComplete="one-time-code" required />}
        <Refused problem={problem} />
        <div className="row">
          {password && <Button type="submit" tone="main" busy={busy}>Sign in again</Button>}
          {isAble && passkeys.length > 0 && <Button busy={busy} onClick={() => void during(signIn)}>By passkey</Button>}
        </div>
        {!password && <p>On the machine itself run <code>remit open</code>, then come back to this tab.</p>}
      </form>
    </Banner>
  );
}
