// What the person at the page may do here. The guard decides; this only keeps away what it would refuse.

import { session } from "../../api/session";
import { useShared } from "../../api/shared";

export interface May {
  /** Everything that is set up. */
  setUp: boolean;
  /** Issue and end tokens. */
  issue: boolean;
}

export function useMay(): May {
  const { me } = useShared(session);
  return { setUp: me?.role === "operator", issue: me?.role === "operator" || me?.role === "owner" };
}
