// Which preset: what each one means, in words and numbers.

import type { ReactNode } from "react";
import { Link } from "wouter";
import type { Preset } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { subjectWords } from "../../words";
import { useRules } from "../limits/asking";
import { Gist, Whole } from "./Preset";
import { useSetUp } from "./useSetUp";

interface LimitsProps {
  preset: string;
  onPreset: (preset: string) => void;
  /** Who has no mandate in force. */
  bare: readonly string[];
  onDone: () => void;
}

export function Limits({ preset, onPreset, bare, onDone }: LimitsProps) {
  const presets = useAsked("GET /v1/presets", {});
  const said = { rules: useRules().data?.items ?? [], currency: useAsked("GET /v1/status", {}).data?.currency ?? "" };
  const { publish, busy, problem } = useSetUp();
  const use = async (): Promise<void> => {
    if (await publish(preset, bare)) onDone();
  };
  return (
    <Asked of={presets}>
      {({ items }) => (
        <form className="stack" onSubmit={(event) => { event.preventDefault(); if (!busy) void use(); }}>
          <p>A preset is a set of limits to begin with. Amounts are in the account's currency. Whoever has limits keeps them: a preset is only given to who has none, and every number can be changed later.</p>
          <fieldset className="start-presets">
            <legend className="heard">Preset</legend>
            {items.map((each) => (
              <Card key={each.preset} of={each} chosen={preset === each.preset} onChoose={() => onPreset(each.preset)}><Gist of={each} {...said} /></Card>
            ))}
          </fieldset>
          {items.filter((each) => each.preset === preset).map((each) => <Whole key={each.preset} of={each} {...said} />)}
          {bare.length > 0 && <Banner tone="warn">Without limits, and so denied everything: {bare.map(subjectWords).join(", ")}. They get this preset now.</Banner>}
          <Refused problem={problem} />
          <div className="row"><Button type="submit" tone="main" busy={busy}>{bare.length > 0 ? `Publish ${preset}` : `Use ${preset}`}</Button></div>
        </form>
      )}
    </Asked>
  );
}

function Card({ of, chosen, onChoose, children }: { of: Preset; chosen: boolean; onChoose: () => void; children: ReactNode }) {
  const { preset, purpose, needs } = of;
  return (
    <label className={needs.length > 0 ? "start-preset off" : "start-preset"}>
      <span className="row"><input type="radio" name="preset" checked={chosen} disabled={needs.length > 0} onChange={onChoose} /> <strong>{preset}</strong></span>
      <span>{purpose}</span>
      {children}
      {needs.length > 0 && <span className="small soft">It needs {needs.map((need) => NEEDS[need] ?? need).join(" and ")} of yours: <Link href="/mandates">give it under Mandates</Link>.</span>}
    </label>
  );
}

const NEEDS: { [need: string]: string } = { blocked: "a block-list", calendar: "an exchange's calendar" };
