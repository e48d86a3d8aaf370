// A new token: for an agent, a client, a feed or a person. Its secret is shown once.

import { useState } from "react";
import type { IssuingToken } from "../../api/schema";
import { useAct, useAsked } from "../../api/use";
import { Button } from "../../parts/Button";
import { Dialog } from "../../parts/Dialog";
import { Choice, Field } from "../../parts/Field";
import { type Filled, FormDialog } from "../../parts/FormDialog";
import { Secret } from "../../parts/Secret";
import { ENDS_OR_NEVER, endOf } from "./ends";
import { session } from "../../api/session";
import { useShared } from "../../api/shared";

type Role = IssuingToken["role"];
const MACHINES = [["agent", "an agent"], ["client", "an outside client"], ["feed", "a feed of prices"]] as const;
const PERSONS = [
  ["operator", "a person: operator"], ["owner", "a person: owner"], ["approver", "a person: approver"], ["compliance", "a person: compliance"], ["auditor", "a person: auditor"],
] as const;

export function IssueToken({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { act, busy, problem, forget } = useAct("POST /v1/tokens");
  const [role, setRole] = useState<Role>("agent");
  const [made, setMade] = useState<{ name: string; secret: string } | null>(null);
  const known = useKnown(open);
  const { me } = useShared(session);
  const close = (): void => { setMade(null); forget(); onClose(); };
  const issue = async ({ name = "", owner, ends }: Filled): Promise<void> => {
    const behind = owner || known(role)?.find(([one]) => one === name)?.[1] || (role === "feed" ? (me?.owner ?? name) : name);
    const answer = await act({}, { role, name, owner: behind, expires_at: endOf(ends) });
    if (answer) setMade({ name, secret: answer.secret });
  };
  if (made) return <Shown title={`A token for ${made.name}`} secret={made.secret} open={open} onClose={close} />;
  const isOperator = me?.role === "operator";
  return (
    <FormDialog open={open} onClose={close} title="Issue a token" act="Issue it" busy={busy} problem={problem} onFilled={(given) => void issue(given)}>
      <Choice label="For" value={role} onChange={(event) => setRole(event.target.value as Role)} of={isOperator ? [...MACHINES, ...PERSONS] : MACHINES.slice(0, 2)} />
      {role === "feed" || known(role)?.length === 0 ? (
        <Field label="Name" name="name" hint={role === "feed" ? "Any name: prices are told apart by it." : "Nobody of that kind was added yet: add them first, and use the same name."} autoComplete="off" autoCapitalize="none" spellCheck={false} required />
      ) : (
        <Choice key={role} label="Name" name="name" of={[["", "Choose"], ...(known(role) ?? []).map(([name]) => [name, name] as const)]} defaultValue="" required />
      )}
      <Field label="Who answers for it" name="owner" hint="The person or owner in whose name it acts. Leave it empty for the one that the choice above belongs to." autoComplete="off" autoCapitalize="none" spellCheck={false} />
      <Choice label="It ends" name="ends" defaultValue="2160" of={ENDS_OR_NEVER} />
    </FormDialog>
  );
}

/** The secret of a token that was made, until it is closed. */
export function Shown({ title, secret, open, onClose }: { title: string; secret: string; open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} title={title}>
      <Secret label="The token" value={secret} hint="Programs send it as a bearer token." />
      <div className="row"><Button onClick={onClose}>I have it</Button></div>
    </Dialog>
  );
}

/** Who is known in a role, and the person behind each; undefined while that is not known. */
function useKnown(when: boolean): (role: Role) => [name: string, owner: string][] | undefined {
  const { data: agents } = useAsked("GET /v1/agents", { limit: 1000 }, { when });
  const { data: clients } = useAsked("GET /v1/clients", { limit: 1000 }, { when });
  const { data: people } = useAsked("GET /v1/people", { limit: 1000 }, { when });
  return (role) => {
    if (role === "agent") return agents?.items.map(({ name, owner }) => [name, owner]);
    if (role === "client") return clients?.items.map(({ name, agent }) => [name, agents?.items.find((one) => one.name === agent)?.owner ?? ""]);
    return people?.items.filter((one) => one.role === role && !one.disabled).map(({ name, owner }) => [name, owner]);
  };
}
