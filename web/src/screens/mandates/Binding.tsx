// What binds the orders of an agent in all: each limit with the scopes that it comes from, and the one that decides.

import { useState, type ReactNode } from "react";
import { isDecimal } from "../../api/decimal";
import type { EffectiveLimit, EffectiveTerm, RuleRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Choice } from "../../parts/Field";
import { Section } from "../../parts/Page";
import { Table, type Column } from "../../parts/Table";
import { numbered } from "../../parts/Verdict";
import { subjectWords, words } from "../../words";
import { ruleOf, useRules } from "../limits/asking";
import { shown } from "../limits/values";

/** With a choice of the agent and the client that it is asked through. */
export function Binding() {
  const paths = useAsked("GET /v1/agents", { limit: 1000 });
  const clients = useAsked("GET /v1/clients", { limit: 1000 });
  const [chosen, setChosen] = useState("");
  const names = paths.data?.items.map(({ name }) => [`agent:${name}`, `agent ${name}`] as const) ?? [];
  const through = clients.data?.items.map(({ name, agent }) => [`client:${name}:${agent}`, `client ${name}, for agent ${agent}`] as const) ?? [];
  const place = chosen || names[0]?.[0] || "";
  const [scope, name = "", agent = ""] = place.split(":");
  return (
    <Section title="What binds an agent in all">
      <Asked of={paths} none="No agent yet.">
        {() => (
          <div className="stack">
            <Choice label="Orders of" of={[...names, ...through]} value={place} onChange={(event) => setChosen(event.target.value)} />
            {place && <Bound {...(scope === "client" ? { agent, client: name } : { agent: name })} />}
          </div>
        )}
      </Asked>
    </Section>
  );
}

/** One row of what binds: a limit, or how something is counted. */
interface BindingRow {
  name: string;
  per: string;
  effective: ReactNode;
  from: readonly { subject: string; value: ReactNode; decides: boolean }[];
}

const ofLimit = ({ limit, per, effective, unit, from, decides }: EffectiveLimit): BindingRow => ({
  name: limit, per,
  effective: effective === null ? <span className="soft">in several currencies</span> : <strong className={isDecimal(String(effective)) || unit === "rate" ? "number" : ""}>{numbered(String(effective), unit)}</strong>,
  from: from.map(({ subject, value }) => ({ subject, value: numbered(String(value), unit), decides: decides.includes(subject) && decides.length < from.length })),
});

/** A term: what nobody set counts by its default, or is said to be missing. */
function ofTerm({ term, effective, together, unit, from, decides }: EffectiveTerm, rules: readonly RuleRow[]): BindingRow | null {
  const rule = ruleOf(rules, term);
  if (!rule) return null;
  const say = (value: unknown): string => (value === null ? rule.unset : shown(rule, value, unit));
  const isOwn = !together && new Set(from.map(({ value }) => say(value))).size > 1;
  const isUnset = from.every(({ is_set }) => !is_set);
  const inAll = together ? effective : from[0]?.value ?? null;
  return {
    name: term, per: "total",
    effective: isOwn ? <span className="soft">each has its own</span> : inAll === null ? <span className="soft">{rule.unset}</span> : <strong>{say(inAll)}</strong>,
    from: isUnset ? [] : from.map(({ subject, value, is_set }) => ({
      subject, decides: together && decides.includes(subject) && decides.length < from.length,
      value: is_set ? say(value) : <span className="soft">{value === null ? "not set" : `not set: counts as ${say(value)}`}</span>,
    })),
  };
}

const COLUMNS: Column<BindingRow>[] = [
  { head: "Limit", names: true, cell: ({ name, per }) => <>{words(name)}{per !== "total" && <span className="soft small"> for each {per}</span>}</> },
  { head: "In all", cell: ({ effective }) => effective },
  {
    head: "Comes from",
    cell: ({ from }) => (
      from.length === 0 ? <span className="small soft">set nowhere, and counts all the same</span> : <ul className="plain small">
        {from.map(({ subject, value, decides }) => <li key={subject} className={decides || from.length === 1 ? "" : "soft"}>{subjectWords(subject)}: {value}{decides ? ", which decides" : ""}</li>)}
      </ul>
    ),
  },
];

/** The effective limits of one path. */
export function Bound({ agent, client }: { agent: string; client?: string }) {
  const asked = useAsked("GET /v1/mandates/effective", client ? { agent, client } : { agent });
  const rules = useRules();
  return (
    <Asked of={asked} empty={({ limits, terms, missing }) => limits.length + terms.length + missing.length === 0} none="No limit binds here.">
      {({ path, missing, limits, terms }) => (
        <div className="stack tight">
          <p className="small soft">Judged for {path.map(subjectWords).join(", ")}. Each is held to its own limit, on its own numbers.</p>
          {missing.length > 0 && <Banner tone="bad">Without a mandate, so every order is denied: {missing.map(subjectWords).join(", ")}.</Banner>}
          <div className="mandates-table"><Table label="Effective limits" columns={COLUMNS} rows={[...limits.map(ofLimit), ...terms.flatMap((term) => ofTerm(term, rules.data?.items ?? []) ?? [])]} keyOf={({ name }) => name} /></div>
        </div>
      )}
    </Asked>
  );
}
