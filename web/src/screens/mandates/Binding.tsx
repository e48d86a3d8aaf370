// What binds the orders of an agent in all: each limit with the scopes that it comes from, and the one that decides.

import { useState } from "react";
import { isDecimal } from "../../api/decimal";
import type { EffectiveLimit } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Choice } from "../../parts/Field";
import { Section } from "../../parts/Page";
import { Table, type Column } from "../../parts/Table";
import { numbered } from "../../parts/Verdict";
import { subjectWords, words } from "../../words";

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

const COLUMNS: Column<EffectiveLimit>[] = [
  { head: "Limit", names: true, cell: ({ limit, per }) => <>{words(limit)}{per !== "total" && <span className="soft small"> for each {per}</span>}</> },
  { head: "In all", cell: ({ effective, unit }) => (effective === null ? <span className="soft">in several currencies</span> : <strong className={isDecimal(String(effective)) || unit === "rate" ? "number" : ""}>{numbered(String(effective), unit)}</strong>) },
  {
    head: "Comes from",
    cell: ({ from, decides, unit }) => (
      <ul className="plain small">
        {from.map(({ subject, value }) => {
          const decided = decides.includes(subject);
          return <li key={subject} className={decided ? "" : "soft"}>{subjectWords(subject)}: {numbered(String(value), unit)}{decided && from.length > 1 ? ", which decides" : ""}</li>;
        })}
      </ul>
    ),
  },
];

/** The effective limits of one path. */
export function Bound({ agent, client }: { agent: string; client?: string }) {
  const asked = useAsked("GET /v1/mandates/effective", client ? { agent, client } : { agent });
  return (
    <Asked of={asked} empty={({ limits, missing }) => limits.length + missing.length === 0} none="No limit binds here.">
      {({ path, missing, limits }) => (
        <div className="stack tight">
          <p className="small soft">Judged for {path.map(subjectWords).join(", ")}. Each is held to its own limit, on its own numbers.</p>
          {missing.length > 0 && <Banner tone="bad">Without a mandate, so every order is denied: {missing.map(subjectWords).join(", ")}.</Banner>}
          <div className="mandates-table"><Table label="Effective limits" columns={COLUMNS} rows={limits} keyOf={({ limit }) => limit} /></div>
        </div>
      )}
    </Asked>
  );
}
