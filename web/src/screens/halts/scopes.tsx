// Whom something is about: the firm, an account, an agent, a client, a connection or a venue, as far as the asker may touch it.

import { useAsked } from "../../api/use";
import { Choice } from "../../parts/Field";
import { useMe } from "./me";
import { whom } from "../../words";

/** Every subject that can be stopped, the widest first. */
export function useScopes(): string[] {
  const { role } = useMe();
  const accounts = useAsked("GET /v1/accounts", {}).data?.items ?? [];
  const agents = useAsked("GET /v1/agents", { limit: 1000 }).data?.items ?? [];
  const clients = useAsked("GET /v1/clients", { limit: 1000 }).data?.items ?? [];
  const connections = useAsked("GET /v1/connections", { limit: 1000 }).data?.items ?? [];
  const venues = [...new Set(connections.map(({ venue }) => venue))].sort();
  const isOwner = role === "owner"; // the firm and venues are nobody's
  return [
    ...(isOwner ? [] : ["firm"]),
    ...accounts.map(({ name }) => `account:${name}`),
    ...agents.map(({ name }) => `agent:${name}`),
    ...clients.map(({ name }) => `client:${name}`),
    ...connections.map(({ name }) => `connection:${name}`),
    ...(isOwner ? [] : venues.map((name) => `venue:${name}`)),
  ];
}

interface ScopeProps {
  label: string;
  of: readonly string[];
  value: string;
  onChange: (subject: string) => void;
  hint?: string;
}

export function Scope({ label, of, value, onChange, hint }: ScopeProps) {
  const rows = of.map((subject) => [subject, subject === "firm" ? "Everything: the firm" : whom(subject)] as const);
  return <Choice label={label} hint={hint} of={rows} value={value} onChange={(event) => onChange(event.target.value)} />;
}
