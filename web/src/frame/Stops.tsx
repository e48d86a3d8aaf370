// What stops trading now, on every screen: halts are the guard's, pauses a person's, and the two are never blurred.

import { Link } from "wouter";
import { brief } from "../api/decimal";
import type { HaltRow, PauseRow, Status } from "../api/schema";
import { Badge } from "../parts/Banner";
import { When } from "../parts/When";
import { sentence } from "../api/problem";
import { causeWords } from "../screens/halts/causes";
import { subjectWords } from "../words";

const SHOWN = 3;

export function Stops({ status }: { status: Status | undefined }) {
  if (!status) return null;
  const { halts, pauses, halt_file } = status;
  const isStopped = halts.length + pauses.length > 0 || halt_file;
  const more = halts.length + pauses.length - SHOWN;
  return (
    <ul className={isStopped ? "plain stops" : "plain"} aria-label="What stops trading" aria-live="polite">
      {halt_file && <li><Badge tone="bad">Halted</Badge> <span><strong>Everything, by the halt file.</strong> Nothing opens until it is gone: <code>remit doctor</code> says where it lies.</span></li>}
      {halts.slice(0, SHOWN).map((halt) => <HaltLine key={halt.id} halt={halt} />)}
      {pauses.slice(0, Math.max(SHOWN - halts.length, 0)).map((pause) => <PauseLine key={pause.subject} pause={pause} />)}
      {more > 0 && <li><Link href="/halts">And {more} more that stop trading</Link></li>}
    </ul>
  );
}

function HaltLine({ halt }: { halt: HaltRow }) {
  const { subject, actual, limit, why, at, reviewed_by, unit } = halt;
  const of = unit && unit !== "count" ? ` ${unit}` : "";
  const numbers = actual && limit && `: ${brief(actual)}${of}, the limit is ${brief(limit)}${of}`;
  return (
    <li>
      <Badge tone="bad">Halted</Badge>
      <span>
        <strong>{sentence(subjectWords(subject))}</strong> {causeWords(halt)}{numbers}. {why && sentence(why)}{" "}
        <span className="soft"><When at={at} as="ago" /></span>
      </span>
      <Link href="/halts">{reviewed_by ? "Resume" : "Review"}</Link>
    </li>
  );
}

function PauseLine({ pause: { subject, by, why, at } }: { pause: PauseRow }) {
  return (
    <li>
      <Badge tone="warn">Paused</Badge>
      <span>
        <strong>{sentence(subjectWords(subject)).slice(0, -1)}</strong> by {by}. {why && sentence(why)}{" "}
        <span className="soft"><When at={at} as="ago" /></span>
      </span>
      <Link href="/halts">Look</Link>
    </li>
  );
}
