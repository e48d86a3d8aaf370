// One halt: whom it stops, what happened in numbers, and the steps that end it.

import { useId, useState } from "react";
import type { HaltRow } from "../../api/schema";
import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { When } from "../../parts/When";
import { causeWords, keptFrom, passes } from "./causes";
import { Ending, type Step } from "./Ending";
import { KillProgress } from "./KillProgress";
import { useMe } from "./me";
import { Numbers } from "./Numbers";
import { Steps } from "./Steps";
import { whom } from "../../words";

export function HaltCard({ halt }: { halt: HaltRow }) {
  const [step, setStep] = useState<Step | null>(null);
  const id = useId();
  const kept = keptFrom(halt, useMe());
  const isOfBook = halt.rule === "reconcile"; // deciding who is right ends it in the same step
  const next: Step = halt.reviewed_by ? "resume" : "review";
  return (
    <article className="halts-card" aria-labelledby={id}>
      <header className="row apart">
        <h3 id={id} className="row"><Badge tone="bad">{halt.cause === "kill" ? "Killed" : "Halted"}</Badge> {whom(halt.subject)}</h3>
        <span className="soft small"><When at={halt.at} as="ago" /> · {halt.id}</span>
      </header>
      <p><strong>{causeWords(halt)}.</strong> {passes(halt)}</p>
      {halt.why && <p>{BY_PERSON.includes(halt.cause) ? "The reason given: " : ""}<q>{halt.why}</q></p>}
      <Numbers halt={halt} />
      {halt.cause === "kill" && <KillProgress halt={halt.id} />}
      <Steps halt={halt} />
      {kept ? <p className="soft">{kept}</p> : (
        <div className="row">
          {isOfBook && <a className="button main halts-way" href={`#venue-${halt.subject.split(":")[1]}`}>Say who is right, below</a>}
          <Button tone={isOfBook ? "plain" : "main"} onClick={() => setStep(next)}>{next === "review" ? "Review…" : "Resume…"}</Button>
        </div>
      )}
      <Ending halt={halt} step={step} onClose={() => setStep(null)} />
    </article>
  );
}

const BY_PERSON = ["kill", "person"];
