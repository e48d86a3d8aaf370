// A token that takes over from another, which lives on for a while.

import { useState } from "react";
import type { TokenRow } from "../../api/schema";
import { useAct } from "../../api/use";
import { Choice } from "../../parts/Field";
import { FormDialog } from "../../parts/FormDialog";
import { ENDS_OR_NEVER, endOf } from "./ends";
import { Shown } from "./IssueToken";

const OVERLAPS = [["0", "not at all"], ["3600", "for an hour"], ["86400", "for a day"], ["604800", "for a week"]] as const;

export function RotateToken({ row: { token, prefix, name }, onClose }: { row: TokenRow; onClose: () => void }) {
  const { act, busy, problem } = useAct("POST /v1/tokens/{token}/rotate");
  const [secret, setSecret] = useState("");
  const rotate = async (overlap: string, ends: string): Promise<void> => {
    const answer = await act({ token }, { overlap_s: Number(overlap), expires_at: endOf(ends) });
    if (answer) setSecret(answer.secret);
  };
  if (secret) return <Shown title={`A new token for ${name}`} secret={secret} open onClose={onClose} />;
  return (
    <FormDialog open onClose={onClose} title={`Rotate ${prefix}… of ${name}`} act="Rotate" busy={busy} problem={problem} onFilled={({ overlap = "", ends = "" }) => void rotate(overlap, ends)}>
      <p>A new token that stands for the same. Where this one is in wrong hands, revoke it instead.</p>
      <Choice label="The old one lives on" name="overlap" defaultValue="86400" of={OVERLAPS} />
      <Choice label="The new one ends" name="ends" defaultValue="2160" of={ENDS_OR_NEVER} />
    </FormDialog>
  );
}
