// One's own credentials: password, app for codes, passkeys, and the sessions that are open.

import { type FormEvent, useState } from "react";
import type { Me } from "../../api/schema";
import { useAct, useAsked } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Button } from "../../parts/Button";
import { Field } from "../../parts/Field";
import { filled } from "../../parts/FormDialog";
import { Section } from "../../parts/Page";
import { toast } from "../../parts/Toast";
import { Passkeys } from "../sign-in/Passkeys";
import { otherwise, Recent } from "../sign-in/Recent";
import { AddYourself } from "./AddYourself";
import { AppForCodes } from "./AppForCodes";
import { YourSessions } from "./YourSessions";

export function You() {
  const asked = useAsked("GET /v1/session", {});
  return (
    <Asked of={asked}>
      {(me) => (
        <>
          {!me.known && <AddYourself me={me} />}
          <div className="halves">
            {me.known && <Password me={me} />}
            {me.known && <AppForCodes has={me.totp} />}
            {me.known && <Section title="Passkeys"><Passkeys /></Section>}
            <YourSessions me={me} />
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
    toast(done.signed_out ? `Your password is set. ${done.signed_out} other ${done.signed_out === 1 ? "session has" : "sessions have"} ended.` : "Your password is set.");
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
        {password ? <Field label="Present password" name="current" type="password" autoComplete="current-password" required /> : <p className="soft">You have none yet. With one you come in without <code>remit open</code>.</p>}
        <Field label="New password" name="chosen" type="password" autoComplete="new-password" minLength={12} hint="12 characters or more." required />
        <Field label="New password again" name="twice" type="password" autoComplete="new-password" fault={fault} required />
        <Refused problem={otherwise(problem)} />
        <div><Button type="submit" tone="main" busy={busy}>Set it</Button></div>
      </form>
    </Section>
  );
}
