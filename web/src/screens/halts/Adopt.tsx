// A person says who is right where book and venue differ. That settles the difference, reviews and resumes the halt that it
// raised, and asks the venue at once whether it agrees now.

import { useState } from "react";
import type { DriftRow, HaltRow, Reconciled } from "../../api/schema";
import { useAct, useAsked } from "../../api/use";
import { Choice } from "../../parts/Field";
import { Confirm } from "../../parts/Confirm";
import { Figure } from "../../parts/Money";
import { toast } from "../../parts/Toast";

type Truth = "venue" | "book";

interface AdoptProps {
  row: Reconciled;
  open: boolean;
  onClose: () => void;
}

export function Adopt({ row, open, onClose }: AdoptProps) {
  const { connection, drifts, shown } = row;
  const [truth, setTruth] = useState<Truth>("venue");
  const [agent, setAgent] = useState("");
  const settling = useSettling(row);
  const decided = drifts.filter(({ bucket }) => bucket !== "in_transit");
  const close = (): void => { settling.forget(); onClose(); };
  const settle = async (why: string): Promise<void> => {
    if (!(await settling.settle({ truth, why, shown, ...(truth === "venue" && agent ? { agent } : {}) }))) return;
    toast(`${connection}: decided. It may trade once its venue, which is asked now, agrees.`);
    close();
  };
  return (
    <Confirm
      open={open} onClose={close} title={`Who is right on ${connection}`} typed={connection} tone={truth === "venue" ? "danger" : "main"} act={`The ${truth} is right`}
      why="How you know: a statement, the venue's own page" busy={settling.busy} problem={settling.problem} onConfirm={(why) => void settle(why)}
    >
      <p>Look at the venue's own pages first. What you decide counts for what you see here; if another round finds something else meanwhile, nothing is decided.</p>
      <fieldset className="halts-ways">
        <legend className="heard">Who is right</legend>
        <Way truth="venue" chosen={truth} onChoose={setTruth} says="The book is corrected, as a deposit or withdrawal in kind. Nobody's profit or loss changes." />
        <Way truth="book" chosen={truth} onChoose={setTruth} says="The book stays as it is, and exactly this difference counts as no drift from now on." />
      </fieldset>
      <ul>{decided.map((drift) => <li key={`${drift.kind} ${drift.item}`}><Becomes drift={drift} truth={truth} /></li>)}</ul>
      {truth === "venue" && decided.some(({ kind }) => kind === "position") && <Whose value={agent} onChange={setAgent} />}
    </Confirm>
  );
}

function Way({ truth, chosen, onChoose, says }: { truth: Truth; chosen: Truth; onChoose: (truth: Truth) => void; says: string }) {
  return (
    <label>
      <input type="radio" name="truth" checked={chosen === truth} onChange={() => onChoose(truth)} />
      <span><strong>The {truth} is right.</strong> <span className="soft">{says}</span></span>
    </label>
  );
}

function Becomes({ drift: { kind, item, book, venue, difference }, truth }: { drift: DriftRow; truth: Truth }) {
  if (kind === "order") return <>order {item}: {book === "0" ? "cancel it at the venue; the book cannot take it over" : "its outcome is settled"}</>;
  return truth === "venue"
    ? <>{kind} {item}: the book goes from <Figure value={book} /> to <strong><Figure value={venue} /></strong></>
    : <>{kind} {item}: the book stays at <strong><Figure value={book} /></strong>, and the venue may differ by <Figure value={difference} signed /></>;
}

function Whose({ value, onChange }: { value: string; onChange: (agent: string) => void }) {
  const agents = useAsked("GET /v1/agents", { limit: 1000 }).data?.items ?? [];
  const rows = [["", "The only one that holds some of it"], ...agents.map(({ name }) => [name, name])] as [string, string][];
  return <Choice label="Whose position it is" hint="Only where the book does not tell: nobody holds some, or several do." of={rows} value={value} onChange={(event) => onChange(event.target.value)} />;
}

/** The whole of it in one go, and the first problem; what is done already is not done again. */
function useSettling({ connection }: Reconciled) {
  const halts = useAsked("GET /v1/halts", { limit: 1000 });
  const [adopt, review, resume, asking] = [
    useAct("POST /v1/reconcile/{connection}/adopt"), useAct("POST /v1/halts/{halt}/review"),
    useAct("POST /v1/halts/{halt}/resume"), useAct("POST /v1/reconcile/{connection}/ask"),
  ];
  const raised = (halts.data?.items ?? []).filter(({ subject, rule }) => subject === `connection:${connection}` && rule === "reconcile");
  const end = async ({ id, rule, reviewed_by }: HaltRow, why: string): Promise<boolean> =>
    (reviewed_by !== "" || !!(await review.act({ halt: id }, { limit: rule, why }))) && !!(await resume.act({ halt: id }, { why }));
  const settle = async (body: { truth: Truth; why: string; shown: string; agent?: string }): Promise<boolean> => {
    if (!(await adopt.act({ connection }, body))) return false;
    for (const halt of raised) if (!(await end(halt, body.why))) return false;
    return !!(await asking.act({ connection }));
  };
  const acts = [adopt, review, resume, asking];
  return { settle, busy: acts.some(({ busy }) => busy), problem: acts.find(({ problem }) => problem)?.problem ?? null, forget: () => acts.forEach(({ forget }) => forget()) };
}
