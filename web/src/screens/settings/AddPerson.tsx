// A new person: a name with one role.

import { useState } from "react";
import type { Person } from "../../api/schema";
import { useAct } from "../../api/use";
import { Choice, Field } from "../../parts/Field";
import { type Filled, FormDialog } from "../../parts/FormDialog";
import { toast } from "../../parts/Toast";

export const ROLES: readonly (readonly [role: Person["role"], words: string])[] = [
  ["operator", "operator: everything"], ["owner", "owner: their own accounts"], ["approver", "approver: answers, pauses, halts"],
  ["compliance", "compliance: sees everything"], ["auditor", "auditor: sees all but what agents wrote"],
];

export function AddPerson({ onClose }: { onClose: () => void }) {
  const { act, busy, problem } = useAct("POST /v1/people");
  const [role, setRole] = useState<Person["role"]>("approver");
  const add = async ({ name = "", owner = "" }: Filled): Promise<void> => {
    if (!await act({}, { name, role, ...(owner ? { owner } : {}) })) return;
    toast(`${name} is added as ${role}. They need a first password or a token to come in.`);
    onClose();
  };
  return (
    <FormDialog open onClose={onClose} title="Add a person" act="Add them" busy={busy} problem={problem} onFilled={(given) => void add(given)}>
      <Field label="Name" name="name" autoComplete="off" autoCapitalize="none" spellCheck={false} required />
      <Choice label="Role" value={role} onChange={(event) => setRole(event.target.value as Person["role"])} of={ROLES} />
      <Field label="Acts as the owner" name="owner" hint={role === "owner" ? "The owner whose accounts are theirs." : "Leave it empty in most houses. Two people who act as the same owner count as one wherever a second person is asked for."} autoComplete="off" autoCapitalize="none" spellCheck={false} required={role === "owner"} />
    </FormDialog>
  );
}
