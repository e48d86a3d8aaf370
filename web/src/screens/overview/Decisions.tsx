// What was decided last, as it happens: orders with their verdicts, and whatever was refused. What became of each stands in Decisions.

import { Link } from "wouter";
import type { Line } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Section } from "../../parts/Page";
import { When } from "../../parts/When";
import { lineWords, wordOf } from "../decisions/Said";

const SHOWN = 10;

export function Decisions() {
  const allowed = useAsked("GET /v1/journal", { verdict: "allow", latest: true, limit: SHOWN });
  const held = useAsked("GET /v1/journal", { verdict: "hold", latest: true, limit: SHOWN });
  const refused = useAsked("GET /v1/journal", { kind: "violation", latest: true, limit: SHOWN });
  const others = [...(held.data?.items ?? []), ...(refused.data?.items ?? [])];
  return (
    <Section title="Decisions" actions={<Link href="/decisions">All decisions</Link>}>
      <Asked of={allowed} empty={({ items }) => items.length + others.length === 0} none="Nothing was decided yet.">
        {({ items }) => (
          <ol className="plain lines timed" aria-live="off">
            {[...items, ...others].sort((one, other) => other.id - one.id).slice(0, SHOWN).map((line) => <Said key={line.id} line={line} />)}
          </ol>
        )}
      </Asked>
    </Section>
  );
}

function Said({ line }: { line: Line }) {
  const { at, said, order } = line;
  const [word, tone] = wordOf(line);
  return (
    <li>
      <span className="soft small"><When at={at} /></span>
      <span>
        <Badge tone={tone}>{word}</Badge>{" "}
        {order ? <Link href={`/orders/${encodeURIComponent(order)}`}>{lineWords(said)}</Link> : lineWords(said)}
      </span>
    </li>
  );
}
