// One mandate: what is in force, and a draft of what shall be. Each keystroke is kept; nothing takes effect before it is published.

import { session } from "../../api/session";
import { useShared } from "../../api/shared";
import type { RuleRow, Version } from "../../api/schema";
import { Asked } from "../../parts/Asked";
import { Badge, Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Page, Section } from "../../parts/Page";
import { toast } from "../../parts/Toast";
import { When } from "../../parts/When";
import { subjectWords, words } from "../../words";
import { endOf, type Known, mayPublish, useMandate, useRules, useWeighed } from "../limits/asking";
import { Difference } from "../limits/Changes";
import { different, draft, drop, type Base, useDrafts } from "../limits/drafts";
import { Publish } from "../limits/Publish";
import { decoded, mandateOf, scopeOf, textsOf, titleOf, type Texts } from "../limits/values";
import { WhatIf } from "../limits/WhatIf";
import { Bound } from "./Binding";
import { Conflict } from "./Conflict";
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
      lead={row && (row.number === null ? "It has none, so every order is denied." : <>Version {row.number} by {row.by?.name}, {row.at && <When at={row.at} />}{row.expires_at && <>, until <When at={row.expires_at} /></>}.</>)}
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
  const now: Base = { etag: known.etag ?? "", number: known.answer.number, texts: textsOf(rules, known.answer.mandate) };
  const mine = useDrafts()[subject];
  const { base, texts } = mine ?? { base: now, texts: now.texts };
  const write = (next: Texts, preset = mine?.preset ?? known.answer.preset ?? ""): void => draft(subject, base, next, preset);
  const restore = (version: Version): void => {
    draft(subject, now, textsOf(rules, version.mandate), version.preset);
    toast(`Version ${version.number} is your draft now. Nothing is published.`);
  };
  const isOvertaken = mine !== undefined && base.number !== now.number;
  const { mandate, faults } = mandateOf(rules, texts);
  const hasFault = Object.keys(faults).length > 0;
  const { currency } = known.answer;
  const weighed = useWeighed(subject, hasFault ? null : mandate);
  const isChanged = mine !== undefined && (different(texts, now.texts).length > 0 || now.number === null);
  return (
    <>
      <Proposals subject={subject} />
      {isOvertaken && <Conflict subject={subject} mine={mine} now={now} rules={rules} />}
      {!may && <Banner tone="plain">You see this as {me?.role}; operators publish mandates, and owners those of their own accounts.</Banner>}
      <div className="mandate">
        <Limits
          {...{ subject, rules, texts, currency, faults }} readOnly={!may} notes={weighed.notes} changes={weighed.compared?.changes ?? []}
          onTexts={write}
        />
        <div className="stack mandate-side" id="draft" tabIndex={-1}>
          {may && (
            <Section title="Your draft" actions={mine && <Button tone="quiet" onClick={() => { drop(subject); toast("The draft is gone. What is in force stays."); }}>Drop the draft</Button>}>
              {!isChanged && now.number !== null && <p className="soft">Nothing differs from what is in force. Change a limit, add one, or start from a preset.</p>}
              {mine === undefined && now.number === null && <div className="stack tight"><p>Begin with a preset, or with a mandate that limits nothing by itself.</p><div><Button onClick={() => write({})}>Begin with none</Button></div></div>}
              {hasFault && <Banner tone="bad" role="status">Not to be read as it stands: {Object.keys(faults).map(words).join("; ")}.</Banner>}
              {isChanged && weighed.compared && <Difference of={weighed.compared} rules={rules} currency={currency} />}
              {isChanged && weighed.compared && (
                <Publish
                  compared={weighed.compared} mandate={mandate} etag={base.etag} rules={rules} currency={currency} preset={mine.preset} expiresAt={endOf(known.answer)}
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
        <History subject={subject} rules={rules} number={known.answer.number} onRestore={may ? restore : undefined} />
        {scopeOf(subject) === "agent" && <Section title={`What binds ${titleOf(subject).toLowerCase()} in all`}><Bound agent={subject.slice("agent:".length)} /></Section>}
      </div>
    </>
  );
}

/** Where the draft stands below the limits: how far it goes, and the way there. */
function ToDraft({ changes, looser }: { changes: number; looser: number }) {
  const go = (): void => {
    const place = document.getElementById("draft");
    place?.scrollIntoView();
    place?.focus({ preventScroll: true });
  };
  return (
    <div className="mandate-bar row apart">
      <span>{changes === 1 ? "1 change" : `${changes} changes`}{looser > 0 && <strong className="bad">, {looser} looser</strong>}</span>
      <Button tone="main" onClick={go}>To the draft</Button>
    </div>
  );
}
