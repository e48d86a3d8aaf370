// One rule: its sentence with each value that is set, whom that is for, and how much of it is used today.

import type { Exposure, Gauge, MandateRow, RuleRow } from "../../api/schema";
import { isDecimal, percent, sign, sum } from "../../api/decimal";
import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Amount } from "../../parts/Money";
import { whom, words } from "../../words";
import { Plainly } from "../limits/Said";
import { scopeOf, shown } from "../limits/values";

interface SafeguardProps {
  rule: RuleRow;
  rows: readonly MandateRow[];
  exposure: Exposure | undefined;
  /** Whose mandates one may change. */
  mine: readonly string[];
  onAbout: () => void;
  /** Change it for a subject; for one that is chosen then, where none is said. */
  onChange: (subject?: string) => void;
}

export function Safeguard({ rule, rows, exposure, mine, onAbout, onChange }: SafeguardProps) {
  const name = words(rule.rule);
  const groups = alike(rule, rows);
  const unset = rows.filter((row) => !groups.some(({ of }) => of.includes(row)));
  const used = exposure?.gauges.filter((one) => one.rule === rule.rule) ?? [];
  const isFree = mine.some((subject) => rule.scopes.includes(scopeOf(subject)) && !groups.some(({ of }) => of.some((row) => row.subject === subject)));
  return (
    <div className="safeguard">
      <header className="row apart">
        <h3>{name}</h3>
        <span className="row safeguard-acts">
          <Button tone="quiet" onClick={onAbout} aria-label={`What it means: ${name}`}>What it means</Button>
          {isFree && <Button tone="quiet" onClick={() => onChange()} aria-label={`${groups.length ? "Set for another" : "Set"}: ${name}`}>{groups.length ? "Set for another" : "Set"}</Button>}
        </span>
      </header>
      {groups.length === 0 && rule.default === null && <p className="soft"><Plainly rule={rule} currency="" />{rule.unset && <span className="small"> Not set. {rule.unset}</span>}</p>}
      {groups.map(({ value, currency, of }) => (
        <div key={`${JSON.stringify(value)} ${currency}`} className="safeguard-value">
          <p><Plainly rule={rule} value={value} currency={currency} /></p>
          <ul className="plain">
            {of.map(({ subject }) => (
              <li key={subject} className="safeguard-whose">
                <span>{whom(subject)}</span>
                {used.length > 0 && <Uses gauges={used.filter((one) => one.subject === subject)} />}
                {mine.includes(subject) && <Button onClick={() => onChange(subject)} aria-label={`Change ${name} of ${whom(subject)}`}>Change</Button>}
              </li>
            ))}
          </ul>
        </div>
      ))}
      {rule.default !== null && unset.length > 0 && (
        <div className="safeguard-value">
          <p><Plainly rule={rule} value={rule.default} currency="" /></p>
          <p className="small soft">Not set, and counts as {shown(rule, rule.default, "")}: {unset.map(({ subject }) => whom(subject)).join(", ")}</p>
        </div>
      )}
    </div>
  );
}

interface Alike {
  value: unknown;
  currency: string;
  of: MandateRow[];
}

/** Whoever has the same value, together. */
function alike({ rule }: RuleRow, rows: readonly MandateRow[]): Alike[] {
  const groups = new Map<string, Alike>();
  for (const row of rows) {
    const value = (row.mandate as Record<string, unknown> | null)?.[rule];
    if (value === undefined || value === null) continue;
    const key = `${JSON.stringify(value)} ${row.currency}`;
    const known = groups.get(key) ?? { value, currency: row.currency, of: [] };
    known.of.push(row);
    groups.set(key, known);
  }
  return [...groups.values()];
}

const NEAR = 80;

/** How much of it is used: the fullest, where it is counted for several. */
function Uses({ gauges = [] }: { gauges?: readonly Gauge[] | undefined }) {
  const [fullest] = [...gauges].sort((one, other) => (other.percent ?? 0) - (one.percent ?? 0));
  if (!fullest) return <span />;
  const { of, used, reserved, headroom, limit, holds, missing, unit, ready_in_s } = fullest;
  if (missing) return <span className="small bad">Not known: {missing}. Nothing opens meanwhile.</span>;
  const full = fullest.percent;
  const isMeasured = used !== null && isDecimal(used) && isDecimal(limit) && full !== null;
  if (!isMeasured) return <span className="small soft">{used !== null && !isDecimal(used) ? `${used} now` : ""}{ready_in_s ? `, free in ${ready_in_s} s` : ""}</span>;
  const share = Math.min(Math.max(percent(used, limit) ?? 0, 0), 100);
  const out = reserved !== null && isDecimal(reserved) ? Math.min(Math.max((percent(sum([used, reserved]), limit) ?? 0) - share, 0), 100 - share) : 0;
  return (
    <div className="safeguard-use">
      <div className={`bar ${holds ? (full >= NEAR ? "warn" : "main") : "bad"}`} role="meter" aria-label="Used now" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.min(Math.max(full, 0), 100)}>
        <span className="bar-used" style={{ width: `${share}%` }} /><span className="bar-reserved" style={{ width: `${out}%` }} />
      </div>
      <span className="small soft">
        {holds ? full >= NEAR && <><Badge tone="warn">Near</Badge> </> : <><Badge tone="bad">Exceeded</Badge> </>}
        <span className="number">{full} %</span>
        {headroom !== null && isDecimal(headroom) && <>, <Amount value={headroom.replace("-", "")} unit={unit} /> {sign(headroom) < 0 ? "over" : "left"}</>}
        {of && <> in {of}</>}{gauges.length > 1 && <>, the fullest of {gauges.length}</>}
      </span>
    </div>
  );
}
