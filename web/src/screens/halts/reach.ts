// How many orders work and how many positions are open below a subject: what a kill would meet.

import { sign } from "../../api/decimal";
import { useAsked } from "../../api/use";

export interface Reach {
  /** At work at a venue or on the way there. Null while it is not known. */
  orders: number | null;
  /** Held for people. */
  held: number | null;
  positions: number | null;
}

const MOST = 1000;

export function useReach(subject: string): Reach {
  const live = useAsked("GET /v1/orders", { live: true, limit: MOST }).data;
  const stakes = useAsked("GET /v1/positions", { by: "agent" }).data;
  const agents = useAsked("GET /v1/agents", { limit: MOST }).data;
  const connections = useAsked("GET /v1/connections", { limit: MOST }).data;
  const clients = useAsked("GET /v1/clients", { limit: MOST }).data;
  if (!live || !stakes || !agents || !connections || !clients) return { orders: null, held: null, positions: null };
  const [scope = "", name = ""] = subject.split(":");
  const account = new Map(agents.items.map((agent) => [agent.name, agent.account]));
  const venue = new Map(connections.items.map((connection) => [connection.name, connection.venue]));
  const isOf = (row: { agent: string; client: string; connection: string }): boolean => {
    if (scope === "firm") return true;
    if (scope === "account") return account.get(row.agent) === name;
    if (scope === "venue") return venue.get(row.connection) === name;
    return row[scope as "agent" | "client" | "connection"] === name;
  };
  // A client's stakes are its agent's.
  const through = scope === "client" ? clients.items.find((client) => client.name === name)?.agent : undefined;
  const open = stakes.positions.filter(({ quantity }) => sign(quantity) !== 0).map(({ subject: of, connection }) => ({ agent: of.split(":")[1] ?? "", client: "", connection }));
  const own = live.items.filter(isOf);
  return {
    orders: own.filter(({ state }) => state !== "held").length,
    held: own.filter(({ state }) => state === "held").length,
    positions: open.filter((row) => (through === undefined ? isOf(row) : row.agent === through)).length,
  };
}
