// What waits for people, the largest first; several may be approved at once where each is within what its mandates allow of
// that. And what people confirmed ahead of time.

import { useState } from "react";
import { Link } from "wouter";
import type { Waiting } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Facts } from "../../parts/Facts";
import { Page } from "../../parts/Page";
import { Several } from "./Several";
import { Preapprovals } from "./Preapprovals";
import { ModeOf, people, terms, worst } from "./row";
import "./approvals.css";

/** The orders that were chosen, each with the digest that was shown of it then. */
type Chosen = ReadonlyMap<string, string>;
const NONE: Chosen = new Map();

export default function Approvals() {
  const asked = useAsked("GET /v1/approvals", {});
  const [chosen, setChosen] = useState(NONE);
  const rows = asked.data?.items ?? [];
  const isMany = rows.filter(isOfSeveral).length > 1;
  const choose = ({ order, digest }: Waiting, on: boolean): void => {
    const next = new Map(chosen);
    if (on) next.set(order, digest);
    else next.delete(order);
    setChosen(next);
  };
  return (
    <Page title="Approvals" lead="Orders that wait for people. Nothing of them leaves before you say so, and they lapse by themselves.">
      <Asked of={asked} none="Nothing waits for approval.">
        {({ items }) => (
          <>
            {items.length > 1 && !isMany && <p className="small soft">Each is looked at and approved by itself: several at once only where mandates say up to what, <code>bulk_approval_max</code>.</p>}
            <ul className="plain approvals-list">
              {items.map((row) => (
                <li key={row.order}>
                  <Held row={row} choosing={isMany && isOfSeveral(row)} known={chosen.get(row.order)} onChoose={(on) => choose(row, on)} alone={isMany && !row.bulk} />
                </li>
              ))}
            </ul>
          </>
        )}
      </Asked>
      <Several rows={rows.filter((row) => isOfSeveral(row) && chosen.get(row.order) === row.digest)} onDone={() => setChosen(NONE)} />
      <Preapprovals />
    </Page>
  );
}

const isOfSeveral = ({ bulk, yours_counts }: Waiting): boolean => bulk && yours_counts;

interface HeldProps {
  row: Waiting;
  /** Whether it can be chosen, to be approved with others. */
  choosing: boolean;
  /** The digest that was shown as it was chosen. */
  known: string | undefined;
  onChoose: (on: boolean) => void;
  /** Whether others may be approved together and this one may not. */
  alone: boolean;
}

function Held({ row, choosing, known, onChoose, alone }: HeldProps) {
  return (
    <article className="section">
      <header className="row apart">
        <h2><Link href={`/approvals/${encodeURIComponent(row.order)}`}>{terms(row)}</Link></h2>
        <ModeOf row={row} />
      </header>
      <Facts of={[...worst(row), ["Agent", row.agent], ...people(row)]} />
      {choosing && (
        <label className="approvals-choose">
          <input type="checkbox" checked={known === row.digest} onChange={(event) => onChoose(event.target.checked)} aria-label={`Choose ${terms(row)}`} />Choose, to approve several at once
        </label>
      )}
      {known !== undefined && known !== row.digest && <p className="warn" role="alert">It changed since you chose it: look at it again.</p>}
      {alone && <p className="small soft">Too large to be approved together with others: it takes a look of its own.</p>}
    </article>
  );
}
