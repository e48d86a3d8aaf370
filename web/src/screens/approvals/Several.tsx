// Several orders at once, each as it was shown and within what its mandates allow of that; and what became of each.

import { useState } from "react";
import type { Answered, Waiting } from "../../api/schema";
import { sum } from "../../api/decimal";
import { sentence, worded } from "../../api/problem";
import { useAct } from "../../api/use";
import { Refused } from "../../parts/Asked";
import { Badge, Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Dialog } from "../../parts/Dialog";
import { Money } from "../../parts/Money";
import { Left } from "../../parts/When";
import { terms } from "./row";

const MANY = 100; // the most that one request takes
const BECAME: { [answer in Answered["answer"]]: string } = {
  released: "may go out", waiting: "counted; more people are needed", denied: "judged again and denied", over: "over", refused: "refused",
};

interface Answer {
  title: string;
  answered: Answered;
}

export function Several({ rows, onDone }: { rows: readonly Waiting[]; onDone: () => void }) {
  const { act, busy, problem, forget } = useAct("POST /v1/approvals/approve");
  const [shown, setShown] = useState<readonly Waiting[]>([]);
  const [answers, setAnswers] = useState<readonly Answer[]>([]);
  const close = (): void => { setShown([]); setAnswers([]); forget(); };
  const approve = async (): Promise<void> => {
    const answer = await act({}, { orders: shown.map(({ order, digest }) => ({ order, digest })) });
    if (!answer) return;
    const titles = new Map(shown.map((row) => [row.order, terms(row)]));
    setAnswers(answer.items.map((answered) => ({ title: titles.get(answered.order) ?? answered.order, answered })));
    onDone();
  };
  return (
    <>
      {rows.length > 0 && (
        <div className="approvals-bar row apart" role="region" aria-label="What is chosen">
          <span><strong>{rows.length}</strong> chosen, worth at most <Worth rows={rows} /></span>
          <Button tone="main" onClick={() => setShown(rows.slice(0, MANY))}>Approve them…</Button>
        </div>
      )}
      <Dialog open={shown.length > 0} onClose={close} title={answers.length ? "What became of them" : `Approve ${shown.length} ${shown.length === 1 ? "order" : "orders"}`}>
        {answers.length > 0 ? <Became answers={answers} onClose={close} /> : (
          <>
            <ul className="plain stack tight">
              {shown.map((row) => (
                <li key={row.order} className="row apart">
                  <span><strong>{terms(row)}</strong> <span className="soft small">{row.agent}{row.environment === "live" && ", real money"}</span></span>
                  <span><Money value={row.worth} currency={row.currency} /> <span className="soft small"><Left until={row.until} over="lapsed" /></span></span>
                </li>
              ))}
            </ul>
            <p>Worth at most <strong><Worth rows={shown} /></strong> together. Each is judged again by itself before it goes out; the bound of a mandate is on each, not on their sum.</p>
            {problem?.isUnknown ? <Banner tone="warn" role="alert">It is not known whether this took effect. {worded(problem)} Press again: it acts once.</Banner> : <Refused problem={problem} />}
            <div className="row">
              <Button tone="main" busy={busy} onClick={() => void approve()}>Approve all {shown.length}</Button>
              <Button onClick={close}>Cancel</Button>
            </div>
          </>
        )}
      </Dialog>
    </>
  );
}

function Became({ answers, onClose }: { answers: readonly Answer[]; onClose: () => void }) {
  return (
    <>
      <ul className="plain stack tight" role="status">
        {answers.map(({ title, answered: { order, answer, why } }) => (
          <li key={order}>
            <strong>{title}</strong> <Badge tone={answer === "released" ? "good" : answer === "waiting" ? "plain" : "warn"}>{BECAME[answer]}</Badge> {why && <span className="small">{sentence(why)}</span>}
          </li>
        ))}
      </ul>
      <div className="row"><Button onClick={onClose}>Close it</Button></div>
    </>
  );
}

/** What they are worth together, in each currency. */
function Worth({ rows }: { rows: readonly Waiting[] }) {
  const currencies = [...new Set(rows.map(({ currency }) => currency))];
  return (
    <>
      {currencies.map((currency, index) => (
        <span key={currency}>{index > 0 && " and "}<Money value={sum(rows.filter((row) => row.currency === currency).map(({ worth }) => worth))} currency={currency} /></span>
      ))}
    </>
  );
}
