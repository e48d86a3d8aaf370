// What stops trading now, on every screen: halts are the guard's, pauses a person's, and the two are never blurred.

import { useState } from "react";
import { Link } from "wouter";
import { brief } from "../api/decimal";
import type { HaltRow, PauseRow, Status } from "../api/schema";
import { Badge } from "../parts/Banner";
import { measured } from "../parts/Money";
import { When } from "../parts/When";
import { sentence } from "../api/problem";
import { causeWords } from "../screens/halts/causes";
import { subjectWords, unitWords } from "../words";

const SHOWN = 3;

export function Stops({ status }: { status: Status | undefined }) {
  const [open, setOpen] = useState(false);
  if (!status) return null;
  const { halts, pauses, halt_file } = status;
  const isStopped = halts.length + pauses.length > 0 || halt_file;
  const more = halts.length + pauses.length - SHOWN;
  const isFolded = halts.length + pauses.length > 1 && !open;
  return (
    <ul className={`plain${isStopped ? " stops" : ""}${isFolded ? " folded" : ""}`} aria-label="What stops trading" aria-live="polite">
      {halts.length + pauses.length > 1 && <FoldLine halts={halts} pauses={pauses} open={open} onTurn={() => setOpen(!open)} />}
      {halt_file && <li className="stops-all"><Badge tone="bad">Halted</Badge> <span><strong>Everything, by the halt file.</strong> Nothing opens until it is gone: <code>remit doctor</code> says where it lies.</span></li>}
      {halts.slice(0, SHOWN).map((halt) => <HaltLine key={halt.id} halt={halt} />)}
      {pauses.slice(0, Math.max(SHOWN - halts.length, 0)).map((pause) => <PauseLine key={pause.subject} pause={pause} />)}
      {more > 0 && <li><Link href="/halts">And {more} more that stop trading</Link></li>}
    </ul>
  );
}

/** All of them in one line, on a phone alone: there it is opened by whoever wants the rest. */
function FoldLine({ halts, pauses, open, onTurn }: Pick<Status, "halts" | "pauses"> & { open: boolean; onTurn: () => void }) {
  const counts = [halts.length > 0 && `${halts.length} halted`, pauses.length > 0 && `${pauses.length} paused`].filter(Boolean).join(", ");
  const whose = [...new Set([...halts, ...pauses].map(({ subject }) => subjectWords(subject)))].join(", ");
  return (
    <li className="stops-fold">
      <Badge tone={halts.length > 0 ? "bad" : "warn"}>{counts}</Badge>
      <span>{sentence(whose)}</span>
      <button type="button" className="button quiet" aria-expanded={open} onClick={onTurn}>{open ? "Hide" : "Show"}</button>
    </li>
  );
}

function HaltLine({ halt }: { halt: HaltRow }) {
  const { subject, actual, limit, why, at, reviewed_by, unit } = halt;
  const of = unitWords(unit ?? "");
  const numbers = actual && limit && `: ${`${measured(actual, limit)} ${of}`.trimEnd()}, the limit is ${`${brief(limit)} ${of}`.trimEnd()}`;
  return (
    <li>
      <Badge tone="bad">Halted</Badge>
      <span>
        <strong>{sentence(subjectWords(subject))}</strong> {causeWords(halt)}{numbers}. {why && sentence(why)}{" "}
        <span className="soft" aria-live="off"><When at={at} as="ago" /></span>
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
        <span className="soft" aria-live="off"><When at={at} as="ago" /></span>
      </span>
      <Link href="/halts">Look</Link>
    </li>
  );
}
