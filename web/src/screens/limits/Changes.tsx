// What changes: each field before and after, and whether that is tighter or looser. What loosens comes first and stands out.

import type { ReactNode } from "react";
import type { Change, Compared, RuleRow } from "../../api/schema";
import { Badge, Banner, type Tone } from "../../parts/Banner";
import { measured } from "../../parts/Money";
import { When } from "../../parts/When";
import { subjectWords, whom, words } from "../../words";
import { ruleOf } from "./asking";
import { END } from "./ends";
import { shown } from "./values";

const WAYS: { readonly [way: string]: readonly [string, Tone] } = {
  looser: ["Looser", "bad"],
  changed: ["May be looser", "bad"],
  tighter: ["Tighter", "good"],
  "no effect": ["No effect", "plain"],
};
const ORDER = Object.keys(WAYS);

export function Way({ of }: { of: string }) {
  const [word, tone] = WAYS[of] ?? [of, "plain"];
  return <Badge tone={tone}>{word}</Badge>;
}

export function Changes({ of, rules, currency }: { of: readonly Change[]; rules: readonly RuleRow[]; currency: string }) {
  return (
    <ul className="plain limits-changes">
      {[...of].sort((one, other) => ORDER.indexOf(one.way) - ORDER.indexOf(other.way)).map((change) => {
        const { field, before, after, way } = change;
        const say = (value: unknown): ReactNode => valueOf(field, value, rules, currency);
        return (
          <li key={field} className={way === "looser" || way === "changed" ? "limits-loosens" : ""}>
            <span className="row apart"><strong>{words(field)}</strong> <Way of={way} /></span>
            <span><span className="soft">{say(before)}</span> → <strong>{say(after)}</strong></span>
            <Now of={change} rules={rules} currency={currency} />
          </li>
        );
      })}
    </ul>
  );
}

/** How the limit stands at this moment: what is over the new one has its consequence at once. */
function Now({ of: { field, after, now = "", holds = true }, rules, currency }: { of: Change; rules: readonly RuleRow[]; currency: string }) {
  const rule = ruleOf(rules, field);
  if (now === "" || !rule) return null;
  const said = rule.unit === "money" ? `${measured(now, String(after))} ${currency}` : shown(rule, now, currency);
  if (holds) return <span className="small soft">Now it stands at {said}.</span>;
  const follows = rule.on_breach.includes("halted") ? "this halts at once" : "nothing passes that adds to it, until it is back below";
  return <span className="small bad"><strong>Now it stands at {said}, beyond the new limit:</strong> {follows}.</span>;
}

/** A value of a field before or after, in words. */
export function valueOf(field: string, value: unknown, rules: readonly RuleRow[], currency: string): ReactNode {
  if (field === END) return typeof value === "number" ? <When at={value} /> : "never";
  const rule = ruleOf(rules, field);
  return rule ? shown(rule, value, currency) : String(value ?? "not set");
}

/** What a draft changes in all, and whether it takes a second person. */
export function Difference({ of, rules, currency }: { of: Compared; rules: readonly RuleRow[]; currency: string }) {
  return (
    <div className="stack tight">
      {of.number === null && <Banner tone="warn">{whom(of.subject)} has no mandate, so everything of theirs is denied. With this one orders can go out.</Banner>}
      {of.changes.length === 0 ? <p className="soft">Nothing changes.</p> : <Changes of={of.changes} rules={rules} currency={currency} />}
      {of.unread.length > 0 && <Banner tone="warn">No rule reads this at {of.subject}, so it binds nothing: {of.unread.map(words).join("; ")}.</Banner>}
      {of.second_person && <SecondPerson whose={of.second_person} />}
    </div>
  );
}

export const SecondPerson = ({ whose }: { whose: string }) => (
  <Banner tone="warn">This loosens, and {subjectWords(whose)} asks for a second person: it waits until somebody else confirms it, for 24 hours at most.</Banner>
);

/** Whether a draft lets through what is kept now, a first mandate too. */
export const loosens = (of: Compared): boolean => of.loosens.length > 0 || of.number === null;
