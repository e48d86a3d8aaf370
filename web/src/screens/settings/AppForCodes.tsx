// An app for codes: its secret as a QR code, as text and as a link; it counts once a code of it was given.

import { type FormEvent, useState } from "react";
import type { App } from "../../api/schema";
import { useAct } from "../../api/use";
import { Refused } from "../../parts/Asked";
import { Button } from "../../parts/Button";
import { Confirm } from "../../parts/Confirm";
import { Field } from "../../parts/Field";
import { filled } from "../../parts/FormDialog";
import { Section } from "../../parts/Page";
import { toast } from "../../parts/Toast";
import { AppSecret } from "../sign-in/AppSecret";
import { otherwise, Recent } from "../sign-in/Recent";

export function AppForCodes({ has }: { has: boolean }) {
  const beginning = useAct("POST /v1/me/totp");
  const [app, setApp] = useState<App | null>(null);
  const begin = async (): Promise<void> => {
    const told = await beginning.act({});
    if (told) setApp(told);
  };
  return (
    <Section title="App for codes">
      <p>{has ? "You have one: its code is asked for beside your password." : "An app on your phone shows a code each half minute, which is asked for beside your password. You have none."}</p>
      {app ? <Adding app={app} onDone={() => setApp(null)} /> : (
        <>
          <Recent tried={[beginning]} />
          <Refused problem={otherwise(beginning.problem)} />
          <div className="row">
            <Button tone={has ? "plain" : "main"} busy={beginning.busy} onClick={() => void begin()}>{has ? "Set up another" : "Set one up"}</Button>
            {has && <Without />}
          </div>
        </>
      )}
    </Section>
  );
}

function Adding({ app, onDone }: { app: App; onDone: () => void }) {
  const { act, busy, problem, forget } = useAct("POST /v1/me/totp/confirm");
  const confirm = async (code: string): Promise<void> => {
    if (!await act({}, { code })) return;
    toast("From now on a code of the app is asked for.");
    onDone();
  };
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    const { code = "" } = filled(event);
    if (!busy) void confirm(code);
  };
  return (
    <div className="stack">
      <AppSecret app={app} />
      <Recent tried={[{ problem, forget }]} />
      <form className="stack" onSubmit={submit}>
        <Field label="Code that the app shows now" hint="Six digits, which change each half minute. By them it is known that the app has the secret." name="code" inputMode="numeric" autoComplete="one-time-code" pattern="\d{6}" required />
        <Refused problem={otherwise(problem)} />
        <div className="row"><Button type="submit" tone="main" busy={busy}>Use this app</Button><Button onClick={onDone}>Cancel</Button></div>
      </form>
    </div>
  );
}

function Without() {
  const { act, busy, problem, forget } = useAct("DELETE /v1/me/totp");
  const [open, setOpen] = useState(false);
  const remove = async (): Promise<void> => {
    const done = await act({});
    setOpen(false); // what it was refused stands beside the button
    if (done) toast("The app for codes is gone.");
  };
  return (
    <>
      <Button onClick={() => setOpen(true)}>Do without it</Button>
      {problem && <div className="stack tight">{otherwise(problem) ? <Refused problem={problem} /> : <Recent tried={[{ problem, forget }]} />}</div>}
      <Confirm open={open} onClose={() => setOpen(false)} title="Do without the app for codes" act="Do without it" why={false} busy={busy} onConfirm={() => void remove()}>
        <p>No code is asked for any more, and your other sessions end. Where people come from elsewhere, a password alone lets nobody in: add a passkey first.</p>
      </Confirm>
    </>
  );
}
