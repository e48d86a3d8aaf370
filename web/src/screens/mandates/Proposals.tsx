// Changes that loosen and wait for a second person: who asks for what, and the two answers. Nothing of them is in force.

import { useState } from "react";
import { Link } from "wouter";
import type { ProposalRow, RuleRow } from "../../api/schema";
import { useAct, useAsked } from "../../api/use";
import { Refused } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Confirm } from "../../parts/Confirm";
import { Quote } from "../../parts/Facts";
import { Section } from "../../parts/Page";
import { toast } from "../../parts/Toast";
import { Left, When } from "../../parts/When";
import { subjectWords, whom } from "../../words";
import { useRules } from "../limits/asking";
import { Changes } from "../limits/Changes";

/** Of one subject, or all; nothing where none waits. */
export function Proposals({ subject }: { subject?: string }) {
  const asked = useAsked("GET /v1/proposals", subject ? { subject } : {});
  const mandates = useAsked("GET /v1/mandates", { limit: 1000 });
  const rules = useRules();
  const rows = asked.data?.items ?? [];
  if (asked.error && !asked.data) return asked.error.status === 403 ? null : <Refused problem={asked.error} again={() => void asked.refetch()} busy={asked.isFetching} />;
  if (rows.length === 0) return null;
  return (
    <Section title="Waiting for a second person">
      <ul className="plain stack">
        {rows.map((row) => (
          <li key={row.proposal}>
            <Waiting row={row} rules={rules.data?.items ?? []} currency={mandates.data?.items.find((one) => one.subject === row.subject)?.currency ?? ""} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Waiting({ row, rules, currency }: { row: ProposalRow; rules: readonly RuleRow[]; currency: string }) {
  const { proposal, subject, stale, changes, why, by, asked_for_by, until, at, number } = row;
  return (
    <article className="mandates-proposal stack tight">
      <header className="row apart">
        <h3><Link href={`/mandates/${encodeURIComponent(subject)}`}>{whom(subject)}</Link> <span className="soft small">{proposal}</span></h3>
        <span className="row">{stale ? <Badge tone="bad">Overtaken</Badge> : <Badge tone="warn">Not in force</Badge>} <span className="small">ends in <Left until={until} over="over" /></span></span>
      </header>
      <p className="small">Proposed by {by.name}, <When at={at} />, in place of version {number || "none"}. {whom(asked_for_by)} asks for a second person.</p>
      <Quote by={by.name}>{why}</Quote>
      <Changes of={changes} rules={rules} currency={currency} />
      <Answers row={row} />
    </article>
  );
}

function Answers({ row: { proposal, subject, digest, stale, yours_counts } }: { row: ProposalRow }) {
  const confirming = useAct("POST /v1/proposals/{proposal}/confirm");
  const dropping = useAct("POST /v1/proposals/{proposal}/drop");
  const [open, setOpen] = useState<"confirm" | "drop" | null>(null);
  const close = (): void => { setOpen(null); confirming.forget(); dropping.forget(); };
  const confirm = async (): Promise<void> => {
    if (!await confirming.act({ proposal }, { digest })) return;
    close();
    toast(`The mandate of ${subjectWords(subject)} is in force as it was proposed.`);
  };
  const drop = async (why: string): Promise<void> => {
    if (!await dropping.act({ proposal }, { why })) return;
    close();
    toast(`${proposal} is dropped and never takes effect.`);
  };
  return (
    <div className="stack tight">
      {stale && <p className="bad small">Another version came between, so it never takes effect. Drop it, and propose again.</p>}
      {!stale && !yours_counts && <p className="soft small">You cannot confirm it: somebody else must, who is not behind the proposal.</p>}
      <div className="row">
        {!stale && yours_counts && <Button tone="danger" onClick={() => setOpen("confirm")}>Confirm…</Button>}
        <Button onClick={() => setOpen("drop")}>Drop…</Button>
      </div>
      <Confirm open={open === "confirm"} onClose={close} title={`Confirm ${proposal}`} act="Confirm" typed={proposal} why={false} busy={confirming.busy} problem={confirming.problem} onConfirm={() => void confirm()}>
        <p>It takes effect at once, as it is shown here, and loosens limits of {subjectWords(subject)}.</p>
      </Confirm>
      <Confirm open={open === "drop"} onClose={close} title={`Drop ${proposal}`} act="Drop" tone="main" busy={dropping.busy} problem={dropping.problem} onConfirm={(why) => void drop(why)}>
        <p>It never takes effect. Nothing that is in force changes.</p>
      </Confirm>
    </div>
  );
}
