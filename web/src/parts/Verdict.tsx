// Allowed, held, denied: the same three words and colours everywhere.

import type { Explained } from "../api/schema";
import { brief, compare, exact, grouped, isDecimal, text } from "../api/decimal";
import { duration } from "../api/time";
import { unitWords } from "../words";
import { Badge, type Tone } from "./Banner";
import { RuleLink } from "./Rule";

type Word = "allow" | "hold" | "deny";
const WORDS: { [of in Word]: [string, Tone] } = { allow: ["Allowed", "good"], hold: ["Held", "warn"], deny: ["Denied", "bad"] };

export function Verdict({ of }: { of: Word }) {
  const [word, tone] = WORDS[of];
  return <Badge tone={tone}>{word}</Badge>;
}

/** What one rule found, in one plain sentence with its numbers: what it asks, what it is here, and whose limit it is. */
export function Sentence({ finding }: { finding: Explained }) {
  return <>{finding.plain} <RuleLink rule={finding.rule}>The rule</RuleLink></>;
}

const EACH: { readonly [seconds: number]: string } = { 1: "a second", 60: "a minute", 3600: "an hour", 86_400: "a day" };

const alike = (shown: string): string => shown.replaceAll(/\.0+(?!\d)/g, "");

/** A number with its unit, where the two can be read together; beside another one that differs it is whole where it must be. */
export function numbered(value: string, unit: string, beside?: string): string {
  if (beside !== undefined && isDecimal(value) && isDecimal(beside) && compare(value, beside) !== 0 && alike(numbered(value, unit)) === alike(numbered(beside, unit))) {
    return `${grouped(value)} ${unitWords(unit)}`.trimEnd();
  }
  const rate = /^(\d+) per (\d+) s$/.exec(value);
  if (rate) return `${grouped(rate[1] ?? "")} ${EACH[Number(rate[2])] ?? `in ${duration(Number(rate[2]))}`}`;
  if (unit === "seconds" && isDecimal(value) && Number(value) >= 1) return duration(Number(value));
  if (unit === "bps" && isDecimal(value)) return `${brief(value)} bps (${brief(text(exact(value) / 100n))} %)`;
  const said = unitWords(unit);
  return said === "" || !isDecimal(value) ? grouped(value) : `${grouped(value)} ${said}`;
}
