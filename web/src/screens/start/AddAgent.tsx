// An agent, what it may do, and the token it acts with, which is shown once.

import { useState, type FormEvent } from "react";
import type { AccountRow, AgentRow, ConnectionRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Button } from "../../parts/Button";
import { Choice, Field } from "../../parts/Field";
import { Token } from "./Token";
import { type Picked, useSetUp } from "./useSetUp";

/** A token that was just issued, and for whom. */
export interface Made {
  name: string;
  secret: string;
}

interface AddAgentProps {
  picked: Picked;
  made: Made | null;
  onMade: (made: Made | null) => void;
}

export function AddAgent({ picked, made, onMade }: AddAgentProps) {
  const accounts = useAsked("GET /v1/accounts", { limit: 1000 }).data?.items ?? [];
  const agents = useAsked("GET /v1/agents", { limit: 1000 }).data?.items;
  const connections = useAsked("GET /v1/connections", { limit: 1000 });
  return (
    <>
      {made && <Token {...made} onAnother={() => onMade(null)} />}
      <p hidden={made !== null}>An agent is any program that holds an agent's token. It proposes orders; the guard decides. It can widen none of its own limits.</p>
      <Asked of={connections} empty={({ items }) => items.every(({ environment }) => environment !== "training")} none="Connect paper first: an agent acts only through a connection that was granted to it.">
        {({ items }) => agents && !made && <Form onMade={onMade} picked={picked} accounts={accounts} agents={agents} connections={items.filter(({ environment }) => environment === "training")} />}
      </Asked>
    </>
  );
}

interface FormProps {
  picked: Picked;
  onMade: (made: Made) => void;
  accounts: readonly AccountRow[];
  agents: readonly AgentRow[];
  connections: readonly ConnectionRow[];
}

function Form({ picked, onMade, accounts, agents, connections }: FormProps) {
  const [chosen, setChosen] = useState("");
  const [name, setName] = useState("");
  const [through, setThrough] = useState(connections[0]?.name ?? "");
  const { addAgent, busy, problem } = useSetUp();
  const known = agents.find((agent) => agent.name === chosen);
  const ways = connections.filter(({ account }) => !known || account === known.account);
  const way = ways.find((each) => each.name === through) ?? ways[0];
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy || !way) return;
    const agent = known?.name ?? name.trim();
    const owner = known?.owner ?? accounts.find((account) => account.name === way.account)?.owner ?? "";
    const secret = await addAgent({ name: agent, account: way.account, owner, connection: way.name, picked });
    if (secret !== null) onMade({ name: agent, secret });
  };
  return (
    <form className="stack start-form" onSubmit={(event) => void submit(event)}>
      {agents.length > 0 && <Choice label="Agent" of={[["", "A new one"], ...agents.map((agent) => [agent.name, `${agent.name}: one more token`] as const)]} value={chosen} onChange={(event) => setChosen(event.target.value)} />}
      {!known && <Field label="Name of the agent" hint="For good, such as momentum." value={name} onChange={(event) => setName(event.target.value)} required autoComplete="off" autoCapitalize="none" spellCheck={false} />}
      <Choice label="It trades through" of={ways.map((each) => [each.name, `${each.name}, account ${each.account}`] as const)} value={way?.name ?? ""} onChange={(event) => setThrough(event.target.value)} />
      <p className="small soft">It may place orders there, look at its own numbers, and ask why something was denied. {known ? "It keeps the limits that it has." : `It gets the limits of ${picked.preset}.`}</p>
      <Refused problem={problem} />
      <div className="row"><Button type="submit" tone="main" busy={busy}>{known ? "Issue a token" : "Add the agent"}</Button></div>
    </form>
  );
}
