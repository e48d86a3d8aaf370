// One held order: the worst numbers first, why it waits, who asks, and the two answers. Its prices go on while it is looked
// at; the order itself and the mandates that it was judged by do not, and an approval names their digest.

import { useEffect, useState } from "react";
import { Link } from "wouter";
import { sentence } from "../../api/problem";
import type { Answered, WaitingShown } from "../../api/schema";
import { session } from "../../api/session";
import { useShared } from "../../api/shared";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Facts } from "../../parts/Facts";
import { Figure, Money } from "../../parts/Money";
import { Page, Section } from "../../parts/Page";
import { numbered, Sentence } from "../../parts/Verdict";
import { exitWords, subjectWords, words } from "../../words";
import { Text } from "../decisions/Said";
import { Answers } from "./Answers";
import { Became } from "./Became";
import { Preapprove } from "./Preapprove";
import { furthest, ModeOf, people, terms, worst } from "./row";
import "./approvals.css";

const ANSWERING = ["operator", "approver", "owner"];

/** What came of it here: an answer, a decline, or somebody else who was quicker. */
export type Outcome = { kind: "answered"; answer: Answered } | { kind: "declined" } | { kind: "quicker" };

export default function Approval({ params: { order } }: { params: { order: string } }) {
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [isGone, setGone] = useState(false);
  const asked = useAsked("GET /v1/approvals/{order}", { order }, { when: outcome === null && !isGone });
  const row = asked.data;
  const isMissing = asked.error?.code === "not_found";
  useEffect(() => setGone(isMissing), [isMissing]); // what waits no more never waits again: it is not asked for anew
  if (outcome && outcome.kind !== "quicker") return <Done order={order} outcome={outcome} title={row ? terms(row) : order} />;
  if (outcome || isGone || isMissing) return <Over order={order} title={row ? terms(row) : `Order ${order}`} quicker={outcome !== null} />;
  return (
    <Page title={row ? terms(row) : "Approval"} actions={row && <ModeOf row={row} />}>
      <Asked of={asked}>{(held) => <Held row={held} onOutcome={setOutcome} />}</Asked>
    </Page>
  );
}

function Held({ row, onOutcome }: { row: WaitingShown; onOutcome: (outcome: Outcome) => void }) {
  const { me } = useShared(session);
  const mayAnswer = ANSWERING.includes(me?.role ?? "");
  return (
    <div className="approval">
      <div className="stack">
        <Section title="What speaks against it"><Facts of={worst(row)} /></Section>
        <Section title="Why it waits">
          <ul className="plain stack tight">{furthest(row.findings).map((finding) => <li key={finding.rule + finding.subject}><Sentence finding={finding} /></li>)}</ul>
        </Section>
        <Section title="What it was thinking"><Thought row={row} role={me?.role ?? ""} /></Section>
      </div>
      <div className="stack">
        <div className="approval-answer">
          <Section title="Your answer">
            {mayAnswer ? <Answers row={row} onOutcome={onOutcome} /> : <p>You see this as {me?.role}; others answer it.</p>}
          </Section>
        </div>
        {mayAnswer && row.confirm && <NotAgain row={row} />}
        <Section title="Who asks"><Facts of={asking(row)} /></Section>
        <Section title="To compare">
          <Facts of={[
            ["Order", row.order], ["Connection", row.connection], ["Category", row.category],
            ["Digest of its thought", row.thought && <code>{row.thought}</code>], ["Digest", <code>{row.digest}</code>],
          ]} />
        </Section>
      </div>
    </div>
  );
}

/** What the agent wrote of it: a quote, and no reason to believe it. */
function Thought({ row: { thought, seq, client, agent }, role }: { row: WaitingShown; role: string }) {
  if (thought === null) return <p className="soft">The agent wrote nothing of it.</p>;
  if (role === "auditor") return <p className="soft">Auditors do not read what agents wrote.</p>;
  return <Text digest={thought} seq={seq} by={client || agent} />;
}

