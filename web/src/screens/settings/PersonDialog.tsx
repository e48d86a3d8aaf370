// One person, by an operator: their role, a first password, the end of their sessions, and a second factor that was lost.

import { type FormEvent, useEffect, useRef, useState } from "react";
import type { PersonRow } from "../../api/schema";
import { useAct } from "../../api/use";
import { Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Dialog } from "../../parts/Dialog";
import { Choice, Field } from "../../parts/Field";
import { toast } from "../../parts/Toast";
import { filled } from "../../parts/FormDialog";
import { otherwise, Recent } from "../sign-in/Recent";
import { ROLES } from "./AddPerson";

interface PartProps {
  row: PersonRow;
  /** What came of the last thing that was done here, shown where it was pressed. */
  said: string;
  onDone: (said: string) => void;
}

const Outcome = ({ said }: { said: string }) => said && <Banner tone="good" role="status">{said}</Banner>;

export function PersonDialog({ row, onClose }: { row: PersonRow; onClose: () => void }) {
  const [outcome, setOutcome] = useState({ part: "", said: "" });
  const isOpen = useRef(true);
  useEffect(() => {
    isOpen.current = true;
    return () => { isOpen.current = false; };
  }, []);
  const part = (name: string): PartProps => ({
    row, said: outcome.part === name ? outcome.said : "",
    onDone: (said) => (isOpen.current ? setOutcome({ part: name, said }) : toast(said)), // who closed this meanwhile is told too
  });
  return (
    <Dialog open onClose={onClose} title={row.name}>
      <Role {...part("role")} />
      <hr />
      <FirstPassword {...part("password")} />
      <hr />
      <Lost {...part("lost")} />
    </Dialog>
  );
}

function Role({ row: { name, role, disabled }, said, onDone }: PartProps) {
  const { act, busy, problem } = useAct("PUT /v1/people/{person}");
  const [chosen, setChosen] = useState(role);
  const set = async (shutOut: boolean, why: string): Promise<void> => {
    if (!await act({ person: name }, { role: chosen, disabled: shutOut, why })) return;
    onDone(shutOut ? `${name} is shut out.` : `${name} is ${chosen} now.`);
  };
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    const { why = "" } = filled(event);
    const pressed = (event.nativeEvent as SubmitEvent).submitter as HTMLButtonElement | null;
    if (!busy) void set(pressed?.value === "out", why);
  };
  return (
    <form className="stack" onSubmit={submit}>
      <h3>Role</h3>
      <p className="small">Another role, or being shut out, ends at once every token, session, key and preapproval of theirs, and what they proposed.</p>
      <Choice label="Role" value={chosen} onChange={(event) => setChosen(event.target.value as PersonRow["role"])} of={ROLES} />
      <Field label="Why" name="why" hint="It stands in the journal for good." maxLength={500} autoComplete="off" required />
      <Refused problem={problem} />
      <Outcome said={said} />
      <div className="row">
        <Button type="submit" tone="main" busy={busy} disabled={!disabled && chosen === role} value="role">{disabled ? "Let them in again" : "Give this role"}</Button>
        {!disabled && <Button type="submit" tone="danger" busy={busy} value="out">Shut out</Button>}
      </div>
    </form>
  );
}

function FirstPassword({ row: { name, password }, said, onDone }: PartProps) {
  const { act, busy, problem, forget } = useAct("POST /v1/people/{person}/password");
  const set = async (form: HTMLFormElement, chosen: string): Promise<void> => {
    if (!await act({ person: name }, { password: chosen })) return;
    form.reset();
    onDone(`Tell ${name} this password in person. It is good for choosing another with it, and nothing else.`);
  };
  return (
    <section className="stack">
      <h3>First password</h3>
      <Recent tried={[{ problem, forget }]} />
      <form className="stack" onSubmit={(event) => { const form = event.currentTarget; const { first = "" } = filled(event); if (!busy) void set(form, first); }}>
        <Field label="First password" name="first" type="password" autoComplete="new-password" minLength={12} hint={password ? "They have one: this takes its place, and their sessions end." : "12 characters or more, and none that is easy to guess. They choose another with it."} required />
        {busy && <p className="small soft" role="status">It is looked at whether it is easy to guess, and kept so that nobody can read it. That takes a few seconds.</p>}
        <Refused problem={otherwise(problem)} />
        <Outcome said={said} />
        <div><Button type="submit" busy={busy}>Set it</Button></div>
      </form>
    </section>
  );
}

/** What was lost: sessions on a device, the app for codes, a passkey. */
function Lost({ row: { name, totp = false, passkeys = [] }, said, onDone }: PartProps) {
  const leaving = useAct("POST /v1/people/{person}/sign-out");
  const app = useAct("DELETE /v1/people/{person}/totp");
  const key = useAct("DELETE /v1/people/{person}/passkeys/{passkey}");
  const ended = (count: number): string => `${count} ${count === 1 ? "session has" : "sessions have"} ended.`;
  const signOut = async (): Promise<void> => {
    const done = await leaving.act({ person: name });
    if (done) onDone(`${name} is signed out everywhere. ${ended(done.signed_out)}`);
  };
  const removeApp = async (): Promise<void> => {
    const done = await app.act({ person: name });
    if (done) onDone(`The app of ${name} is worth nothing any more. ${ended(done.signed_out)}`);
  };
  const removeKey = async (passkey: string, called: string): Promise<void> => {
    const done = await key.act({ person: name, passkey });
    if (done) onDone(`The passkey ${called} of ${name} is worth nothing any more. ${ended(done.signed_out)}`);
  };
  return (
    <section className="stack">
      <h3>Lost</h3>
      <p className="small">Taking a second factor away ends every session of theirs, and stands in the journal.</p>
      {(totp || passkeys.length > 0) && <Recent tried={[app, key]} />}
      <div className="row">
        <Button busy={leaving.busy} onClick={() => void signOut()}>Sign out everywhere</Button>
        {totp && <Button busy={app.busy} onClick={() => void removeApp()}>Take the app away</Button>}
        {passkeys.map(({ id, name: called }) => (
          <Button key={String(id)} busy={key.busy} onClick={() => void removeKey(String(id), String(called))}>Take the passkey {String(called)} away</Button>
        ))}
      </div>
      <Refused problem={otherwise(leaving.problem ?? app.problem ?? key.problem)} />
      <Outcome said={said} />
    </section>
  );
}
