// Allowed, held, denied: the same three words and colours everywhere.

import type { Explained } from "../api/schema";
import { grouped, isDecimal } from "../api/decimal";
import { subjectWords, unitWords } from "../words";
import { Badge, type Tone } from "./Banner";

type Word = "allow" | "hold" | "deny";
const WORDS: { [of in Word]: [string, Tone] } = { allow: ["Allowed", "good"], hold: ["Held", "warn"], deny: ["Denied", "bad"] };

export function Verdict({ of }: { of: Word }) {
  const [word, tone] = WORDS[of];
  return <Badge tone={tone}>{word}</Badge>;
}

/** What one rule found, in one plain sentence with its numbers: what it asks, what it is here, and whose limit it is. */
export function Sentence({ finding }: { finding: Explained }) {
  const { actual, unit, subject, rule } = finding;
  return (
    <>
      {asks(finding)} Here it is <strong className="number">{numbered(actual, unit)}</strong>; the limit is of {subjectWords(subject)}.{" "}
      <code className="soft">{rule}</code>
    </>
  );
}

/** What a rule asks, with its limit written as every other number is. */
export function asks({ sentence, limit }: Pick<Explained, "sentence" | "limit">): string {
  if (!isDecimal(limit)) return sentence;
  return sentence.replace(new RegExp(`(?<![\\d.,-])${limit.replace(".", "\\.")}(?![\\d.]*\\d)`), () => grouped(limit));
}

/** A number with its unit, where the two can be read together. */
export function numbered(value: string, unit: string): string {
  const said = unitWords(unit);
  return said === "" || !isDecimal(value) ? grouped(value) : `${grouped(value)} ${said}`;
}
