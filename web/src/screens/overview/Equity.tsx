// A day of one account's equity as a small curve, and in words.

import { useMemo } from "react";
import { brief } from "../../api/decimal";
import { sentence } from "../../api/problem";
import { duration, instant, milliseconds, now } from "../../api/time";
import { useAsked } from "../../api/use";
import type { AccountRow } from "../../api/schema";
import { curveOf, HIGH, WIDE, type Curve } from "./curve";

const DAY_MS = 86_400_000;
const YOUNG_MS = 2 * 3_600_000; // what is known for no longer is worth the minutes of it
const EVERY_MS = 60_000;

export default function Equity({ account: { name, currency, equity } }: { account: AccountRow }) {
  const since = useMemo(() => instant(now() - DAY_MS), [name]);
  const { data: day, error } = useAsked("GET /v1/history/equity", { account: name, since, step_s: 300 }, { every: EVERY_MS });
  const isYoung = typeof day?.known_from === "number" && instant(now()) - day.known_from < YOUNG_MS * 1e6;
  const first = useAsked("GET /v1/history/equity", { account: name, since, step_s: 60 }, { every: EVERY_MS, when: isYoung });
  const data = (isYoung && first.data) || day;
  const curve = useMemo(() => data && curveOf(data.points, { at: instant(now()), equity }), [data, equity]);
  if (error) return <p className="small soft">No curve: {sentence(error.detail)}</p>;
  if (!data) return <div className="curve" role="status" aria-busy="true"><span className="heard">Loading</span></div>;
  return (
    <div className="stack tight">
      {curve ? <Drawn curve={curve} words={wordsOf(curve, currency, data.known_from)} /> : <p className="small soft">Its curve begins with the next minute.</p>}
      {data.fault && <p className="small warn">Not all of its past is there. {sentence(data.fault)}</p>}
    </div>
  );
}

function Drawn({ curve: { path, base, change }, words }: { curve: Curve; words: string }) {
  return (
    <figure className="curve">
      <svg viewBox={`0 0 ${WIDE} ${HIGH}`} preserveAspectRatio="none" role="img" aria-label={words} className={change < 0 ? "bad" : change > 0 ? "good" : ""}>
        <path d={`M0 ${base}H${WIDE}`} className="curve-base" />
        <path d={path} className="curve-line" />
      </svg>
      <figcaption className="small soft">{words}</figcaption>
    </figure>
  );
}

function wordsOf({ first, low, high }: Curve, currency: string, knownFrom: number | null): string {
  const known_s = knownFrom === null ? 0 : (now() - milliseconds(knownFrom)) / 1000;
  return `In the last ${known_s * 1000 < DAY_MS ? duration(known_s) : "day"} from ${brief(first)}, between ${brief(low)} and ${brief(high)} ${currency}`;
}
