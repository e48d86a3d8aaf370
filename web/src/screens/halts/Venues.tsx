// Whether the book and each connection's venue agree, what differs where they do not, and the ways to settle it.

import type { ReactNode } from "react";
import { useEffect, useId, useState } from "react";
import { Link } from "wouter";
import type { Reconciled } from "../../api/schema";
import { useAct, useAsked } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Badge, type Tone } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Facts } from "../../parts/Facts";
import { Figure } from "../../parts/Money";
import { Section } from "../../parts/Page";
import { When } from "../../parts/When";
import { duration } from "../../api/time";
import { Adopt } from "./Adopt";
import { mayAsk, mayDecide } from "./causes";
import { Drifts } from "./Drifts";
import { useMe } from "./me";

export function Venues() {
  const asked = useAsked("GET /v1/reconcile", {});
  return (
    <Section title="Book and venues">
      <p className="soft">Every minute each venue is asked what it holds, and every position, currency and order is compared with the book.</p>
      <Asked of={asked} none={<>No connection yet. <Link href="/start">Connect paper</Link></>}>
        {({ items }) => <ul className="plain stack">{items.map((row) => <li key={row.connection}><Connection row={row} /></li>)}</ul>}
      </Asked>
    </Section>
  );
}

/** How a connection stands, in a word and a sentence. */
export function standing({ drifts, silent, reconciled_at, ready, why, unknown }: Reconciled): [tone: Tone, word: string, says: string] {
  if (drifts.some(({ bucket }) => bucket === "large")) return ["bad", "Differs", "Nothing opens here until a person has said who is right."];
  if (reconciled_at === null) return ["warn", "Never compared", why || "Its venue has given no account yet."];
  if (silent > 0) return ["warn", "No answer", `Its venue gave no account it could be compared with ${silent} ${silent === 1 ? "time" : "times"} in a row.`];
  if (drifts.some(({ bucket }) => bucket === "small")) return ["warn", "Differs a little", "Small enough to be watched; it counts as large if it stays."];
  if (drifts.length > 0) return ["warn", "In transit", "Reports under way explain it; nothing is to be decided."];
  if (unknown.length > 0) return ["warn", "Orders not known", "What became of some orders is not known yet."];
  return ready ? ["good", "Agree", "Book and venue agree."] : ["warn", "Not ready", why];
}

function Connection({ row }: { row: Reconciled }) {
  const id = useId();
  const [isDeciding, setDeciding] = useState(false);
  const me = useMe();
  const [tone, word, says] = standing(row);
  const { connection, venue, account, reconciled_at, drifts, shown, ready, why } = row;
  const more = ready || tone === "bad" || why === says ? "" : why;
  return (
    <article className="halts-card venue" id={`venue-${connection}`} aria-labelledby={id}>
      <header className="row apart">
        <h3 id={id} className="row"><Badge tone={tone}>{word}</Badge> {connection} <span className="soft small">{venue}, account {account}</span></h3>
        <span className="soft small">{reconciled_at === null ? "never compared" : <>compared <When at={reconciled_at} as="ago" /></>}</span>
      </header>
      <p>{says} {more && <span className="warn">Not ready to open: {more}.</span>}</p>
      {drifts.length > 0 && <Drifts connection={connection} rows={drifts} />}
      <Unknown row={row} />
      {row.kept.length > 0 && <Kept row={row} />}
      <div className="row">
        {mayAsk(me) && <AskNow row={row} />}
        {shown !== "" && mayDecide(me) && <Button tone="main" onClick={() => setDeciding(true)}>Say who is right…</Button>}
        {shown !== "" && !mayDecide(me) && <span className="soft">An operator says who is right.</span>}
      </div>
      <Tolerated row={row} />
      <Adopt row={row} open={isDeciding} onClose={() => setDeciding(false)} />
    </article>
  );
}

/** Asks the venue now, and says when it has answered. */
function AskNow({ row: { connection, reconciled_at, silent } }: { row: Reconciled }) {
  const { act, busy, problem } = useAct("POST /v1/reconcile/{connection}/ask");
  const [said, setSaid] = useState<ReactNode>("");
  const [before, setBefore] = useState<string | null>(null);
  const round = `${reconciled_at} ${silent}`;
  useEffect(() => {
    if (before === null || before === round) return;
    setBefore(null);
    setSaid("It answered.");
  }, [before, round]);
  const press = async (): Promise<void> => {
    setSaid("");
    if (!(await act({ connection }))) return;
    setBefore(round);
    setSaid("Asked; waiting for its answer.");
  };
  return (
    <>
      <Button busy={busy} onClick={() => void press()}>Ask the venue now</Button>
      <span className="soft small" role="status">{said}</span>
      <Refused problem={problem} />
    </>
  );
}

function Unknown({ row: { unknown } }: { row: Reconciled }) {
  if (unknown.length === 0) return null;
  return (
    <>
      <p className="warn">Of these orders nobody knows what became of them. They count in full and are never sent again; the venue is asked over and over.</p>
      <ul>{unknown.map(({ order, age_s }) => <li key={order}><Link href={`/orders/${encodeURIComponent(order)}`}>{order}</Link>, for {duration(age_s)}</li>)}</ul>
    </>
  );
}

function Kept({ row: { kept } }: { row: Reconciled }) {
  return (
    <p className="soft">
      Kept by a person, and so no drift: {kept.map(({ kind, item, difference }, at) => <span key={`${kind} ${item}`}>{at > 0 && ", "}{kind} {item} may differ by <Figure value={difference} signed /></span>)}.
    </p>
  );
}

function Tolerated({ row: { tolerance, clock_skew_ms } }: { row: Reconciled }) {
  const { window_s = 120, floor = "1", share_bps = 10, rounds = 3, unknown_age_max_s = 300, unknown_count_max = 20, silent_rounds = 3 } = tolerance;
  return (
    <details>
      <summary className="soft small">What it tolerates</summary>
      <Facts of={[
        ["Small is", <>below {share_bps} bps of the larger side, and worth less than <Figure value={floor} /></>],
        ["Small counts as large", `after ${rounds} rounds in a row`],
        ["Reports may be on their way", `for ${duration(window_s)}`],
        ["Silence", `nothing opens after ${silent_rounds} rounds without an answer`],
        ["Orders not known", `at most ${unknown_count_max}, each for ${duration(unknown_age_max_s)}`],
        ["Its clock", `${clock_skew_ms} ms off`],
      ]} />
    </details>
  );
}
