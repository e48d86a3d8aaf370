// A token that is worth nothing any more, at once.

import type { TokenRow } from "../../api/schema";
import { session } from "../../api/session";
import { useShared } from "../../api/shared";
import { useAct } from "../../api/use";
import { Confirm } from "../../parts/Confirm";
import { toast } from "../../parts/Toast";

export function RevokeToken({ row: { token, prefix, name, role, session: isSession }, onClose }: { row: TokenRow; onClose: () => void }) {
  const { act, busy, problem } = useAct("POST /v1/tokens/{token}/revoke");
  const { me } = useShared(session);
  const revoke = async (why: string): Promise<void> => {
    if (!await act({ token }, { why })) return;
    toast(`${prefix}… of ${name} is revoked.`);
    onClose();
  };
  return (
    <Confirm open onClose={onClose} title={`Revoke ${prefix}… of ${name}`} act="Revoke" busy={busy} problem={problem} onConfirm={(why) => void revoke(why)}>
      <p>{isSession ? "This browser is signed out" : `Whatever uses it as ${role} ${name} is refused`} at once, and its open streams end. What it had set by itself alone (a first password, an app, a passkey) ends with it. Orders that went out stay out.</p>
      {token === me?.token && <p className="bad"><strong>It is the one that you are signed in with.</strong> You are signed out.</p>}
    </Confirm>
  );
}
