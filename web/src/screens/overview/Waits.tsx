// Orders that wait for people, the largest first.

import { Link } from "wouter";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Money } from "../../parts/Money";
import { Section } from "../../parts/Page";
import { Left } from "../../parts/When";
import { terms } from "../approvals/row";

const SHOWN = 5;

export function Waits() {
  const asked = useAsked("GET /v1/approvals", {});
  return (
    <Section title="Waiting for approval" actions={<Link href="/approvals">All that waits</Link>}>
      <Asked of={asked} none="Nothing waits for approval.">
        {({ items }) => (
          <ul className="plain lines waits">
            {items.slice(0, SHOWN).map((row) => (
              <li key={row.order}>
                <Link href={`/approvals/${encodeURIComponent(row.order)}`}>{terms(row)}</Link>
                <span className="soft">{row.agent}</span>
                <strong><Money value={row.worth} currency={row.currency} /></strong>
                <Left until={row.until} over="lapsed" after=" left" />
              </li>
            ))}
            {items.length > SHOWN && <li><Link href="/approvals">And {items.length - SHOWN} more</Link></li>}
          </ul>
        )}
      </Asked>
    </Section>
  );
}
