// Why something stands still, in words for somebody who has thirty seconds; the numbers stand beside them.

import type { HaltRow, Me } from "../../api/schema";
import { subjectWords, words } from "../../words";

const CAUSES: { [cause: string]: string } = {
  loss: "A loss limit was reached",
  drift: "Book and venue differ",
  throttle: "A limit was hit that stops at once",
  unknown: "Nobody knows what became of orders",
  kill: "A person killed it",
  person: "A person halted it",
  clock: "The clock of this machine jumped",
  overfill: "The venue filled more than was asked",
};
const RULES: { [rule: string]: string } = {
  halt_file: "The file HALT lies in the data folder",
  reconcile: "The venue shows something else than the book",
  unexpected_fill: "A fill came that belongs to no order of the book",
  busted_fill: "The venue took a fill back",
  external_order: "An order works at the venue that was not placed here",
  unknown_age_max: "An order's outcome has been unknown for too long",
  unknown_count_max: "Too many orders have an unknown outcome",
  daily_loss_max: "It lost more today than it may",
  drawdown_max: "It fell further below its best than it may",
  child_quantity_max: "The parts of an order came to more than the order",
  repeated_execution_max: "It placed as many orders as it may before a person looks",
  rejections_in_row_max: "The venue rejected too many of its orders in a row",
};
/** Halts under which an agent's own order passes where it provably reduces. */
const REDUCING = ["loss", "clock"];

/** What happened, as one sentence without its full stop. */
export function causeWords({ cause, rule }: Pick<HaltRow, "cause" | "rule">): string {
  return RULES[rule] ?? CAUSES[cause] ?? words(cause);
}

/** What still passes under a halt. */
export function passes({ cause, flatten }: HaltRow): string {
  if (cause === "kill") return `Nothing of it goes out, and what worked was cancelled. Exits stay in force.${flatten ? " Its positions are being closed." : ""}`;
  if (REDUCING.includes(cause)) return "Nothing that adds risk goes out. Orders that provably reduce, and exits, still pass.";
  return "No order of it goes out. Exits stay in force, and a person may still reduce by hand.";
}

/** Whom it stops, at the head of a sentence. */
export const whom = (subject: string): string => {
  const said = subjectWords(subject);
  return said.charAt(0).toUpperCase() + said.slice(1);
};

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
