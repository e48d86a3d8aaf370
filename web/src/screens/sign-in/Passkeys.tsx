// A person's own passkeys: to see them, to add one, and to do without one.

import { useState, type FormEvent } from "react";
import { type Problem, problemOf } from "../../api/problem";
import type { Me } from "../../api/schema";
import { date } from "../../api/time";
import { useAct, useAsked } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Field } from "../../parts/Field";
import { add, isAble } from "./device";
import { otherwise, Recent } from "./Recent";

export function Passkeys() {
  const asked = useAsked("GET /v1/session", {});
  const [said, setSaid] = useState("");
  return (
    <>
      <p>A passkey is held by a device, which asks for your finger, face or PIN. It takes the place of password and code.</p>
      {said && <Banner tone="good" role="status">{said}</Banner>}
      <Asked of={asked}>{(me) => <Own me={me} onDone={(text) => { setSaid(text); void asked.refetch(); }} />}</Asked>
    </>
  );
}

function Own({ me, onDone }: { me: Me; onDone: (said: string) => void }) {
  const { act, busy, problem, forget } = useAct("DELETE /v1/me/passkeys/{passkey}");
  const [adding, setAdding] = useState<Problem | null>(null);
  const remove = async (passkey: string, name: string): Promise<void> => {
    const gone = await act({ passkey });
    if (gone) onDone(`Removed: ${name}.${gone.signed_out ? ` Your other sessions have ended: ${gone.signed_out}.` : ""}`);
  };
  return (
    <>
      {me.passkeys.length === 0 ? <p className="soft">You have none.</p> : (
        <ul className="plain stack tight">
          {me.passkeys.map(({ id, name, added_at }) => (
            <li key={id} className="row apart">
              <span><strong>{name}</strong> <span className="soft">added {date(added_at)}</span></span>
              <Button busy={busy} aria-label={`Remove ${name}`} onClick={() => void remove(id, name)}>Remove</Button>
            </li>
          ))}
        </ul>
      )}
      {me.known && <Recent tried={[{ problem, forget }, { problem: adding, forget: () => setAdding(null) }]} />}
      <Refused problem={otherwise(problem)} />
      {!me.known ? (
        <p>{me.name} is no person of the book yet, and only people have passkeys. On the machine: <code>remit person add {me.name} --role {me.role}</code></p>
      ) : isAble ? <Adding onDone={onDone} problem={adding} onProblem={setAdding} /> : <p>This browser is too old for passkeys.</p>}
    </>
  );
}

interface AddingProps {
  onDone: (said: string) => void;
  problem: Problem | null;
  onProblem: (problem: Problem | null) => void;
}

function Adding({ onDone, problem, onProblem }: AddingProps) {
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    onProblem(null);
    try {
      await add(name);
      setName("");
      onDone(`Added: ${name}. From now on you can sign in with it.`);
    } catch (fault) {
      onProblem(problemOf(fault));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <Field label="What you call it" name="passkey" value={name} onChange={(event) => setName(event.target.value)} maxLength={64} autoComplete="off" placeholder="phone" required />
      <Refused problem={otherwise(problem)} />
      <Button type="submit" tone="main" busy={busy}>Add a passkey</Button>
    </form>
  );
}
