// Allowed, held, denied: the same three words and colours everywhere.

import type { Explained } from "../api/schema";
import { grouped, isDecimal } from "../api/decimal";
import { Badge, type Tone } from "./Banner";

type Word = "allow" | "hold" | "deny";
const WORDS: { [of in Word]: [string, Tone] } = { allow: ["Allowed", "good"], hold: ["Held", "warn"], deny: ["Denied", "bad"] };

export function Verdict({ of }: { of: Word }) {
  const [word, tone] = WORDS[of];
  return <Badge tone={tone}>{word}</Badge>;
}

/** What one rule found, in one plain sentence with its numbers: what it asks, what it is here, and whose limit it is. */
export function Sentence({ finding }: { finding: Explained }) {
  const { sentence, limit, actual, unit, subject, rule } = finding;
  const asks = sentence.replace(`${limit} ${unit}`, () => numbered(limit, unit));
  return (
    <>
      {asks} Here it is <strong className="number">{numbered(actual, unit)}</strong>; the limit is of {subject}.{" "}
      <code className="soft">{rule}</code>
    </>
  );
}

/** A number with its unit, where the two can be read together. */
export function numbered(value: string, unit: string): string {
  const silent = unit === "" || unit === "count" || unit === "name" || !isDecimal(value);
  return silent ? grouped(value) : `${grouped(value)} ${unit}`;
}
