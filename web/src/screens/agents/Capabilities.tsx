// What an agent may ask for at all, each on or off. What trades is switched on with a second thought, and off at once.

import { useState } from "react";
import type { CapabilityRow } from "../../api/schema";
import { useAct, useAsked } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Confirm } from "../../parts/Confirm";
import { Section } from "../../parts/Page";
import { toast } from "../../parts/Toast";
import { useMe } from "../halts/me";
import { mayTrade } from "../positions/may";
import { capabilityWords, TRADES } from "./capabilities";
import { Switch } from "./Switch";

export function Capabilities({ agent }: { agent: string }) {
  const asked = useAsked("GET /v1/capabilities", { agent });
  return (
    <Section title="What it may do">
      <Asked of={asked} none="Nothing.">
        {({ items }) => {
          const quiet = items.filter(({ capability }) => !TRADES.includes(capability));
          return (
            <>
              <Rows of={items.filter(({ capability }) => TRADES.includes(capability))} />
              {quiet.length > 0 && (
                <details className="agents-more">
                  <summary>{quiet.length} more that only look or speak; {quiet.filter(({ enabled }) => enabled).length} are on</summary>
                  <Rows of={quiet} />
                </details>
              )}
            </>
          );
        }}
      </Asked>
      <p className="small soft">Cancelling, and asking to close what it holds, are ways out and no capability: nobody can switch them off. What closes is judged like any order.</p>
    </Section>
  );
}

const Rows = ({ of }: { of: readonly CapabilityRow[] }) => <ul className="plain agents-switches">{of.map((row) => <li key={row.capability}><Row of={row} /></li>)}</ul>;

function Row({ of: { agent, capability, enabled } }: { of: CapabilityRow }) {
  const [asks, setAsks] = useState(false);
  const { act, busy, problem, forget } = useAct("PUT /v1/agents/{agent}/capabilities/{capability}");
  const may = mayTrade(useMe());
  const close = (): void => { forget(); setAsks(false); };
  const put = async (on: boolean): Promise<void> => {
    if (!(await act({ agent, capability: capability as "place_order" }, { enabled: on }))) return;
    toast(`${capabilityWords(capability)}: ${on ? "on" : "off"} for ${agent}.`);
    close();
  };
  return (
    <>
      <span>{capabilityWords(capability)} <code className="small soft">{capability}</code></span>
      <Switch label={`${capabilityWords(capability)}, ${capability}`} on={enabled} busy={busy} disabled={!may} onChange={(on) => (on && TRADES.includes(capability) ? setAsks(true) : void put(on))} />
      {!asks && <Refused problem={problem} />}
      <Confirm open={asks} onClose={close} title={`Let ${agent} do more`} why={false} act="Switch it on" tone="main" busy={busy} problem={problem} onConfirm={() => void put(true)}>
        <p><strong>{capabilityWords(capability)}.</strong> It takes effect at once: {agent} may then do so within its limits, through the connections that it was granted.</p>
      </Confirm>
    </>
  );
}
