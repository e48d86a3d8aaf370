// The numbers of a halt: its limit, what was measured then, and how that stands now.

import type { HaltRow } from "../../api/schema";
import { isDecimal, percent } from "../../api/decimal";
import { Amount } from "../../parts/Money";
import { words } from "../../words";

/** The limit against what was measured, then and now. */
export function Numbers({ halt: { rule, limit, actual, now, unit = "" } }: { halt: HaltRow }) {
  if (!actual) return null;
  if (!limit) return <p>Found: <strong>{actual}</strong></p>;
  return (
    <div className="halts-numbers">
      <p className="soft small">{words(rule)} <code>{rule}</code></p>
      <dl>
        <div><dt>Limit</dt><dd><Amount value={limit} unit={unit} /></dd></div>
        <div><dt>When it halted</dt><dd className="bad"><Amount value={actual} unit={unit} /></dd></div>
        {now && <div><dt>Now, still over</dt><dd className="bad"><Amount value={now} unit={unit} /></dd></div>}
      </dl>
      {isDecimal(limit) && isDecimal(actual) && <Over limit={limit} actual={now || actual} />}
    </div>
  );
}

/** How far beyond its limit it is; the line stands where the limit is. */
function Over({ limit, actual }: { limit: string; actual: string }) {
  const share = percent(actual, limit);
  if (share === null || share <= 0) return null;
  const full = Math.max(share, 100);
  return (
    <div className="halts-over" role="img" aria-label={`${share} % of the limit`}>
      <span className="bad" style={{ width: `${(share / full) * 100}%` }} />
      <i style={{ insetInlineStart: `${(100 / full) * 100}%` }} />
    </div>
  );
}
