// One step of the start: its number, how it stands, and what is done in it. One is open at a time.

import { useId, type ReactNode } from "react";
import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";

export interface StepProps {
  number: number;
  title: string;
  /** Whether what it is about is there; not known while it is asked for. */
  done: boolean | undefined;
  /** What is there already, in a sentence. */
  there: ReactNode;
  open: boolean;
  onOpen: () => void;
  /** Go on without it. */
  onNext: () => void;
  children: ReactNode;
}

export function Step({ number, title, done, there, open, onOpen, onNext, children }: StepProps) {
  const id = useId();
  return (
    <section className={open ? "section start-step open" : "section start-step"} aria-labelledby={id}>
      <header>
        <span className={done ? "start-number done" : "start-number"} aria-hidden>{done ? "✓" : number}</span>
        <div>
          <h2 id={id} className="row"><span><span className="heard">Step {number}: </span>{title}</span> {done && <Badge tone="good">Done</Badge>}</h2>
          <p className="soft">{there}</p>
        </div>
        {!open && <Button onClick={onOpen} aria-label={`Open step ${number}: ${title}`}>Open</Button>}
      </header>
      {open && (
        <div className="stack start-body">
          {children}
          <div className="row start-skip"><Button tone={done ? "main" : "quiet"} onClick={onNext}>{done ? "Go on" : "Skip this step"}</Button></div>
        </div>
      )}
    </section>
  );
}
