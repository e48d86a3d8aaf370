// One's own credentials: password, app for codes, passkeys, and the sessions that are open.

import { type FormEvent, useState } from "react";
import type { Me } from "../../api/schema";
import { signedOut } from "../../api/session";
import { useAct, useAsked } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Badge, Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Field } from "../../parts/Field";
import { filled } from "../../parts/FormDialog";
import { Section } from "../../parts/Page";
import { toast } from "../../parts/Toast";
import { When } from "../../parts/When";
import { Passkeys } from "../sign-in/Passkeys";
import { otherwise, Recent } from "../sign-in/Recent";
import { AppForCodes } from "./AppForCodes";

export function You() {
  const asked = useAsked("GET /v1/session", {});
  return (
    <Asked of={asked}>
      {(me) => (
        <>
          {!me.known && (
            <Banner tone="warn">
              {me.name} is no person of the book yet, and only people have credentials. Add yourself under People, as {me.role}; or on the machine: <code>remit person add {me.name} --role {me.role}</code>
            </Banner>
          )}
          <div className="halves">
            {me.known && <Password me={me} />}
            {me.known && <AppForCodes has={me.totp} />}
            {me.known && <Section title="Passkeys"><Passkeys /></Section>}
            <Sessions me={me} />
          </div>
        </>
      )}
    </Asked>
  );
}

function Password({ me: { password } }: { me: Me }) {
  const { act, busy, problem, forget } = useAct("POST /v1/me/password");
  const [fault, setFault] = useState("");
  const set = async (form: HTMLFormElement, current: string, chosen: string): Promise<void> => {
    const done = await act({}, { password: chosen, ...(password ? { current } : {}) });
    if (!done) return;
    form.reset();
    toast(done.signed_out ? `Your password is set. ${done.signed_out} other sessions have ended.` : "Your password is set.");
  };
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    const form = event.currentTarget;
    const { current = "", chosen = "", twice = "" } = filled(event);
    const differ = chosen !== twice;
    setFault(differ ? "The two new passwords differ." : "");
    if (!differ && !busy) void set(form, current, chosen);
  };
  return (
    <Section title="Password">
      <Recent tried={[{ problem, forget }]} />
      <form className="stack" onSubmit={submit}>
        {password ? <Field label="Present password" name="current" type="password" autoComplete="current-password" required /> : <p className="soft">You have none.</p>}
        <Field label="New password" name="chosen" type="password" autoComplete="new-password" minLength={12} hint="12 characters or more." required />
        <Field label="New password again" name="twice" type="password" autoComplete="new-password" fault={fault} required />
        <Refused problem={otherwise(problem)} />
        <div><Button type="submit" tone="main" busy={busy}>Set it</Button></div>
      </form>
    </Section>
  );
}

function Sessions({ me: { sessions, token } }: { me: Me }) {
  const ending = useAct("POST /v1/tokens/{token}/revoke");
  const leaving = useAct("POST /v1/session/sign-out");
  const end = async (which: string): Promise<void> => {
    if (await ending.act({ token: which }, { why: "ended by its person" })) toast("The session has ended.");
  };
  const leave = async (): Promise<void> => {
    if (await leaving.act({}, { everywhere: true })) signedOut("You are signed out everywhere.");
  };
  return (
    <Section title="Your sessions">
      {sessions.length === 0 ? <p className="soft">None: you came by a token.</p> : (
        <ul className="plain stack tight">
          {sessions.map(({ token: which, issued_at, last_use }) => (
            <li key={which} className="row apart">
              <span>Since <When at={issued_at} />{last_use && <span className="soft">, used <When at={last_use} as="ago" /></span>} {which === token && <Badge tone="main">this one</Badge>}</span>
              {which !== token && <Button busy={ending.busy} onClick={() => void end(which)} aria-label={`End the session ${which}`}>End it</Button>}
            </li>
          ))}
        </ul>
      )}
      <Refused problem={ending.problem ?? leaving.problem} />
      <div><Button busy={leaving.busy} onClick={() => void leave()}>Sign out everywhere</Button></div>
    </Section>
  );
}
