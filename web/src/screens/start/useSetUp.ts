// What the steps do: each asks for what is there first, and adds only what is missing, so that any of them may be repeated.

import { useState } from "react";
import { ask, askWhole } from "../../api/client";
import { type Problem, problemOf } from "../../api/problem";
import { useAct } from "../../api/use";

const WHY = "set up in the guided start";
const PLACE = "place_order";

export interface SetUp {
  /** Publish a preset for subjects without a mandate in force; those that have one keep it. False where it failed. */
  publish: (picked: Picked, subjects: readonly string[]) => Promise<boolean>;
  connect: (wanted: Wanted) => Promise<boolean>;
  /** Add an agent that may place orders there, under the preset; the secret of a token of its own, null where it failed. */
  addAgent: (agent: NewAgent) => Promise<string | null>;
  busy: boolean;
  problem: Problem | null;
}

/** The preset that was picked, with what it needs of this house. */
export interface Picked {
  preset: string;
  given: { calendar?: string; blocked?: string[] };
}

export interface Wanted {
  account: string;
  owner: string;
  currency: string;
  connection: string;
  picked: Picked;
}

export interface NewAgent {
  name: string;
  account: string;
  owner: string;
  connection: string;
  picked: Picked;
}

export function useSetUp(): SetUp {
  const [isReading, setReading] = useState(false);
  const [unread, setUnread] = useState<Problem | null>(null);
  const [firm, account, connection] = [useAct("POST /v1/firm"), useAct("POST /v1/accounts"), useAct("POST /v1/connections")];
  const [agent, grant, capability] = [useAct("POST /v1/agents"), useAct("PUT /v1/grants/{agent}/{connection}"), useAct("PUT /v1/agents/{agent}/capabilities/{capability}")];
  const [mandate, token] = [useAct("PUT /v1/mandates/{subject}"), useAct("POST /v1/tokens")];
  const acts = [firm, account, connection, agent, grant, capability, mandate, token];

  /** Do steps that read first; what they throw is shown beside what the changes were refused. */
  const doing = async <T,>(steps: () => Promise<T>, failed: T): Promise<T> => {
    setUnread(null);
    acts.forEach(({ forget }) => forget());
    setReading(true);
    try {
      return await steps();
    } catch (fault) {
      setUnread(problemOf(fault));
      return failed;
    } finally {
      setReading(false);
    }
  };

  const publishing = async ({ preset, given }: Picked, subjects: readonly string[]): Promise<boolean> => {
    if (subjects.length === 0) return true;
    const drafts = await ask("POST /v1/mandates/draft", {}, { preset, subjects: [...subjects], ...given });
    for (const [subject, draft] of Object.entries(drafts)) {
      const { answer, etag } = await askWhole("GET /v1/mandates/{subject}", { subject });
      if (answer.in_force) continue;
      const after = etag ? { match: etag } : {};
      if (!(await mandate.act({ subject }, { mandate: draft, why: WHY, preset }, after))) return false;
    }
    return true;
  };

  const connecting = async ({ account: name, owner, currency, connection: way, picked }: Wanted): Promise<boolean> => {
    const environment = "training";
    const [status, accounts, ways] = [await ask("GET /v1/status", {}), await ask("GET /v1/accounts", { limit: 1000 }), await ask("GET /v1/connections", { limit: 1000 })];
    if (!status.currency && !(await firm.act({}, { currency }))) return false;
    const isThere = accounts.items.some((one) => one.name === name);
    if (!isThere && !(await account.act({}, { name, owner, environment, currency }))) return false;
    const isConnected = ways.items.some((one) => one.name === way);
    if (!isConnected && !(await connection.act({}, { name: way, account: name, venue: "paper", environment }))) return false;
    return publishing(picked, ["firm", `account:${name}`]);
  };

  const adding = async ({ name, account: of, owner, connection: way, picked }: NewAgent): Promise<string | null> => {
    const known = (await ask("GET /v1/agents", { limit: 1000 })).items.find((one) => one.name === name);
    if (!known && !(await agent.act({}, { name, account: of, owner }))) return null;
    if (!known?.connections.includes(way) && !(await grant.act({ agent: name, connection: way }))) return null;
    if (!known?.capabilities.includes(PLACE) && !(await capability.act({ agent: name, capability: PLACE }, { enabled: true }))) return null;
    if (!(await publishing(picked, [`agent:${name}`]))) return null;
    const issued = await token.act({}, { role: "agent", name, owner: known?.owner ?? owner });
    return issued?.secret ?? null;
  };

  return {
    publish: (picked, subjects) => doing(() => publishing(picked, subjects), false),
    connect: (wanted) => doing(() => connecting(wanted), false),
    addAgent: (wanted) => doing(() => adding(wanted), null),
    busy: isReading,
    problem: unread ?? acts.find(({ problem }) => problem)?.problem ?? null,
  };
}
