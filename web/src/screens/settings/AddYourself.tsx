// Who set this up is known by a token alone at first. Only people of the book have credentials, so an operator adds themselves.

import type { Me, Person } from "../../api/schema";
import { useAct } from "../../api/use";
import { Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { toast } from "../../parts/Toast";

export function AddYourself({ me: { name, role, owner } }: { me: Me }) {
  const { act, busy, problem } = useAct("POST /v1/people");
  if (role !== "operator") return <Banner tone="warn">{name} is no person of the book yet, and only people have credentials. An operator adds you under People.</Banner>;
  const add = async (): Promise<void> => {
    const person: Person = { name, role, ...(owner && owner !== name ? { owner } : {}) };
    if (await act({}, person)) toast(`${name} is a person of the book now. Set a password first, then a second factor.`);
  };
  return (
    <div className="stack">
      <Banner tone="main" action={<Button tone="main" busy={busy} onClick={() => void add()}>Add yourself</Button>}>
        <p><strong>{name} is no person of the book yet, and only people have credentials:</strong> a password and a second factor. Added as {role}, you choose both here; your token stands as before.</p>
        <p className="small">On the machine it is <code>remit person add {name} --role {role}</code></p>
      </Banner>
      <Refused problem={problem} />
    </div>
  );
}
