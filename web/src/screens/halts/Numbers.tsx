// The numbers of a halt: its limit, what was measured then, and how that stands now.

import type { HaltRow } from "../../api/schema";
import { isDecimal, percent } from "../../api/decimal";
import { Amount, Measured } from "../../parts/Money";
import { words } from "../../words";

/** The limit against what was measured, then and now. */
export function Numbers({ halt: { rule, limit, actual, now, unit = "", stands = "", limit_now = "" } }: { halt: HaltRow }) {
  if (!actual) return null;
  if (!limit) return <p>Found: <strong>{actual}</strong></p>;
  return (
    <div className="halts-numbers">
      <p className="soft small">{words(rule)} <code>{rule}</code></p>
      <dl>
        <div><dt>{limit_now && limit_now !== limit ? "Limit then" : "Limit"}</dt><dd><Amount value={limit} unit={unit} /></dd></div>
        <div><dt>When it halted</dt><dd className="bad"><Measured value={actual} unit={unit} limit={limit} /></dd></div>
        {(now || stands) && (
          <div>
            <dt>{now ? "Now, still over" : "Now"}</dt>
            <dd className={now ? "bad" : ""}><Measured value={now || stands} unit={unit} limit={limit_now || limit} />{limit_now && <> of <Amount value={limit_now} unit={unit} /></>}</dd>
          </div>
        )}
      </dl>
      {isDecimal(limit) && isDecimal(actual) && <Over limit={limit_now || limit} actual={now || stands || actual} />}
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
