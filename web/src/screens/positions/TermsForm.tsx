// The terms of an exit to be filled in. What loosens a stop is shown and asked for once more: an agent may never do it.

import { useState, type FormEvent } from "react";
import type { ExitRow, ExitTerms } from "../../api/schema";
import type { Problem } from "../../api/problem";
import { priced } from "../../api/decimal";
import { Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Choice, Field } from "../../parts/Field";
import { draftOf, loosens, nameOf, NOTHING, standsOf, termsOf, type Draft, type Stand } from "./terms";

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
  const stands = of && typeof terms !== "string" ? standsOf(of, terms) : [];
  const closes = stands.some((each) => each.closes);
  const put = (more: Partial<Draft>): void => { setDraft({ ...draft, ...more }); setFault(null); setAsked(false); };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (busy) return;
    if (typeof terms === "string") return setFault(terms);
    if ((looser.length > 0 || closes) && !asked) return setAsked(true);
    onTerms(terms);
  };
  return (
    <form className="stack" onSubmit={submit}>
      <Legs draft={draft} put={put} />
      {looser.length > 0 && <Widens says={looser} asked={asked} />}
      {of && <Stands of={stands} last={of.last} asked={asked} />}
      {fault && <p className="bad" role="alert">{fault}</p>}
      <Refused problem={problem} />
      <div className="row">
        <Button type="submit" tone={asked ? "danger" : "main"} busy={busy}>{wordOf(of, looser.length > 0, closes, asked)}</Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </form>
  );
}

function wordOf(of: ExitRow | undefined, isLooser: boolean, closes: boolean, asked: boolean): string {
  if (!of) return "Set the exit";
  if (closes) return asked ? "Yes, close by it" : "Close by it now…";
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

/** Where the legs would stand; what would close at once is said before it is asked. */
function Stands({ of, last, asked }: { of: readonly Stand[]; last: string | null; asked: boolean }) {
  const now = of.filter(({ closes }) => closes);
  const words = ({ kind, level }: Stand): string => `${nameOf(kind)}: would stand at ${priced(level)}`;
  return (
    <>
      {of.length > now.length && <p className="soft small" role="status">{of.filter(({ closes }) => !closes).map(words).join(". ")}.</p>}
      {now.length > 0 && (
        <Banner tone="warn" role="status">
          <p><strong>This closes now.</strong> The last price, {priced(last ?? "")}, is there already or beyond: the position is closed with the next price, at the market.</p>
          <ul>{now.map((each) => <li key={each.kind}>{words(each)}.</li>)}</ul>
          {asked && <p><strong>Do you want that?</strong></p>}
        </Banner>
      )}
    </>
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
