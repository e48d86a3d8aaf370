// Ending a halt takes two acts: somebody reviews what happened, then it is resumed. Each asks for words of its own.

import type { HaltRow } from "../../api/schema";
import { useAct } from "../../api/use";
import { Confirm } from "../../parts/Confirm";
import { toast } from "../../parts/Toast";
import { subjectWords, whom } from "../../words";
import { causeWords } from "./causes";
import { Numbers } from "./Numbers";

export type Step = "review" | "resume";

interface EndingProps {
  halt: HaltRow;
  /** Which of the two is open. */
  step: Step | null;
  onClose: () => void;
}

export function Ending({ halt, step, onClose }: EndingProps) {
  return (
    <>
      <Review halt={halt} open={step === "review"} onClose={onClose} />
      <Resume halt={halt} open={step === "resume"} onClose={onClose} />
    </>
  );
}

interface DoingProps {
  halt: HaltRow;
  open: boolean;
  onClose: () => void;
}

function Review({ halt, open, onClose }: DoingProps) {
  const { act, busy, problem, forget } = useAct("POST /v1/halts/{halt}/review");
  const close = (): void => { forget(); onClose(); };
  const review = async (why: string): Promise<void> => {
    if (!(await act({ halt: halt.id }, { limit: halt.rule, why }))) return;
    toast(`${halt.id} is reviewed. It still stands: resume it next.`);
    close();
  };
  return (
    <Confirm open={open} onClose={close} title={`Review ${halt.id}`} act="It is reviewed" tone="main" why="What you looked at, and what you found" busy={busy} problem={problem} onConfirm={(why) => void review(why)}>
      <p><strong>{whom(halt.subject)}.</strong> {causeWords(halt)}.</p>
      <Numbers halt={halt} />
      <p className="soft">The review ends nothing yet. It says that a person looked at this very limit, and why it came to the halt.</p>
    </Confirm>
  );
}

function Resume({ halt, open, onClose }: DoingProps) {
  const { act, busy, problem, forget } = useAct("POST /v1/halts/{halt}/resume");
  const asking = useAct("POST /v1/reconcile/{connection}/ask");
  const close = (): void => { forget(); onClose(); };
  const resume = async (why: string): Promise<void> => {
    if (!(await act({ halt: halt.id }, { why }))) return;
    if (halt.rule === "reconcile") await asking.act({ connection: halt.subject.split(":")[1] ?? "" }); // it opens with the next round that agrees
    toast(`${whom(halt.subject)} may go on: ${halt.id} is over.`);
    close();
  };
  return (
    <Confirm open={open} onClose={close} title={`Resume ${subjectWords(halt.subject)}`} act={`Resume ${subjectWords(halt.subject)}`} tone="main" why="Why it may go on" busy={busy} problem={problem} onConfirm={(why) => void resume(why)}>
      <p><strong>Orders of {subjectWords(halt.subject)} reach the venue again</strong>, within its limits, as soon as nothing else stops it.</p>
      <p>Reviewed by {halt.reviewed_by}: <q>{halt.review}</q></p>
      <Numbers halt={halt} />
    </Confirm>
  );
}
