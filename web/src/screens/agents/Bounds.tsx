// The limits that each order of an agent is judged by, as sentences: what they come to in all, and whose word decides.

import type { Effective, EffectiveLimit, RuleRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { subjectWords } from "../../words";
import { Plainly } from "../limits/Said";

/** The ones that bound a loss soonest, in this order; all others are one press away. */
const FIRST = ["daily_loss_max", "drawdown_max", "order_notional_max", "order_quantity_max", "capital_max", "gross_exposure_max", "approval_notional_min", "quorum_notional_min", "orders_per_day_max", "order_rate_max"];

export function Bounds({ of: { limits }, currency }: { of: Effective; currency: string }) {
  const rules = useAsked("GET /v1/rules", {}).data?.items;
  if (!rules || limits.length === 0) return null;
  const first = FIRST.flatMap((name) => limits.filter(({ limit }) => limit === name));
  const rest = limits.filter(({ limit }) => !FIRST.includes(limit));
  return (
    <div className="stack tight">
      <h3>What would stop an order</h3>
      <Sentences of={first} rules={rules} currency={currency} />
      {rest.length > 0 && (
        <details className="agents-more">
          <summary>{rest.length} more limits</summary>
          <Sentences of={rest} rules={rules} currency={currency} />
        </details>
      )}
    </div>
  );
}

function Sentences({ of, rules, currency }: { of: readonly EffectiveLimit[]; rules: readonly RuleRow[]; currency: string }) {
  return (
    <ul className="plain agents-points">
      {of.map((limit) => {
        const rule = rules.find((row) => row.rule === limit.limit);
        return (
          <li key={limit.limit}>
            {rule ? <Plainly rule={rule} value={typedOf(limit)} currency={currency} /> : String(limit.effective)} <span className="small soft">{limit.decides.map(subjectWords).join(", ")} <code>{limit.limit}</code></span>
          </li>
        );
      })}
    </ul>
  );
}

/** The value of whoever decides, in the shape that a mandate has it. */
const typedOf = ({ effective, decides, from }: EffectiveLimit): unknown => from.find(({ subject }) => subject === decides[0])?.value ?? effective;
