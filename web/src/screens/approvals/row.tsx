// A held order in words: what it is, and the numbers that speak against it.

import type { ReactNode } from "react";
import type { Explained, Waiting } from "../../api/schema";
import { brief, exact, grouped, isDecimal, priced, sign, text } from "../../api/decimal";
import { Badge } from "../../parts/Banner";
import type { Fact } from "../../parts/Facts";
import { Amount, Figure, Money } from "../../parts/Money";
import { Left, When } from "../../parts/When";
import { subjectWords, unitWords, words } from "../../words";

const MODES: { [mode: string]: string } = { live: "live: real money", training: "training: no real money" };

/** What is asked for, as a title. */
export const terms = ({ side, quantity, instrument }: Pick<Waiting, "side" | "quantity" | "instrument">): string => `${side === "buy" ? "Buy" : "Sell"} ${grouped(quantity)} ${instrument}`;

export function ModeOf({ row: { environment } }: { row: Waiting }) {
  return <Badge tone={environment === "live" ? "bad" : "main"}>{MODES[environment] ?? environment}</Badge>;
}

/** The numbers that speak against an order, the worst first. */
export function worst(row: Waiting): Fact[] {
  return [
    ["Worth at most", <strong className="worth"><Money value={row.worth} currency={row.currency} /></strong>],
    ["Time left", <><Left until={row.until} over="over: it has lapsed" /> <span className="soft small">asked <When at={row.at} as="ago" /></span></>],
    ["Worst price", <Figure value={row.worst_price} />],
    ["Left with it", <Room row={row} />],
    ["How the market moved", <Moved row={row} />],
  ];
}

function Room({ row: { headroom } }: { row: Waiting }) {
  if (headroom === null) return <>no limit counts it</>;
  const { rule, subject, limit, unit, percent } = headroom;
  const over = headroom.headroom !== null && isDecimal(headroom.headroom) && sign(headroom.headroom) < 0;
  return (
    <>
      {over ? <span className="bad">nothing, over by <Amount value={headroom.headroom?.slice(1) ?? null} unit={unit} bare /></span> : <Amount value={headroom.headroom} unit={unit} bare />} of <Figure value={limit} unit={unitWords(unit)} />, {percent} % used
      <br /><span className="soft small">{words(rule)}, of {subjectWords(subject)}</span>
    </>
  );
}

function Moved({ row: { drift } }: { row: Waiting }) {
  const bound = drift.limit_bps === null ? "no limit on it" : `at most ${inPercent(String(drift.limit_bps))} against it`;
  if (drift.bps === null) return <>not known: no price; {bound}</>;
  const prices = `from ${priced(drift.from)} to ${priced(drift.to ?? "not known")}`;
  return <>{moved(drift.bps)}, {prices}; {bound}{drift.fresh ? "" : "; the price is not fresh"}</>;
}

/** For or against whoever trades: below zero the same order costs less, or brings more, than when it was asked. */
function moved(bps: string): ReactNode {
  if (!isDecimal(bps)) return bps;
  const side = sign(bps);
  if (side === 0) return "0 bps";
  return <span className={side > 0 ? "bad" : ""}>{inPercent(bps.replace("-", ""))} {side > 0 ? "against it" : "in its favour"}</span>;
}

/** Basis points as a mandate has them, and as people read them. */
const inPercent = (bps: string): string => (isDecimal(bps) ? `${brief(bps)} bps (${brief(text(exact(bps) / 100n))} %)` : `${bps} bps`);

export function people({ needed, quorum, approved_by }: Waiting): Fact[] {
  return [["People needed", `${needed} more${quorum ? `, of a quorum of ${quorum}` : ""}`], ["Approved by", approved_by.join(", ")]];
}

/** Findings, the one that is furthest beyond its limit first; what is no number last. */
export function furthest(findings: readonly Explained[]): Explained[] {
  return [...findings].sort((one, other) => {
    const [ours, theirs] = [one, other].map(({ actual, limit }) => isDecimal(actual) && isDecimal(limit) && exact(limit) > 0n);
    if (!ours || !theirs) return Number(theirs) - Number(ours);
    const gap = exact(other.actual) * exact(one.limit) - exact(one.actual) * exact(other.limit);
    return gap > 0n ? 1 : gap < 0n ? -1 : 0;
  });
}
