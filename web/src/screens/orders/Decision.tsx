// What was decided, by which numbers: each rule that spoke, with its limit, what it was here, and how far apart the two are.

import { difference, grouped, isDecimal, product, sign } from "../../api/decimal";
import type { Explained, Moment, OrderShown } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Facts } from "../../parts/Facts";
import { Figure, Money, Price } from "../../parts/Money";
import { Section } from "../../parts/Page";
import { RuleLink } from "../../parts/Rule";
import { numbered, Verdict } from "../../parts/Verdict";
import { duration, milliseconds } from "../../api/time";
import { subjectWords, words } from "../../words";

const SAYS: { [verdict in OrderShown["verdict"]]: string } = {
  allow: "Every rule held.", hold: "No rule forbids it, but people have to answer first.", deny: "Nothing was sent.",
};

export function Decision({ row }: { row: OrderShown }) {
  const { verdict, decision, findings = [] } = row;
  return (
    <Section title="What was decided" actions={<Verdict of={verdict} />}>
      <p>{SAYS[verdict]}</p>
      {findings.length > 0 && <ul className="plain stack order-findings">{findings.map((one) => <li key={one.rule + one.subject} className={one.verdict}><Found finding={one} /></li>)}</ul>}
      {decision && (
        <Facts of={[
          ["Worth at most", <><Money value={decision.worth} currency={decision.currency} />{timesPrice(decision)}</>],
          ["Proven to reduce", sign(decision.reducing) !== 0 && <Figure value={decision.reducing} />],
          ["Price it went by", decision.marks?.map(([name, bid, ask, last, at]) => (
            <span key={name}>{name} <Price value={bid} /> / <Price value={ask} />, last <Price value={last} /> <span className="soft small orders-age">({age(row.at, at)} old)</span></span>
          ))],
        ]} />
      )}
      <Approved row={row} />
    </Section>
  );
}

/** How the worth comes about, where it is plainly so many at a price each. */
function timesPrice({ worth, quantity, counted_price }: NonNullable<OrderShown["decision"]>) {
  if (product(quantity, counted_price) !== worth) return null;
  return <span className="soft">, {grouped(quantity)} at <Price value={counted_price} /> each</span>;
}

const age = (decidedAt: number, at: number): string => duration(Math.max(milliseconds(decidedAt - at), 0) / 1000);

function Found({ finding }: { finding: Explained }) {
  const { rule, subject, limit, actual, unit, retry_after_s, verdict, plain, sentence } = finding;
  return (
    <>
      <p><strong>{plain}</strong></p>
      <Facts of={[
        ["Here it is", <strong>{numbered(actual, unit, limit)}</strong>], ["Limit", limit && limit !== "none" && `${numbered(limit, unit, actual)}${subject === "order" ? "" : `, of ${subjectWords(subject)}`}`],
        [verdict === "hold" ? "Beyond it" : "By how much", apart(finding)], ["It would pass", retry_after_s !== null && `in ${duration(retry_after_s)}`],
        ["Word by word", verdict !== "hold" && sentence && <span className="small soft">{sentence}</span>],
      ]} />
      <p className="small">{verdict === "hold" && "Asks people. "}Rule: <RuleLink rule={rule} /></p>
    </>
  );
}

/** How far what was asked is from the limit, in words; nothing where the two are no numbers. */
export function apart({ rule, limit, actual, unit, verdict }: Pick<Explained, "rule" | "limit" | "actual" | "unit" | "verdict">): string | null {
  if (!isDecimal(limit) || !isDecimal(actual)) return null;
  const over = difference(actual, limit);
  const size = numbered(over.replace("-", ""), unit);
  if (sign(over) === 0) return "exactly at the limit";
  if (verdict === "hold") return `${size} ${sign(over) > 0 ? "above" : "below"} where people are asked`;
  return sign(over) > 0 ? `${size} too much` : rule.endsWith("_min") ? `${size} too little` : `${size} below the limit`;
}

/** Who approved, from the entries that say so; of an order that needs nobody, nothing. */
function Approved({ row: { order, verdict, life = [] } }: { row: OrderShown }) {
  const asked = useAsked("GET /v1/orders/{order}/approval", { order }, { when: verdict === "hold" });
  const people = life.filter(({ event }) => event === "approved").map(personOf);
  if (verdict !== "hold") return null;
  const { answer, needed = 0, quorum = 0, why } = asked.data ?? {};
  return (
    <Facts of={[
      ["Approved by", people.length > 0 ? people.join(", ") : "nobody"], ["Stands", answer && words(answer)],
      ["People needed", needed > 0 && `${needed} more${quorum > 0 ? `, of a quorum of ${quorum}` : ""}`], ["What was said", why],
    ]} />
  );
}

const personOf = ({ by, details }: Moment): string => String(details?.person ?? by);
