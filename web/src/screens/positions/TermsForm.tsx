// The terms of an exit to be filled in. What loosens a stop is shown and asked for once more: an agent may never do it.

import { useState, type FormEvent } from "react";
import type { ExitRow, ExitTerms } from "../../api/schema";
import type { Problem } from "../../api/problem";
import { Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Choice, Field } from "../../parts/Field";
import { draftOf, loosens, NOTHING, termsOf, type Draft } from "./terms";

interface TermsFormProps {
  /** The exit that gets new terms; a new one where there is none. */
  of?: ExitRow | undefined;
  busy: boolean;
  problem: Problem | null;
  onTerms: (terms: ExitTerms) => void;
  onClose: () => void;
}

export function TermsForm({ of, busy, problem, onTerms, onClose }: TermsFormProps) {
  const [draft, setDraft] = useState<Draft>(of ? draftOf(of.terms) : NOTHING);
  const [fault, setFault] = useState<string | null>(null);
  const [asked, setAsked] = useState(false);
  const terms = termsOf(draft, of?.terms.slippage_bps);
  const looser = of && typeof terms !== "string" ? loosens(of, terms) : [];
  const put = (more: Partial<Draft>): void => { setDraft({ ...draft, ...more }); setFault(null); setAsked(false); };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (busy) return;
    if (typeof terms === "string") return setFault(terms);
    if (looser.length > 0 && !asked) return setAsked(true);
    onTerms(terms);
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Legs draft={draft} put={put} />
      {looser.length > 0 && <Widens says={looser} asked={asked} />}
      {fault && <p className="bad" role="alert">{fault}</p>}
      <Refused problem={problem} />
      <div className="row">
        <Button type="submit" tone={asked ? "danger" : "main"} busy={busy}>{wordOf(of, looser.length > 0, asked)}</Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </form>
  );
}

function wordOf(of: ExitRow | undefined, isLooser: boolean, asked: boolean): string {
  if (!of) return "Set the exit";
  if (asked) return "Yes, widen it";
  return isLooser ? "Widen it…" : "Give it these terms";
}

function Widens({ says, asked }: { says: readonly string[]; asked: boolean }) {
  return (
    <Banner tone="warn" role="status">
      <p><strong>This widens what bounds a loss.</strong> No agent may do that; you may, as a person, and it stands in the journal under your name.</p>
      <ul>{says.map((each) => <li key={each}>{each}</li>)}</ul>
      {asked && <p><strong>Do you want that?</strong></p>}
    </Banner>
  );
}

function Legs({ draft, put }: { draft: Draft; put: (more: Partial<Draft>) => void }) {
  const decimal = (name: keyof Omit<Draft, "by">) => ({
    inputMode: "decimal" as const, autoComplete: "off", value: draft[name], onChange: (event: { target: { value: string } }) => put({ [name]: event.target.value }),
  });
  return (
    <>
      <Field label="Stop-loss at" hint="It closes once the price is there, or beyond on the losing side. Empty: none." {...decimal("stop")} />
      <div className="positions-pair">
        <Field label="Trailing stop, this far from the best price" {...decimal("trail")} />
        <Choice label="As" of={[["percent", "% of the price"], ["amount", "an amount"]]} value={draft.by} onChange={(event) => put({ by: event.target.value as Draft["by"] })} />
      </div>
      <Field label="It trails from this price on" hint="Empty: at once." {...decimal("activation")} />
      <Field label="Take-profit at" {...decimal("target")} />
      <Field label="At most this quantity" hint="Empty: all that it protects, up and down with the position." {...decimal("quantity")} />
    </>
  );
}
