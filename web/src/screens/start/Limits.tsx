// Which preset: what each one means, in words and numbers.

import { useState, type ReactNode } from "react";
import type { Preset } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { subjectWords } from "../../words";
import { useRules } from "../limits/asking";
import { Given, givenFor, NOTHING_GIVEN } from "../limits/Given";
import { Gist, titleOf, Whole } from "./Preset";
import { FIRST_CURRENCY } from "./Connect";
import { type Picked, useSetUp } from "./useSetUp";

interface LimitsProps {
  picked: Picked;
  onPicked: (picked: Picked) => void;
  /** Who has no mandate in force. */
  bare: readonly string[];
  onDone: () => void;
}

export function Limits({ picked, onPicked, bare, onDone }: LimitsProps) {
  const presets = useAsked("GET /v1/presets", {});
  const fixed = useAsked("GET /v1/status", {}).data?.currency;
  const said = { rules: useRules().data?.items ?? [], currency: fixed || FIRST_CURRENCY };
  const { publish, busy, problem } = useSetUp();
  const [preset, setPreset] = useState(picked.preset);
  const [texts, setTexts] = useState(NOTHING_GIVEN);
  const use = async ({ needs }: Preset): Promise<void> => {
    const given = givenFor(needs, texts);
    if (!given) return;
    onPicked({ preset, given });
    if (await publish({ preset, given }, bare)) onDone();
  };
  return (
    <Asked of={presets}>
      {({ items }) => (
        <form className="stack" onSubmit={(event) => { event.preventDefault(); const chosen = items.find((each) => each.preset === preset); if (!busy && chosen) void use(chosen); }}>
          <p>A preset is a set of limits to begin with. {fixed ? "Amounts are in the account's currency." : `Amounts are shown in ${FIRST_CURRENCY}, and count in the currency that you choose for the account in the next step.`} Whoever has limits keeps them: a preset is only given to who has none, and every number can be changed later.</p>
          <fieldset className="start-presets">
            <legend className="heard">Preset</legend>
            {items.map((each) => (
              <Card key={each.preset} of={each} chosen={preset === each.preset} onChoose={() => setPreset(each.preset)}><Gist of={each} {...said} /></Card>
            ))}
          </fieldset>
          {items.filter((each) => each.preset === preset).map((each) => (
            <div key={each.preset} className="stack">
              <Whole of={each} {...said} />
              <div className="stack start-form"><Given needs={each.needs} texts={texts} onTexts={setTexts} /></div>
            </div>
          ))}
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
    <label className="start-preset">
      <span className="row"><input type="radio" name="preset" checked={chosen} onChange={onChoose} /> <strong>{titleOf(preset)}</strong> <span className="small soft">{preset}</span></span>
      <span>{purpose}</span>
      {children}
      {needs.length > 0 && <span className="small soft">It needs {needs.map((need) => NEEDS[need] ?? need).join(" and ")} of yours: it asks below.</span>}
    </label>
  );
}

const NEEDS: { [need: string]: string } = { blocked: "a block-list", calendar: "the hours of an exchange" };
