// What was decided last, as it happens.

import { Link } from "wouter";
import type { Line } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Section } from "../../parts/Page";
import { When } from "../../parts/When";

const SHOWN = 12;

export function Decisions() {
  const orders = useAsked("GET /v1/journal", { kind: "order", latest: true, limit: SHOWN });
  const violations = useAsked("GET /v1/journal", { kind: "violation", latest: true, limit: SHOWN });
  const others = violations.data?.items ?? [];
  return (
    <Section title="Decisions" actions={<Link href="/decisions">All decisions</Link>}>
      <Asked of={orders} empty={({ items }) => items.length + others.length === 0} none="Nothing was decided yet.">
        {({ items }) => (
          <ol className="plain lines timed" aria-live="off">
            {[...items, ...others].sort((one, other) => other.id - one.id).slice(0, SHOWN).map((line) => <Said key={line.id} line={line} />)}
          </ol>
        )}
      </Asked>
    </Section>
  );
}

function Said({ line: { at, said, order, kind } }: { line: Line }) {
  return (
    <li>
      <span className="soft small"><When at={at} /></span>
      <span>
        {kind === "violation" && <><Badge tone="bad">Refused</Badge> </>}
        {order ? <Link href={`/orders/${encodeURIComponent(order)}`}>{said}</Link> : said}
      </span>
    </li>
  );
}
