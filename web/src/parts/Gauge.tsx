// One limit: how much of it is used, how much more is reserved by orders that are out, and what is left.

import type { Gauge as Limit } from "../api/schema";
import { isDecimal, percent, sign } from "../api/decimal";
import { subjectWords, unitWords, words } from "../words";
import { Amount, Figure } from "./Money";
import { Badge } from "./Banner";

const NEAR = 80;

/** A limit in force as `/v1/exposure` tells it. */
export function Gauge({ limit, whose = true }: { limit: Limit; whose?: boolean }) {
  const { rule, subject, of, used, reserved, headroom, holds, missing } = limit;
  const { unit } = limit;
  const isMeasured = isDecimal(limit.limit) && used !== null && isDecimal(used);
  return (
    <div className="gauge">
      <div className="row apart">
        <span className="gauge-name">
          {words(rule)}
          {of && <span className="soft"> · {of}</span>}
          {whose && <span className="soft small"> {subjectWords(subject)}</span>}
        </span>
        <span className="row">
          {!holds && <Badge tone="bad">Exceeded</Badge>}
          {holds && (limit.percent ?? 0) >= NEAR && <Badge tone="warn">Near</Badge>}
          <span>
            {limit.percent !== null && <><strong className="number">{limit.percent} %</strong> of </>}
            <Figure value={limit.limit} unit={unitWords(unit)} />
          </span>
        </span>
      </div>
      {isMeasured && <Bar limit={limit} />}
      {missing ? (
        <p className="small bad">Not known: {missing}. Nothing opens while it is missing.</p>
      ) : isMeasured && (
        <p className="small soft">
          Used <Amount value={used} unit={unit} beside={limit.limit} bare />
          {reserved !== null && sign(reserved) !== 0 && <> · reserved <Amount value={reserved} unit={unit} bare /></>}
          {headroom !== null && <> · {isDecimal(headroom) && sign(headroom) < 0 ? "over by" : "left"} <Amount value={headroom.replace("-", "")} unit={unit} /></>}
        </p>
      )}
    </div>
  );
}

function Bar({ limit: { used, reserved, limit, holds, rule, ...row } }: { limit: Limit }) {
  const full = clamped(percent(used ?? "0", limit));
  const out = Math.min(clamped(percent(reserved ?? "0", limit)), 100 - full);
  const tone = !holds ? "bad" : (row.percent ?? full + out) >= NEAR ? "warn" : "main";
  return (
    <div className={`bar ${tone}`} role="meter" aria-label={words(rule)} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.min(row.percent ?? full + out, 100)}>
      <span className="bar-used" style={{ width: `${full}%` }} />
      <span className="bar-reserved" style={{ width: `${out}%` }} />
    </div>
  );
}

const clamped = (value: number | null): number => Math.min(Math.max(value ?? 100, 0), 100);
