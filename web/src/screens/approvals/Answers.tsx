// The two answers. An approval names the digest of what was shown: where that changed meanwhile, what is there now has to be
// looked at first. A decline needs a reason.

import { useEffect, useState, type FormEvent } from "react";
import { type Problem, worded } from "../../api/problem";
import type { WaitingShown } from "../../api/schema";
import { useAct } from "../../api/use";
import { Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Field } from "../../parts/Field";
import type { Outcome } from "./Approval";
import { Doubts, doubts } from "./Doubts";

const REASONS = ["too large", "the price moved", "not now", "too risky", "I do not know why it asks"];

interface AnswersProps {
  row: WaitingShown;
  onOutcome: (outcome: Outcome) => void;
}

export function Answers({ row, onOutcome }: AnswersProps) {
  const { order, digest, yours_counts } = row;
  const approving = useAct("POST /v1/approvals/{order}/approve");
  const declining = useAct("POST /v1/approvals/{order}/decline");
  const [seen, setSeen] = useState(digest);
  const [why, setWhy] = useState("");
  const problem = approving.problem ?? declining.problem;
  const hasChanged = seen !== digest;
  const approve = async (): Promise<void> => {
    declining.forget();
    const answer = await approving.act({ order }, { digest: seen });
    if (answer) onOutcome({ kind: "answered", answer });
  };
  const decline = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    approving.forget();
    if (await declining.act({ order }, { why })) onOutcome({ kind: "declined" });
  };
  useEffect(() => {
    if (problem?.code === "not_held") onOutcome({ kind: "quicker" });
  }, [problem, onOutcome]);
  const isBusy = approving.busy || declining.busy;
  return (
    <div className="stack tight">
      {hasChanged && (
        <Banner tone="warn" role="alert" action={<Button onClick={() => { setSeen(digest); approving.forget(); }}>I have looked</Button>}>
          <strong>It changed while you looked at it.</strong> What is shown is how it stands now: look at it again before you answer.
        </Banner>
      )}
      <Doubts row={row} />
      {yours_counts ? <Button tone={doubts(row).length > 0 ? "plain" : "main"} busy={isBusy} disabled={hasChanged} onClick={() => void approve()}>Approve</Button> : <p>Your approval does not count for this order.</p>}
      <form className="approval-decline" onSubmit={(event) => void decline(event)}>
        <Field label="Why not" name="why" value={why} list="approval-reasons" onChange={(event) => setWhy(event.target.value)} maxLength={500} autoComplete="off" required />
        <datalist id="approval-reasons">{REASONS.map((reason) => <option key={reason} value={reason} />)}</datalist>
        <Button type="submit" busy={isBusy}>Decline</Button>
      </form>
      {!(hasChanged && problem?.code === "digest_mismatch") && <Unanswered problem={problem} />}
    </div>
  );
}

function Unanswered({ problem }: { problem: Problem | null }) {
  if (!problem?.isUnknown) return <Refused problem={problem} />;
  return <Banner tone="warn" role="alert">It is not known whether this took effect. {worded(problem)} Press again: it acts once.</Banner>;
}
