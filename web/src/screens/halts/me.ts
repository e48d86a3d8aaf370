// Who looks at the screen: signed in, since nobody else sees one.

import { session } from "../../api/session";
import { useShared } from "../../api/shared";
import type { Me } from "../../api/schema";

const NOBODY: Me = {
  name: "", role: "auditor", owner: "", token: "", session: false, expires_at: null, known: false, password: false, totp: false,
  passkeys: [], sessions: [], csrf: "",
};

export const useMe = (): Me => useShared(session).me ?? NOBODY;