/** To confirm ahead of time what is like it; a quorum is never given ahead of time. */
function NotAgain({ row }: { row: WaitingShown }) {
  const [open, setOpen] = useState(false);
  return (
    <Section title="Not to be asked again">
      <p className="soft">Let {row.agent} open such orders without asking, within bounds and until an end. It is not for this order.</p>
      <div><Button onClick={() => setOpen(true)}>Set the bounds…</Button></div>
      {open && <Preapprove like={row} onClose={() => setOpen(false)} />}
    </Section>
  );
}

const asking = (row: WaitingShown) => [
  ["Agent", row.agent], ["Client", row.client], ["Asked by", row.asked_by], ["Account", row.account.replace(/^account:/, "")], ["Type", row.type],
  ["Limit price", row.limit_price && <Figure value={row.limit_price} />], ["Exit", exitWords(row.exit)], ...people(row),
] as const;

const ANSWERED: { [answer in Answered["answer"]]: string } = {
  released: "Approved: the order may go out.",
  waiting: "Your approval is counted. More people are needed.",
  denied: "Judged again and denied: nothing goes out.",
  over: "The order is over: nothing goes out.",
  refused: "It was refused.",
};

function Done({ order, outcome, title }: { order: string; outcome: Outcome; title: string }) {
  const answer = outcome.kind === "answered" ? outcome.answer : null;
  const said = answer ? ANSWERED[answer.answer] : "Declined: nothing goes out.";
  const isBad = answer !== null && !["released", "waiting"].includes(answer.answer);
  const denied = (answer?.decision?.findings ?? []).filter(({ verdict = "deny" }) => verdict === "deny");
  const why = answer?.why && denied.length === 0 ? ` ${sentence(answer.why)}` : "";
  return (
    <Page title={title}>
      <Banner tone={isBad ? "warn" : "good"} role="status">{said}{why}</Banner>
      {denied.length > 0 && (
        <ul>
          {denied.map(({ rule, subject, actual, limit, unit }) => (
            <li key={rule + subject}>{words(rule)}, of {subjectWords(subject)}: {numbered(actual, unit, limit)}; the limit is {numbered(limit, unit, actual)}</li>
          ))}
        </ul>
      )}
      <Became order={order} />
      <Next after={order} />
    </Page>
  );
}

const STANDS: { [answer: string]: string } = {
  not_needed: "It needed no approval.", waiting: "It waits for others.", released: "It was approved.", declined: "It was declined.",
  lapsed: "Nobody answered in time: it has lapsed.", denied: "It was judged again and denied.", withdrawn: "It was withdrawn.",
};

/** How it stands with an order that waits no more. */
function Over({ order, title, quicker }: { order: string; title: string; quicker: boolean }) {
  const asked = useAsked("GET /v1/orders/{order}/approval", { order });
  return (
    <Page title={title}>
      <Asked of={asked}>
        {({ answer, why }) => (
          <Banner tone="plain" role="status">
            {quicker && "Somebody was quicker, or its time was up. "}Order {order} does not wait for approval. {STANDS[answer] ?? answer}{why && (answer === "declined" ? ` What was said: ${why}` : ` The reason: ${sentence(why)}`)}
          </Banner>
        )}
      </Asked>
      <Became order={order} />
      <Next after={order} />
    </Page>
  );
}

/** Where to go on: to the largest that waits, and to all of them. */
function Next({ after }: { after: string }) {
  const { data } = useAsked("GET /v1/approvals", {});
  const next = data?.items.find(({ order }) => order !== after);
  return (
    <div>
      {next && <p><Link className="approval-next" href={`/approvals/${encodeURIComponent(next.order)}`}><span>Next: {terms(next)}, <Money value={next.worth} currency={next.currency} /></span></Link></p>}
      <p><Link href="/approvals">What waits now</Link></p>
    </div>
  );
}
