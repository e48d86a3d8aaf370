// Through which connections an agent may trade: of its account, each granted or not.

import { useState } from "react";
import type { AgentRow, ConnectionRow } from "../../api/schema";
import { useAct, useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Confirm } from "../../parts/Confirm";
import { Section } from "../../parts/Page";
import { toast } from "../../parts/Toast";
import { useMe } from "../halts/me";
import { mayTrade } from "../positions/may";

const MOST = 1000;

export function Connections({ agent }: { agent: AgentRow }) {
  const asked = useAsked("GET /v1/connections", { account: agent.account, limit: MOST });
  return (
    <Section title="Where it may trade">
      <Asked of={asked} none="Its account has no connection.">
        {({ items }) => (
          <ul className="plain agents-ways">
            {items.map((row) => <li key={row.name}><Row agent={agent.name} of={row} granted={agent.connections.includes(row.name)} /></li>)}
          </ul>
        )}
      </Asked>
    </Section>
  );
}

function Row({ agent, of: { name, venue, environment, ready, why }, granted }: { agent: string; of: ConnectionRow; granted: boolean }) {
  const [asks, setAsks] = useState(false);
  const grant = useAct("PUT /v1/grants/{agent}/{connection}");
  const end = useAct("DELETE /v1/grants/{agent}/{connection}");
  const { busy, problem, forget } = granted ? end : grant;
  const may = mayTrade(useMe());
  const close = (): void => { forget(); setAsks(false); };
  const put = async (): Promise<void> => {
    if (!(await (granted ? end : grant).act({ agent, connection: name }))) return;
    toast(granted ? `${agent} may not use ${name} any more.` : `${agent} may use ${name}.`);
    close();
  };
  return (
    <>
      <span className="stack tight">
        <span className="row"><strong>{name}</strong> <Badge tone={environment === "live" ? "bad" : "main"}>{environment}</Badge> <Badge tone={granted ? "plain" : "good"}>{granted ? "Granted" : "Not granted"}</Badge></span>
        <span className="small soft">at {venue}; {ready ? "ready" : `not ready to open: ${why}`}</span>
      </span>
      {may && <Button aria-label={`${granted ? "End the grant of" : "Grant"} ${name}`} onClick={() => setAsks(true)}>{granted ? "End…" : "Grant…"}</Button>}
      <Confirm open={asks} onClose={close} title={granted ? `End ${agent}'s use of ${name}` : `Grant ${name} to ${agent}`} why={false} act={granted ? "End the grant" : "Grant it"} tone={granted ? "danger" : "main"} busy={busy} problem={problem} onConfirm={() => void put()}>
        {granted
          ? <p>From now on no new order of {agent} goes through {name}. What it holds there stays, with its exits; orders that work there stay until they are cancelled.</p>
          : <p>{agent} may then trade through {name}, {environment === "live" ? <strong>with real money</strong> : "in training"}, within its limits.</p>}
      </Confirm>
    </>
  );
}
