// Changing one safeguard: what tightens needs a reason and no more; what loosens shows what it opens, and asks.

import { useState, type FormEvent } from "react";
import type { Mandate, RuleRow } from "../../api/schema";
import { useAct } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Dialog } from "../../parts/Dialog";
import { Area, Choice } from "../../parts/Field";
import { toast } from "../../parts/Toast";
import { subjectWords, whom, words } from "../../words";
import { endOf, type Known, ruleOf, useMandate, useWeighed } from "../limits/asking";
import { Difference, loosens } from "../limits/Changes";
import { LimitInput } from "../limits/LimitInput";
import { waits } from "../limits/Publish";
import { Plainly } from "../limits/Said";
import { mandateOf, read, scopeOf, textsOf, type Texts } from "../limits/values";
import { WhatIf } from "../limits/WhatIf";

export interface Changing {
  rule: RuleRow;
  /** For whom; empty where that is still to be chosen. */
  subject: string;
}

interface ChangeProps {
  of: Changing | null;
  rules: readonly RuleRow[];
  subjects: readonly string[];
  onClose: () => void;
}

export function Change({ of, rules, subjects, onClose }: ChangeProps) {
  return (
    <Dialog open={of !== null} onClose={onClose} title={of ? words(of.rule.rule) : ""}>
      {of && <Chosen of={of} rules={rules} subjects={subjects.filter((subject) => of.rule.scopes.includes(scopeOf(subject)))} onClose={onClose} />}
    </Dialog>
  );
}

function Chosen({ of: { rule, subject: given }, rules, subjects, onClose }: { of: Changing; rules: readonly RuleRow[]; subjects: readonly string[]; onClose: () => void }) {
  const [subject, setSubject] = useState(subjects.includes(given) ? given : "");
  const [isOpen] = useState(subject === "");
  return (
    <>
      {isOpen && <Choice label="For whom" of={[["", "Choose"], ...subjects.map((one) => [one, whom(one)] as const)]} value={subject} onChange={(event) => setSubject(event.target.value)} />}
      {subject === "" ? <p><Plainly rule={rule} currency="" /></p> : <Of key={subject} subject={subject} rule={rule} rules={rules} onClose={onClose} />}
    </>
  );
}

function Of({ subject, rule, rules, onClose }: { subject: string; rule: RuleRow; rules: readonly RuleRow[]; onClose: () => void }) {
  const known = useMandate(subject);
  return <Asked of={known}>{(told) => <Form known={told} rule={rule} rules={rules.filter(({ kind }) => kind !== "fact")} onClose={onClose} />}</Asked>;
}

function Form({ known: { answer, etag }, rule, rules, onClose }: { known: Known; rule: RuleRow; rules: readonly RuleRow[]; onClose: () => void }) {
  const { subject, currency } = answer;
  const now = textsOf(rules, answer.mandate);
  const fields = [rule, ...(rule.together ? [ruleOf(rules, rule.together)] : [])].filter((one) => one !== undefined);
  const [texts, setTexts] = useState<Texts>(() => Object.fromEntries(fields.map(({ rule: name }) => [name, now[name] ?? ""])));
  const [isGone, setGone] = useState(false);
  const others = Object.entries(now).filter(([name]) => !fields.some((one) => one.rule === name));
  const { mandate, faults } = mandateOf(rules, { ...Object.fromEntries(others), ...(isGone ? {} : texts) });
  const hasFault = Object.keys(faults).length > 0;
  const isTouched = isGone || fields.some(({ rule: name }) => texts[name] !== (now[name] ?? ""));
  const found = read(rule, texts[rule.rule] ?? "");
  return (
    <div className="stack">
      <p>{isGone ? <>Nothing of it bounds {subjectWords(subject)} any more.</> : <><Plainly rule={rule} value={"value" in found ? found.value : undefined} currency={currency} /></>} <span className="soft">For {subjectWords(subject)}.</span></p>
      {!isGone && fields.map((one, place) => (
        <LimitInput key={one.rule} rule={one} label={words(one.rule)} text={texts[one.rule] ?? ""} currency={currency} fault={isTouched ? faults[one.rule] : undefined} focus={place === 0} onText={(text) => setTexts({ ...texts, [one.rule]: text })} />
      ))}
      {now[rule.rule] !== undefined && <div className="safeguard-acts"><Button tone="quiet" onClick={() => setGone(!isGone)}>{isGone ? "Keep it after all" : "Take this safeguard away"}</Button></div>}
      <Applying {...{ subject, currency, rules, onClose }} rule={rule} etag={etag ?? ""} mandate={hasFault || !isTouched ? null : mandate} preset={answer.preset ?? ""} expiresAt={endOf(answer)} isOver={!answer.in_force} />
    </div>
  );
}

