// The two answers. An approval names the digest of what is shown, not of what may be there by now; a decline needs a reason.

import { useEffect, useState, type FormEvent } from "react";
import { type Problem, worded } from "../../api/problem";
import type { WaitingShown } from "../../api/schema";
import { useAct } from "../../api/use";
import { Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Field } from "../../parts/Field";
import type { Outcome } from "./Approval";

interface AnswersProps {
  row: WaitingShown;
  onOutcome: (outcome: Outcome) => void;
}

export function Answers({ row: { order, digest, yours_counts }, onOutcome }: AnswersProps) {
  const approving = useAct("POST /v1/approvals/{order}/approve");
  const declining = useAct("POST /v1/approvals/{order}/decline");
  const [why, setWhy] = useState("");
  const problem = approving.problem ?? declining.problem;
  const approve = async (): Promise<void> => {
    declining.forget();
    const answer = await approving.act({ order }, { digest });
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
    <div className="stack">
      {yours_counts ? <Button tone="main" busy={isBusy} onClick={() => void approve()}>Approve</Button> : <p>Your approval does not count for this order.</p>}
      <form className="stack tight" onSubmit={(event) => void decline(event)}>
        <Field label="Why not" name="why" value={why} onChange={(event) => setWhy(event.target.value)} maxLength={500} autoComplete="off" required />
        <Button type="submit" busy={isBusy}>Decline</Button>
      </form>
      <Unanswered problem={problem} />
    </div>
  );
}

function Unanswered({ problem }: { problem: Problem | null }) {
  if (!problem?.isUnknown) return <Refused problem={problem} />;
  return <Banner tone="warn" role="alert">It is not known whether this took effect. {worded(problem)} Press again: it acts once.</Banner>;
}
