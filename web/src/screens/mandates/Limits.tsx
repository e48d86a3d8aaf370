// The limits of a mandate, in groups: those that are set, each with its input, and a search for those that are not.

import { useState } from "react";
import type { Change, LintNote, RuleRow } from "../../api/schema";
import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Field } from "../../parts/Field";
import { Section } from "../../parts/Page";
import { words } from "../../words";
import { Way } from "../limits/Changes";
import { without } from "../limits/drafts";
import { LimitInput } from "../limits/LimitInput";
import { About, Plainly } from "../limits/Said";
import { matches, read, scopeOf, type Texts } from "../limits/values";

interface LimitsProps {
  subject: string;
  rules: readonly RuleRow[];
  texts: Texts;
  currency: string;
  faults: Texts;
  readOnly: boolean;
  notes: readonly LintNote[];
  changes: readonly Change[];
  /** The field that somebody was led to. */
  opened: string;
  onTexts: (texts: Texts) => void;
}

export function Limits({ subject, rules, texts, currency, faults, readOnly, notes, changes, opened, onTexts }: LimitsProps) {
  const [about, setAbout] = useState<RuleRow | null>(null);
  const [added, setAdded] = useState("");
  const set = rules.filter(({ rule }) => texts[rule] !== undefined);
  const groups = [...new Set(set.map(({ group }) => group))];
  const takeAway = (rule: RuleRow): void => {
    onTexts(without(without(texts, rule.rule), rule.together));
  };
  const add = (rule: RuleRow): void => {
    setAdded(rule.rule);
    onTexts({ ...texts, [rule.rule]: texts[rule.rule] ?? "", ...(rule.together ? { [rule.together]: texts[rule.together] ?? "" } : {}) });
  };
  const elsewhere = notes.filter(({ fields }) => !fields.some((field) => texts[field] !== undefined));
  return (
    <div className="stack">
      {set.length === 0 && <Section title="Limits"><p className="soft">No limit is set here. What stands above still binds.</p></Section>}
      {groups.map((group) => (
        <Section key={group} title={group}>
          <ul className="plain mandate-limits">
            {set.filter((rule) => rule.group === group).map((rule) => (
              <li key={rule.rule}>
                <Limit
                  {...{ rule, currency, readOnly }} text={texts[rule.rule] ?? ""} fault={faults[rule.rule]} focus={(added || opened) === rule.rule}
                  notes={notes.filter(({ fields }) => fields.includes(rule.rule))} way={changes.find(({ field }) => field === rule.rule)?.way}
                  onText={(text) => onTexts({ ...texts, [rule.rule]: text })} onAbout={() => setAbout(rule)} onRemove={() => takeAway(rule)}
                />
              </li>
            ))}
          </ul>
        </Section>
      ))}
      {elsewhere.length > 0 && <Section title="Worth a look"><Notes of={elsewhere} /></Section>}
      {!readOnly && <Unset rules={rules.filter(({ rule, scopes }) => texts[rule] === undefined && scopes.includes(scopeOf(subject)))} onAdd={add} onAbout={setAbout} />}
      <About rule={about} onClose={() => setAbout(null)} />
    </div>
  );
}

interface LimitProps {
  rule: RuleRow;
  text: string;
  currency: string;
  fault: string | undefined;
  focus: boolean;
  readOnly: boolean;
  notes: readonly LintNote[];
  way: string | undefined;
  onText: (text: string) => void;
  onAbout: () => void;
  onRemove: () => void;
}

function Limit({ rule, text, currency, fault, focus, readOnly, notes, way, onText, onAbout, onRemove }: LimitProps) {
  const found = read(rule, text);
  const name = words(rule.rule);
  return (
    <div className="mandate-limit">
      <div>
        <p><Plainly rule={rule} value={"value" in found ? found.value : undefined} currency={currency} /> {way && way !== "no effect" && <Way of={way} />}</p>
        <Notes of={notes} />
        <div className="row mandate-acts">
          <Button tone="quiet" onClick={onAbout} aria-label={`What it means: ${name}`}>What it means</Button>
          {!readOnly && <Button tone="quiet" onClick={onRemove} aria-label={`Take away ${name}`}>Take away</Button>}
        </div>
      </div>
      <LimitInput rule={rule} label={name} text={text} currency={currency} fault={fault} focus={focus} readOnly={readOnly} onText={onText} />
    </div>
  );
}

export function Notes({ of }: { of: readonly LintNote[] }) {
  return of.length === 0 ? null : (
    <ul className="plain stack tight small" role="status">
      {of.map(({ code, sentence, fix, weight }) => <li key={code + sentence}><Badge tone="warn">{weight}</Badge> {sentence} <span className="soft">{fix}</span></li>)}
    </ul>
  );
}

const FEW = 8;

function Unset({ rules, onAdd, onAbout }: { rules: readonly RuleRow[]; onAdd: (rule: RuleRow) => void; onAbout: (rule: RuleRow) => void }) {
  const [wanted, setWanted] = useState("");
  const [all, setAll] = useState(false);
  const found = rules.filter((rule) => matches(rule, wanted));
  const shown = all || wanted ? found : found.slice(0, FEW);
  return (
    <Section title="Add a limit">
      <Field type="search" label="Search the limits that are not set" placeholder="loss, short, per day …" value={wanted} onChange={(event) => setWanted(event.target.value)} autoComplete="off" />
      <ul className="plain mandate-unset">
        {shown.map((rule) => (
          <li key={rule.rule} className="row apart">
            <span><strong>{words(rule.rule)}</strong> <span className="soft small"><Plainly rule={rule} currency="" /></span></span>
            <span className="row">
              <Button tone="quiet" onClick={() => onAbout(rule)} aria-label={`What it means: ${words(rule.rule)}`}>?</Button>
              <Button onClick={() => onAdd(rule)} aria-label={`Set ${words(rule.rule)}`}>Set</Button>
            </span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="soft">{rules.length === 0 ? "Every limit that may stand here is set." : "No limit that is not set answers to that."}</p>}
      {shown.length < found.length && <div><Button tone="quiet" onClick={() => setAll(true)}>Show all {found.length}</Button></div>}
    </Section>
  );
}