interface ApplyingProps {
  subject: string;
  currency: string;
  rule: RuleRow;
  rules: readonly RuleRow[];
  /** What is to be in force; null while there is nothing to change, or it cannot be read. */
  mandate: Mandate | null;
  etag: string;
  preset: string;
  expiresAt: number | null;
  /** What is published now begins anew, without the end that it had. */
  isOver: boolean;
  onClose: () => void;
}

const SURE = {
  seen: "I have seen what it opens, and want it looser.",
  unseen: "What it opens could not be worked out. I want it looser all the same.",
  waits: "First see what it opens: try it above.",
};

/** What a person says of one draft, against one version, once they could see what it opens; it holds for no other. */
function useOpening(draft: string | null, etag: string) {
  const [seen, setSeen] = useState({ draft: "", isAnswered: false });
  const [sure, setSure] = useState("");
  const of = JSON.stringify([draft, etag]);
  return {
    isSeen: seen.draft === draft, isAnswered: seen.isAnswered, isSure: sure === of,
    see: (told: string, isAnswered: boolean) => setSeen({ draft: told, isAnswered }),
    say: (wanted: boolean) => setSure(wanted ? of : ""),
  };
}

function Applying({ subject, currency, rule, rules, mandate, etag, preset, expiresAt, isOver, onClose }: ApplyingProps) {
  const { compared, notes, isFresh, problem } = useWeighed(subject, mandate, isOver ? expiresAt : undefined);
  const { act, busy, problem: refused } = useAct("PUT /v1/mandates/{subject}");
  const [why, setWhy] = useState("");
  const opens = useOpening(mandate && JSON.stringify(mandate), etag);
  const [fault, setFault] = useState("");
  const isLooser = compared !== null && loosens(compared);
  const apply = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (!mandate || !isFresh || busy) return setFault(mandate ? "It is being compared: press again in a moment." : "There is nothing to change yet.");
    if (isLooser && !opens.isSure) return setFault("It loosens: say that you want that.");
    setFault("");
    const answer = await act({ subject }, { mandate, why: why.trim(), preset, expires_at: expiresAt }, { match: etag });
    if (!answer) return opens.say(false);
    const proposal = waits(answer);
    toast(proposal ? `It waits for a second person, as ${proposal}.` : `${words(rule.rule)} of ${subjectWords(subject)} is changed, and in force.`);
    onClose();
  };
  return (
    <form className="stack" onSubmit={(event) => void apply(event)}>
      <Refused problem={problem} />
      {mandate && compared && (
        <>
          <Difference of={compared} rules={rules} currency={currency} />
          {notes.filter(({ fields }) => fields.includes(rule.rule)).map(({ sentence, fix }) => <p key={sentence} className="small warn">{sentence} {fix}</p>)}
          {isLooser && <div className="stack tight"><h3>What it opens</h3><WhatIf subject={subject} mandate={mandate} atOnce onSeen={opens.see} /></div>}
          {isLooser && (
            <label className="row safeguard-sure">
              <input type="checkbox" checked={opens.isSure} disabled={!opens.isSeen} onChange={(event) => opens.say(event.target.checked)} />
              <span>{SURE[opens.isSeen ? (opens.isAnswered ? "seen" : "unseen") : "waits"]}</span>
            </label>
          )}
        </>
      )}
      <Area label="Why" hint="It stands in the journal for good." value={why} rows={2} maxLength={500} required onChange={(event) => setWhy(event.target.value)} />
      {fault && <p className="small bad" role="alert">{fault}</p>}
      {refused?.code === "mandate_changed" && <Banner tone="warn" role="alert">Somebody else published meanwhile. What you typed is kept, and compared with theirs above: look, and press again.</Banner>}
      {refused?.code !== "mandate_changed" && <Refused problem={refused} />}
      <div className="row">
        <Button type="submit" tone={isLooser ? "danger" : "main"} busy={busy}>{!isLooser ? "Apply" : compared.second_person ? "Propose it" : "Loosen it"}</Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </form>
  );
}
