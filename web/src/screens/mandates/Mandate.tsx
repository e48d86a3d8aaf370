// One mandate: what is in force, and a draft of what shall be. Each keystroke is kept; nothing takes effect before it is published.

import { useEffect, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { session } from "../../api/session";
import { useShared } from "../../api/shared";
import type { Mandate as MandateShape, MandateRow, RuleRow, Version } from "../../api/schema";
import { instant, now as clock } from "../../api/time";
import { Asked } from "../../parts/Asked";
import { Badge, Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Facts } from "../../parts/Facts";
import { Page, Section } from "../../parts/Page";
import { toast } from "../../parts/Toast";
import { When } from "../../parts/When";
import { subjectWords, whom, words } from "../../words";
import { type Known, mayPublish, ruleOf, useMandate, useRules, useWeighed } from "../limits/asking";
import { Difference } from "../limits/Changes";
import { different, draft, drop, type Base, useDrafts, without } from "../limits/drafts";
import { END, endFault, endIn, endTexts, endToWeigh } from "../limits/ends";
import { Publish } from "../limits/Publish";
import { decoded, mandateOf, scopeOf, textsOf, type Texts } from "../limits/values";
import { WhatIf } from "../limits/WhatIf";
import { Bound } from "./Binding";
import { Conflict } from "./Conflict";
import { End } from "./End";
import { History } from "./History";
import { Limits } from "./Limits";
import { Presets } from "./Presets";
import { Proposals } from "./Proposals";
import "../limits/limits.css";
import "./mandates.css";

export default function Mandate({ params }: { params: { subject: string } }) {
  const subject = decoded(params.subject);
  const known = useMandate(subject);
  const rules = useRules();
  const row = known.data?.answer;
  return (
    <Page
      title={`Mandate of ${subjectWords(subject)}`}
      lead={row && (row.number === null ? "It has none, so every order is denied." : <>Version {row.number} by {row.by?.name}, {row.at && <When at={row.at} as="dated" />}{row.expires_at && <>, until <When at={row.expires_at} as="dated" /></>}.</>)}
      actions={row && (row.in_force ? <Badge tone="good">In force</Badge> : <Badge tone="bad">{row.number === null ? "No mandate" : "Over"}</Badge>)}
    >
      <Asked of={known}>
        {(told) => <Asked of={rules}>{({ items }) => <Editor key={subject} subject={subject} known={told} rules={items.filter(({ kind }) => kind !== "fact")} />}</Asked>}
      </Asked>
    </Page>
  );
}

interface EditorProps {
  subject: string;
  known: Known;
  rules: readonly RuleRow[];
}

function Editor({ subject, known, rules }: EditorProps) {
  const { me } = useShared(session);
  const may = mayPublish(me, subject);
  const now: Base = { etag: known.etag ?? "", number: known.answer.number, texts: { ...textsOf(rules, known.answer.mandate), ...endTexts(known.answer) } };
  const mine = useDrafts()[subject];
  const { base, texts } = mine ?? { base: now, texts: now.texts };
  const write = (next: Texts, preset = mine?.preset ?? known.answer.preset ?? ""): void => draft(subject, base, next, preset);
  const restore = (version: Version): void => {
    const ends = endTexts({ in_force: (version.expires_at ?? 0) > instant(clock()), expires_at: version.expires_at });
    draft(subject, now, { ...textsOf(rules, version.mandate), ...ends }, version.preset);
    toDraft();
    toast(`Version ${version.number} is your draft now. Nothing is published.`);
  };
  const isOvertaken = mine !== undefined && base.number !== now.number;
  const { mandate, faults } = faultsOf(rules, texts);
  const hasFault = Object.keys(faults).length > 0;
  const { currency } = known.answer;
  const weighed = useWeighed(subject, hasFault ? null : mandate, endToWeigh(texts, now.texts));
  const [opened, setOpened] = useOpened(may, rules, texts, write);
  const isChanged = mine !== undefined && (different(texts, now.texts).length > 0 || now.number === null);
  return (
    <>
      <Proposals subject={subject} />
      {isOvertaken && <Conflict subject={subject} mine={mine} now={now} rules={rules} />}
      {!may && <Banner tone="plain">You see this as {me?.role}; operators publish mandates, and owners those of their own accounts.</Banner>}
      <div className="mandate">
        <div className="stack">
          <End
            {...{ subject }} text={texts[END]} readOnly={!may} focus={opened === END} way={weighed.compared?.changes.find(({ field }) => field === END)?.way}
            onText={(text) => { setOpened(END); write(text === undefined ? without(texts, END) : { ...texts, [END]: text }); }}
          />
          <Limits
            {...{ subject, rules, texts, currency, faults, opened }} readOnly={!may} notes={weighed.notes} changes={weighed.compared?.changes ?? []}
            onTexts={write}
          />
        </div>
        <div className="stack mandate-side" id="draft" tabIndex={-1}>
          {may && (
            <Section title="Your draft" actions={mine && <Button tone="quiet" onClick={() => { drop(subject); toast("The draft is gone. What is in force stays."); }}>Drop the draft</Button>}>
              {!isChanged && now.number !== null && <p className="soft">Nothing differs from what is in force. Change a limit, add one, or start from a preset.</p>}
              {mine === undefined && now.number === null && <div className="stack tight"><p>Begin with a preset, or with a mandate that limits nothing by itself.</p><div><Button onClick={() => write({})}>Begin with none</Button></div></div>}
              {hasFault && <Banner tone="bad" role="status">Not to be read as it stands: {Object.keys(faults).map(words).join("; ")}.</Banner>}
              {isChanged && weighed.compared && <Difference of={weighed.compared} rules={rules} currency={currency} />}
              {isChanged && weighed.compared && (
                <Publish
                  compared={weighed.compared} mandate={mandate} etag={base.etag} rules={rules} currency={currency} preset={mine.preset} expiresAt={endIn(texts)}
                  fault={isOvertaken ? "Somebody else published meanwhile: take their version in first." : hasFault ? "Mend what cannot be read first." : weighed.isFresh ? undefined : "It is being compared."}
                  onDone={() => drop(subject)}
                />
              )}
            </Section>
          )}
          <Section title={isChanged ? "What the draft would have decided" : "What another limit would have decided"}>
            {isChanged ? <WhatIf subject={subject} mandate={hasFault ? null : mandate} /> : <p className="soft">With a draft, the orders of the last days are judged again by it: you see which verdicts turn before anybody is bound.</p>}
          </Section>
          {may && <Presets subject={subject} />}
        </div>
      </div>
      {isChanged && <ToDraft looser={weighed.compared?.loosens.length ?? 0} changes={different(texts, now.texts).length} />}
      <div className="stack">
        <Said row={known.answer} />
        <History subject={subject} rules={rules} number={known.answer.number} onRestore={may ? restore : undefined} />
        {scopeOf(subject) === "agent" && <Section title={`What binds ${whom(subject).toLowerCase()} in all`}><Bound agent={subject.slice("agent:".length)} /></Section>}
      </div>
    </>
  );
}

/** What is typed as a mandate and its end, and what is wrong with either. */
function faultsOf(rules: readonly RuleRow[], texts: Texts): { mandate: MandateShape; faults: Texts } {
  const { mandate, faults } = mandateOf(rules, texts);
  const fault = endFault(texts[END]);
  return { mandate, faults: fault === undefined ? faults : { ...faults, [END]: fault } };
}

/** The field that the address asks for (`?limit=`), opened once: one that is not set is added to the draft, and no more. */
function useOpened(may: boolean, rules: readonly RuleRow[], texts: Texts, write: (texts: Texts) => void): [string, (field: string) => void] {
  const wanted = new URLSearchParams(useSearch()).get("limit") ?? "";
  const [opened, setOpened] = useState(wanted);
  const [path, go] = useLocation();
  useEffect(() => {
    const rule = ruleOf(rules, wanted);
    if (!rule && wanted !== END) return;
    if (may && texts[wanted] === undefined) write({ ...texts, [wanted]: "", ...(rule?.together ? { [rule.together]: texts[rule.together] ?? "" } : {}) });
    setOpened(wanted);
    go(path, { replace: true });
  }, [wanted]); // once for each address: what is taken away afterwards stays away
  return [opened, setOpened];
}

/** What a mandate says beside limits, and where each is set. */
function Said({ row: { number, currency, preset, by, why, at, digest, confirmed_by } }: { row: MandateRow }) {
  if (number === null) return null;
  return (
    <Section title="What else it says">
      <Facts of={[
        ["Counts in", `${currency}, the currency of its account; it is chosen when the account is added`],
        ["Published by", <>{by?.name}{at && <>, <When at={at} as="dated" /></>}{confirmed_by && `, confirmed by ${confirmed_by.name}`}</>], ["Why", why],
        ["Began as", preset && `the preset ${preset}`], ["Digest", digest && <code>{digest}</code>],
      ]} />
    </Section>
  );
}

/** Go to where the draft is published or dropped. */
function toDraft(): void {
  const place = document.getElementById("draft");
  place?.scrollIntoView();
  place?.focus({ preventScroll: true });
}

/** Where the draft stands below the limits: how far it goes, and the way there. */
function ToDraft({ changes, looser }: { changes: number; looser: number }) {
  return (
    <div className="mandate-bar row apart">
      <span>{changes === 1 ? "1 change" : `${changes} changes`}{looser > 0 && <strong className="bad">, {looser} looser</strong>}</span>
      <Button tone="main" onClick={toDraft}>To the draft</Button>
    </div>
  );
}
