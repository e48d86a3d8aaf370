// All that the journal holds of one order, one agent or one day, as a file for somebody who was not there.

import { useState } from "react";
import { useAsked } from "../../api/use";
import { Download } from "../../parts/Download";
import { Choice, Field } from "../../parts/Field";

type Of = "day" | "agent" | "order";
const today = (): string => new Date().toISOString().slice(0, 10);

export function Evidence() {
  const agents = useAsked("GET /v1/agents", {});
  const [kind, setKind] = useState<Of>("day");
  const [given, setGiven] = useState<{ [of in Of]: string }>({ day: today(), agent: "", order: "" });
  const names = agents.data?.items.map(({ name }) => name) ?? [];
  const of = given[kind].trim() || (kind === "agent" ? (names[0] ?? "") : "");
  const set = (event: { target: { value: string } }): void => setGiven({ ...given, [kind]: event.target.value });
  return (
    <>
      <p>Records, a receipt for each, the mandates in force, a page for people, and the program that checks it all. Every entry of the journal is held against the signed head first, so it may take a while. Decisions are packed as they were written: whether each follows from its limits, <code>remit verify</code> shows elsewhere, from the whole journal.</p>
      <div className="proof-check">
        <Choice label="Of" of={[["day", "A day"], ["agent", "An agent"], ["order", "An order"]]} value={kind} onChange={(event) => setKind(event.target.value as Of)} />
        {kind === "day" && <Field label="Day, in UTC" type="date" value={given.day} max={today()} onChange={set} />}
        {kind === "agent" && <Choice label="Agent" of={names.map((name) => [name, name] as const)} value={of} onChange={set} />}
        {kind === "order" && <Field label="Order" value={given.order} onChange={set} placeholder="r1a2b3c4d-17" autoCapitalize="none" spellCheck={false} />}
      </div>
      {of && <div className="stack tight"><Download key={of} call="GET /v1/evidence/{of}" params={{ of }} name={`${of}-evidence.zip`}>{`Download the evidence of ${of}`}</Download></div>}
      <p className="small soft">At most 20,000 records; of more give an export. It does not prove that nothing else concerns it: only the whole journal shows what is absent.</p>
    </>
  );
}
