// What stopped and what went on, latest first, as the journal tells it.

import { useState } from "react";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Button } from "../../parts/Button";
import { Choice } from "../../parts/Field";
import { Section } from "../../parts/Page";
import { When } from "../../parts/When";

const FIRST = 15;
const MOST = 1000;
type Kind = "halt" | "drift";

export function History() {
  const [kind, setKind] = useState<Kind>("halt");
  const [limit, setLimit] = useState(FIRST);
  const asked = useAsked("GET /v1/journal", { kind, latest: true, limit });
  const choice = <Choice label="Of" of={[["halt", "Halts and pauses"], ["drift", "Differences"]]} value={kind} onChange={(event) => setKind(event.target.value as Kind)} />;
  return (
    <Section title="History" actions={<div className="halts-kind">{choice}</div>}>
      <Asked of={asked} none={kind === "halt" ? "Nothing was ever halted or paused." : "Book and venues never differed."}>
        {({ items, next }) => (
          <>
            <ol className="plain halts-history">
              {items.map(({ id, at, said }) => <li key={id}><span className="soft small"><When at={at} /></span> <span>{said}</span></li>)}
            </ol>
            {next !== null && limit < MOST && <div className="row"><Button tone="quiet" busy={asked.isFetching} onClick={() => setLimit(Math.min(limit * 4, MOST))}>Show more</Button></div>}
          </>
        )}
      </Asked>
    </Section>
  );
}
