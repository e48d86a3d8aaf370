// Presets: limits that belong together, made into drafts. Nothing is published by it.

import { useState, type FormEvent } from "react";
import { Link } from "wouter";
import { ask, askWhole } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import type { Preset, RuleRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Choice } from "../../parts/Field";
import { Section } from "../../parts/Page";
import { subjectWords, words } from "../../words";
import { ruleOf, useRules } from "../limits/asking";
import { draft, useDrafts } from "../limits/drafts";
import { endTexts } from "../limits/ends";
import { Given, givenFor, NOTHING_GIVEN } from "../limits/Given";
import { shown, textsOf } from "../limits/values";

interface PresetsProps {
  /** For this subject alone; for everybody where it is not said. */
  subject?: string;
}

export function Presets({ subject }: PresetsProps) {
  const presets = useAsked("GET /v1/presets", {});
  const rules = useRules();
  return (
    <Section title="Start from a preset">
      <Asked of={presets}>
        {({ items }) => <Asked of={rules}>{({ items: known }) => <Chosen presets={items} rules={known} subject={subject} />}</Asked>}
      </Asked>
    </Section>
  );
}

function Chosen({ presets, rules, subject }: { presets: readonly Preset[]; rules: readonly RuleRow[]; subject: string | undefined }) {
  const [name, setName] = useState(presets[0]?.preset ?? "");
  const [texts, setTexts] = useState(NOTHING_GIVEN);
  const { busy, problem, made, make } = useMaking(rules);
  const drafts = useDrafts();
  const preset = presets.find((one) => one.preset === name);
  const lost = Object.keys(drafts).filter((one) => subject === undefined || one === subject);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const given = givenFor(preset?.needs ?? [], texts);
    if (given) void make({ preset: name, ...(subject ? { subjects: [subject] } : {}), ...given });
  };
  if (!preset) return <p className="soft">There is no preset.</p>;
  return (
    <form className="stack" onSubmit={submit}>
      <Choice label="Preset" of={presets.map((one) => [one.preset, one.preset])} value={name} onChange={(event) => setName(event.target.value)} hint={preset.purpose} />
      <details>
        <summary>What it sets</summary>
        <ul className="plain small mandates-settings">
          {preset.settings.filter(({ scope }) => !subject || scope === subject.split(":")[0]).map(({ scope, field, value, where }) => {
            const rule = ruleOf(rules, field);
            return <li key={scope + field + where}><span className="soft">{scope}</span> {words(field)}: {rule && typeof value !== "string" ? shown(rule, value, "") : String(value)}{where !== "both" && ` where ${where}`}</li>;
          })}
        </ul>
      </details>
      <Given needs={preset.needs} texts={texts} onTexts={setTexts} />
      {lost.length > 0 && <p className="small warn">It takes the place of your draft of {lost.map(subjectWords).join(", ")}.</p>}
      <div><Button type="submit" busy={busy}>{subject ? "Make it my draft" : "Make drafts for everybody"}</Button></div>
      <Refused problem={problem} />
      {made.length > 0 && !subject && (
        <Banner tone="good" role="status">
          Drafts to look at and publish: {made.map((one, place) => <span key={one}>{place > 0 && ", "}<Link href={`/mandates/${encodeURIComponent(one)}`}>{subjectWords(one)}</Link></span>)}.
        </Banner>
      )}
    </form>
  );
}

/** Make drafts of a preset, each against the version that is in force now. */
function useMaking(rules: readonly RuleRow[]) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [made, setMade] = useState<readonly string[]>([]);
  const make = async (asked: Parameters<typeof ask<"POST /v1/mandates/draft">>[2]): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      const mandates = await ask("POST /v1/mandates/draft", {}, asked);
      for (const [subject, mandate] of Object.entries(mandates)) {
        const { answer, etag } = await askWhole("GET /v1/mandates/{subject}", { subject });
        draft(subject, { etag: etag ?? "", number: answer.number, texts: { ...textsOf(rules, answer.mandate), ...endTexts(answer) } }, { ...textsOf(rules, mandate), ...endTexts(answer) }, asked?.preset);
      }
      setMade(Object.keys(mandates));
    } catch (fault) {
      setProblem(problemOf(fault));
    }
    setBusy(false);
  };
  return { busy, problem, made, make };
}
