// Who may trade by hand. The guard decides; this only saves a try.

import type { Me } from "../../api/schema";

export const mayTrade = ({ role }: Me): boolean => role === "operator" || role === "owner";
