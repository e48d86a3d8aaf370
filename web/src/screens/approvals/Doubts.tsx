// What an approval would not achieve as things stand now, said where it is given.

import type { Waiting } from "../../api/schema";
import { compare, isDecimal, priced } from "../../api/decimal";
import { Banner } from "../../parts/Banner";

/** Why approving now would come to nothing; empty where nothing shows that. The guard judges it again by the price of that moment. */
export function doubts({ side, worst_price, drift }: Pick<Waiting, "side" | "worst_price" | "drift">): string[] {
  const found: string[] = [];
  if (!drift.fresh) found.push("Its last price is not fresh: unless a newer one comes before you approve, it may be denied instead of sent.");
  if (drift.to !== null && isDecimal(drift.to) && isDecimal(worst_price) && compare(drift.to, worst_price) === (side === "buy" ? 1 : -1)) {
    found.push(`At the price now, ${priced(drift.to)}, it would not fill: it ${side === "buy" ? "pays no more" : "takes no less"} than ${priced(worst_price)}.`);
  }
  return found;
}

export function Doubts({ row }: { row: Waiting }) {
  const found = doubts(row);
  return found.length === 0 ? null : <Banner tone="warn" role="status">{found.map((one) => <p key={one}>{one}</p>)}</Banner>;
}
