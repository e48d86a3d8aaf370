// One's open sessions: what tells them apart, and how they end. No browser says what it is in a way that could be believed, so
// who does not know one ends it, or all but their own.

import type { Me } from "../../api/schema";
import { signedOut } from "../../api/session";
import { useAct, useAsked } from "../../api/use";
import { Refused } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Section } from "../../parts/Page";
import { toast } from "../../parts/Toast";
import { When } from "../../parts/When";

export function YourSessions({ me: { sessions, token } }: { me: Me }) {
  const rows = useAsked("GET /v1/tokens", { limit: 1000 }).data?.items ?? [];
  const ending = useAct("POST /v1/tokens/{token}/revoke");
  const leaving = useAct("POST /v1/session/sign-out");
  const others = sessions.filter((one) => one.token !== token);
  const end = async (which: readonly string[]): Promise<void> => {
    for (const one of which) if (!await ending.act({ token: one }, { why: "ended by its person" })) return;
    toast(which.length === 1 ? "The session has ended." : `${which.length} sessions have ended.`);
  };
  const leave = async (): Promise<void> => {
    if (await leaving.act({}, { everywhere: true })) signedOut("You are signed out everywhere.");
  };
  return (
    <Section title="Your sessions">
      {sessions.length === 0 ? <p className="soft">None: you came by a token.</p> : (
        <ul className="plain stack tight">
          {sessions.map(({ token: which, issued_at, last_use }) => {
            const row = rows.find((one) => one.token === which);
            const name = row ? `${row.prefix}…` : which;
            return (
              <li key={which} className="row apart">
                <span>
                  <code>{name}</code> {which === token && <Badge tone="main">this one</Badge>}<br />
                  <span className="small">{row && (row.parent ? <>by <code>remit open</code> </> : "by signing in on a page ")}since <When at={issued_at} as="dated" />, {last_use ? <>last used <When at={last_use} as="ago" /></> : "not used since"}</span>
                </span>
                {which !== token && <Button busy={ending.busy} onClick={() => void end([which])} aria-label={`End the session ${name}`}>End it</Button>}
              </li>
            );
          })}
        </ul>
      )}
      <Refused problem={ending.problem ?? leaving.problem} />
      <div className="row">
        {others.length > 0 && <Button busy={ending.busy} onClick={() => void end(others.map((one) => one.token))}>End all but this one</Button>}
        <Button busy={leaving.busy} onClick={() => void leave()}>Sign out everywhere</Button>
      </div>
    </Section>
  );
}
