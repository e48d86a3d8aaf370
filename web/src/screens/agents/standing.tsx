// How an agent stands, in a word.

import type { AgentRow } from "../../api/schema";
import { Badge } from "../../parts/Banner";

export function Standing({ of: { halted, paused, mandate, connections, capabilities } }: { of: AgentRow }) {
  if (halted.length > 0) return <Badge tone="bad">Halted</Badge>;
  if (paused.length > 0) return <Badge tone="warn">Paused</Badge>;
  if (mandate === null) return <Badge tone="warn">No mandate</Badge>;
  if (connections.length === 0) return <Badge tone="warn">No connection</Badge>;
  if (!capabilities.includes("place_order")) return <Badge>May not trade</Badge>;
  return <Badge tone="good">May trade</Badge>;
}
