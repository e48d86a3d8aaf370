// Everything that keeps agents within bounds, in plain sentences: what is set, for whom, and how much of it is used today.

import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import type { Exposure, MandateRow, RuleRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { session } from "../../api/session";
import { useShared } from "../../api/shared";
import { Asked } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Choice, Field } from "../../parts/Field";
import { Page, Section } from "../../parts/Page";
import { When } from "../../parts/When";
import { mayPublish, ruleOf, useRules } from "../limits/asking";
import { About } from "../limits/Said";
import { matches } from "../limits/values";
import { Change, type Changing } from "./Change";
import { Safeguard } from "./Safeguard";
import "../limits/limits.css";
import "./safeguards.css";
import { whom } from "../../words";

export default function Safeguards() {
  const rules = useRules();
  const mandates = useAsked("GET /v1/mandates", { limit: 1000 });
  const exposure = useAsked("GET /v1/exposure", {});
  return (
    <Page title="Safeguards" lead="What keeps your agents within bounds. Whatever makes one tighter applies at once; whatever loosens one first shows what it opens.">
      <Asked of={rules}>
        {({ items }) => <Asked of={mandates} none="Nobody is here yet.">{({ items: rows }) => <All rules={items} rows={rows} exposure={exposure.data} />}</Asked>}
      </Asked>
    </Page>
  );
}

interface AllProps {
  rules: readonly RuleRow[];
  rows: readonly MandateRow[];
  /** Not there until it is known: the limits stand all the same. */
  exposure: Exposure | undefined;
}

function All({ rules, rows, exposure }: AllProps) {
  const { me } = useShared(session);
  const [wanted, setWanted] = useState("");
  const [whose, setWhose] = useState("");
  const [rest, setRest] = useState(false);
  const [changing, setChanging] = useState<Changing | null>(null);
  const [about, setAbout] = useAbout(rules);
  const shown = rows.filter(({ subject }) => whose === "" || subject === whose);
  const inForce = shown.filter(({ in_force }) => in_force);
  const found = rules.filter((rule) => matches(rule, wanted) && (rest || wanted !== "" || isSet(rule, inForce)));
  const hidden = rules.length - found.length;
  const mine = rows.map(({ subject }) => subject).filter((subject) => mayPublish(me, subject));
  return (
    <>
      <div className="safeguards-search">
        <Field type="search" label="Search" placeholder="loss, short, per day, approve …" value={wanted} autoComplete="off" onChange={(event) => setWanted(event.target.value)} />
        <Choice label="For whom" of={[["", "Everybody"], ...rows.map(({ subject }) => [subject, whom(subject)] as const)]} value={whose} onChange={(event) => setWhose(event.target.value)} />
      </div>
      {inForce.length < shown.length && <Banner tone="bad">Without a mandate in force, so every order is denied: {shown.filter(({ in_force }) => !in_force).map(({ subject }) => whom(subject)).join(", ")}.</Banner>}
      {[...new Set(found.map(({ group }) => group))].map((group) => (
        <Section key={group} title={group}>
          <ul className="plain safeguards">
            {found.filter((rule) => rule.group === group).map((rule) => (
              <li key={rule.rule}>
                <Safeguard {...{ rule, exposure, mine }} rows={inForce} onAbout={() => setAbout(rule)} onChange={(subject) => setChanging({ rule, subject: subject ?? whose })} />
              </li>
            ))}
          </ul>
        </Section>
      ))}
      {(wanted === "" || matchesEnd(wanted)) && inForce.length > 0 && <Ends rows={inForce} mine={mine} />}
      {found.length === 0 && <p className="soft">{wanted ? "Nothing answers to that." : "Nothing is set here, so nothing of this bounds anybody. What is always checked still is."}</p>}
      {wanted === "" && <div><Button onClick={() => setRest(!rest)} aria-expanded={rest}>{rest ? "Show only what is set" : `Show the rest (${hidden})`}</Button></div>}
      <About rule={about} onClose={() => setAbout(null)} />
      <Change of={changing} rules={rules} subjects={mine} onClose={() => setChanging(null)} />
    </>
  );
}

const matchesEnd = (wanted: string): boolean => ENDS_WORDS.includes(wanted.trim().toLowerCase());
const ENDS_WORDS = "until when ends end expires expiry never validity";

/** Until when each mandate is in force; it is set where the mandate is. */
function Ends({ rows, mine }: { rows: readonly MandateRow[]; mine: readonly string[] }) {
  const ending = rows.filter(({ expires_at }) => expires_at);
  const never = rows.filter(({ expires_at }) => !expires_at).map(({ subject }) => whom(subject));
  return (
    <Section title="Until when">
      <ul className="plain safeguards-ends">
        {ending.map(({ subject, expires_at }) => <li key={subject} className="row apart"><span>{whom(subject)}: every order is denied from <strong><When at={expires_at ?? 0} /></strong> on.</span> {mine.includes(subject) && <Link href={`/mandates/${encodeURIComponent(subject)}?limit=expires_at`}>Change the end</Link>}</li>)}
      </ul>
      {never.length > 0 && <p className="soft">In force until another mandate is published: {never.join(", ")}. An end is set in the mandate.</p>}
    </Section>
  );
}

/** Whether something of it is set; what counts all the same is shown too. */
const isSet = ({ rule, ...row }: RuleRow, rows: readonly MandateRow[]): boolean =>
  (row.kind === "term" && row.default !== null) || rows.some(({ mandate }) => { const value = (mandate as Record<string, unknown> | null)?.[rule]; return value !== undefined && value !== null; });

/** The rule whose documentation is open: it stands in the address, so that a link can lead to it. */
function useAbout(rules: readonly RuleRow[]): [RuleRow | null, (rule: RuleRow | null) => void] {
  const [, go] = useLocation();
  const name = new URLSearchParams(useSearch()).get("rule");
  const open = (rule: RuleRow | null): void => go(rule ? `/safeguards?rule=${rule.rule}` : "/safeguards", { replace: true });
  return [name === null ? null : ruleOf(rules, name) ?? null, open];
}
