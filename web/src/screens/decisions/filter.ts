// What is chosen stands in the address, so that it can be kept, sent and gone back to.

import type { LineQuery } from "../../api/schema";
import { instant } from "../../api/time";
import type { Filter } from "./lines";

type Kind = NonNullable<LineQuery["kind"]>;
type Verdict = NonNullable<LineQuery["verdict"]>;

export const KINDS: readonly (readonly [Kind, string])[] = [
  ["order", "Orders"], ["violation", "Violations"], ["fill", "Fills"], ["thought", "Thoughts"], ["action", "Actions"], ["approval", "Approvals"],
  ["exit", "Exits"], ["halt", "Halts"], ["limit", "Limits near or over"], ["mandate", "Mandates"], ["access", "Access"], ["drift", "Drifts"],
  ["fact", "Facts"], ["error", "Errors of agents"], ["guard", "The guard"],
];
export const VERDICTS: readonly (readonly [Verdict, string])[] = [["allow", "Allowed"], ["hold", "Held"], ["deny", "Denied"]];
export const NAMES = ["agent", "account", "instrument", "kind", "verdict", "since", "until", "looks"] as const;

const known = <V extends string>(of: readonly (readonly [V, string])[], value: string | null): V | undefined => of.find(([one]) => one === value)?.[0];

/** The filter that an address holds; what it holds beside that is passed over. */
export function filterOf(search: URLSearchParams): Filter {
  const kind = known(KINDS, search.get("kind"));
  const found = {
    agent: search.get("agent") || undefined, account: search.get("account") || undefined, instrument: search.get("instrument") || undefined,
    kind, verdict: known(VERDICTS, search.get("verdict")), since: momentOf(search.get("since")), until: momentOf(search.get("until")),
    trading: kind || search.get("kind") === "all" ? undefined : true, looks: search.get("looks") === "1" ? undefined : false,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as Filter;
}

/** A time of this machine's clock, as a field of the page writes it, as an instant. */
function momentOf(written: string | null): number | undefined {
  const at = new Date(written ?? "").getTime();
  return Number.isNaN(at) || at < 0 ? undefined : instant(at);
}
