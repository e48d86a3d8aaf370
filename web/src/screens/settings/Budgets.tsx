// What calls of models cost today and may cost, and the calls that wait for somebody to say what they did cost.

import { useState } from "react";
import { Link } from "wouter";
import type { Budget, ModelCall } from "../../api/schema";
import { percent, sign } from "../../api/decimal";
import { duration } from "../../api/time";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge, Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Money } from "../../parts/Money";
import { Section } from "../../parts/Page";
import { type Column, Table } from "../../parts/Table";
import { When } from "../../parts/When";
import { subjectWords } from "../../words";
import { session } from "../../api/session";
import { useShared } from "../../api/shared";
import { mayPublish } from "../limits/asking";
import { useMay } from "./may";
import { Settle } from "./Settle";

const WAITS: readonly ModelCall["state"][] = ["reserved", "unpriced"];
const STATES: { [state in ModelCall["state"]]: string } = { reserved: "reserved, not settled", unpriced: "price not known", settled: "settled", added: "reported" };

export function Budgets() {
  const asked = useAsked("GET /v1/budgets", {});
  return (
    <>
      <Section title="Budgets for models, today">
        <p className="soft">A budget is a limit of a mandate, so that it takes effect as any limit does: what tightens at once, what loosens with a word of its own.</p>
        <Asked of={asked} empty={({ budgets }) => budgets.length === 0} none="Nobody is here who could have a budget.">
          {({ budgets }) => <Days rows={budgets} />}
        </Asked>
      </Section>
      <Asked of={asked} empty={() => false}>{({ calls, left_out }) => <Calls calls={calls} leftOut={left_out} />}</Asked>
    </>
  );
}

/** Who has a budget or spent something, one by one; all others in one line. */
function Days({ rows }: { rows: readonly Budget[] }) {
  const isIdle = ({ limit, known, unpriced }: Budget): boolean => limit === null && sign(known) === 0 && unpriced === 0;
  const idle = rows.filter(isIdle);
  return (
    <>
      <ul className="plain stack">{rows.filter((row) => !isIdle(row)).map((row) => <li key={`${row.subject} ${row.rule}`}><One row={row} /></li>)}</ul>
      {idle.length > 0 && (
        <>
          <h3>Without a budget, and nothing spent</h3>
          <ul className="plain lines">{idle.map((row) => <li key={`${row.subject} ${row.rule}`}><span>{subjectWords(row.subject)}</span> <ToLimit row={row} /></li>)}</ul>
        </>
      )}
    </>
  );
}

/** The way to the field of the mandate that sets it; nothing for who may not publish that. */
function ToLimit({ row: { subject, rule, limit } }: { row: Budget }) {
  const { me } = useShared(session);
  if (!mayPublish(me, subject)) return null;
  const says = limit === null ? "Set a budget" : "Change";
  return <Link className="small" href={`/mandates/${encodeURIComponent(subject)}?limit=${rule}`} aria-label={`${says} of ${subjectWords(subject)}`}>{says}</Link>;
}

function One({ row }: { row: Budget }) {
  const { subject, currency, spent, known, unpriced, limit, left, holds, rolls_in_s, zone } = row;
  const full = limit === null ? null : Math.min(Math.max(percent(spent ?? limit, limit) ?? 100, 0), 100);
  return (
    <div className="gauge">
      <div className="row apart">
        <span><strong>{subjectWords(subject)}</strong> <ToLimit row={row} /></span>
        <span className="row">
          {!holds && <Badge tone="bad">Used up</Badge>}
          <span><Money value={spent ?? known} currency={currency} /> {limit ? <>of <Money value={limit} currency={currency} /></> : <span className="soft">no budget</span>}</span>
        </span>
      </div>
      {full !== null && (
        <div className={`bar ${holds ? (full >= 80 ? "warn" : "main") : "bad"}`} role="meter" aria-label={`Budget of ${subjectWords(subject)}`} aria-valuemin={0} aria-valuemax={100} aria-valuenow={full}>
          <span className="bar-used" style={{ width: `${full}%` }} />
        </div>
      )}
      {unpriced > 0 && <p className="small bad">{unpriced} {unpriced === 1 ? "call has" : "calls have"} no known price, so it counts as used up until somebody settles {unpriced === 1 ? "it" : "them"}.</p>}
      <p className="small soft">{left !== null && <>Left <Money value={left} currency={currency} /> · </>}{rolls_in_s !== null && <>the day ends in {duration(rolls_in_s)} ({zone})</>}</p>
    </div>
  );
}

function Calls({ calls, leftOut }: { calls: readonly ModelCall[]; leftOut: number }) {
  const may = useMay();
  const [settling, setSettling] = useState<ModelCall | null>(null);
  const open = calls.filter(({ state }) => WAITS.includes(state)).length;
  const columns: Column<ModelCall>[] = [
    { head: "Who", names: true, cell: ({ agent, client }) => <>{agent}{client && <span className="soft small"> by {client}</span>}</> },
    { head: "When", cell: ({ at }) => <When at={at} /> },
    { head: "Model", cell: ({ provider, model }) => <>{model} <span className="soft small">{provider}</span></> },
    { head: "State", cell: ({ state }) => <Badge tone={state === "unpriced" ? "bad" : state === "reserved" ? "warn" : "plain"}>{STATES[state]}</Badge> },
    { head: "Cost", number: true, cell: ({ cost_usd }) => <Money value={cost_usd} currency="USD" /> },
    ...(may.setUp && open > 0 ? [{ head: "Do", number: true, cell: (row: ModelCall) => WAITS.includes(row.state) && <span className="settings-actions"><Button onClick={() => setSettling(row)} aria-label={`Settle ${row.id}`}>Settle…</Button></span> }] : []),
  ];
  return (
    <Section title="Calls of models, the last day" flush>
      {open > 0 && <Banner tone="warn">{open} {open === 1 ? "call waits" : "calls wait"} for somebody to say what it did cost. A call without a known price closes every budget above it.</Banner>}
      {calls.length === 0 ? <p className="none soft">No model was called.</p> : <Table label="Calls of models" columns={columns} rows={calls} keyOf={({ agent, id }) => `${agent} ${id}`} />}
      {leftOut > 0 && <p className="none soft small">{leftOut} more are not shown.</p>}
      {settling && <Settle call={settling} onClose={() => setSettling(null)} />}
    </Section>
  );
}
