// One pause: a person raised it and a person ends it, with nothing to review.

import { useId, useState } from "react";
import type { PauseRow } from "../../api/schema";
import { useAct } from "../../api/use";
import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Confirm } from "../../parts/Confirm";
import { toast } from "../../parts/Toast";
import { When } from "../../parts/When";
import { subjectWords, whom } from "../../words";
import { mayStop } from "./causes";
import { useMe } from "./me";

export function PauseCard({ pause: { subject, by, why, at } }: { pause: PauseRow }) {
  const [isOpen, setOpen] = useState(false);
  const { act, busy, problem, forget } = useAct("POST /v1/pauses/{subject}/end");
  const id = useId();
  const may = mayStop(useMe());
  const close = (): void => { forget(); setOpen(false); };
  const end = async (reason: string): Promise<void> => {
    if (!(await act({ subject }, { why: reason }))) return;
    toast(`${whom(subject)} is not paused any more.`);
    close();
  };
  return (
    <article className="halts-card paused" aria-labelledby={id}>
      <header className="row apart">
        <h3 id={id} className="row"><Badge tone="warn">Paused</Badge> {whom(subject)}</h3>
        <span className="soft small"><When at={at} as="ago" /></span>
      </header>
      <p>{by} paused it{why && <>: <q>{why}</q></>}. No new order of it goes out; what works goes on working, and exits stay in force.</p>
      {may && <div className="row"><Button onClick={() => setOpen(true)}>End the pause…</Button></div>}
      <Confirm open={isOpen} onClose={close} title={`End the pause of ${subjectWords(subject)}`} act="End the pause" tone="main" why="Why it may go on" busy={busy} problem={problem} onConfirm={(reason) => void end(reason)}>
        <p>Orders of {subjectWords(subject)} pass again, within its limits, unless a halt stops them as well.</p>
      </Confirm>
    </article>
  );
}
