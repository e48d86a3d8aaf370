// Why something stands still, in words for somebody who has thirty seconds; the numbers stand beside them.

import { sentence } from "../../api/problem";
import type { HaltRow, Me } from "../../api/schema";

/** Halts under which an agent's own order passes where it provably reduces. */
const REDUCING = ["loss", "clock"];

/** What happened, as one sentence without its full stop. */
export const causeWords = ({ because }: Pick<HaltRow, "because">): string => sentence(because).slice(0, -1);

/** What still passes under a halt. */
export function passes({ cause, flatten }: HaltRow): string {
  if (cause === "kill") return `Nothing of it goes out, and what worked was cancelled. Exits stay in force.${flatten ? " Closing its positions was asked for too: how far that is stands below." : ""}`;
  if (REDUCING.includes(cause)) return "Nothing that adds risk goes out. Orders that provably reduce, and exits, still pass.";
  return "No order of it goes out. Exits stay in force, and a person may still reduce by hand.";
}


const BY_PEOPLE = ["kill", "person"];

/** Why this person may not end a halt; empty where they may. The guard decides; this only saves a try. */
export function keptFrom({ subject, cause, by_owner = "" }: HaltRow, { role, owner }: Me): string {
  if (role === "operator") return "";
  if (role !== "owner") return "An operator ends it, or the owner of the account where a limit raised it.";
  if (subject === "firm" || subject.startsWith("venue:")) return "It stops more than your accounts: an operator ends it.";
  return BY_PEOPLE.includes(cause) && by_owner !== owner ? "Somebody else raised it: an operator ends it." : "";
}

/** Whether someone may stop things at all, and ask or decide about venues. */
export const mayStop = ({ role }: Me): boolean => ["operator", "owner", "approver"].includes(role);
export const mayAsk = ({ role }: Me): boolean => ["operator", "owner"].includes(role);
export const mayDecide = ({ role }: Me): boolean => role === "operator";
