// What a kill closed at one venue: what was sold or bought back, and at what price.

import { Link } from "wouter";
import { grouped, sign } from "../../api/decimal";
import type { KillRow, OrderRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Price } from "../../parts/Money";
import { words } from "../../words";

/** What begins the own id of an order that the guard sent to close what a halt asks for. */
const CLOSING = "flatten-";
const LIMIT = 1000;

export function Closed({ kill: { halt, connection, subject } }: { kill: KillRow }) {
  const [scope, name = ""] = subject.split(":");
  const { data } = useAsked("GET /v1/orders", { limit: LIMIT, ...(scope === "agent" ? { agent: name } : {}) });
  const own = (data?.items ?? []).filter((row) => row.connection === connection && row.intent.startsWith(`${CLOSING}${halt}-`));
  if (own.length === 0) return null;
  return (
    <ul className="plain small" aria-label={`What was closed at ${connection}`}>
      {own.map((row) => <li key={row.order}><Link href={`/orders/${encodeURIComponent(row.order)}`}>{did(row)}</Link>{row.paid_average && <> at <Price value={row.paid_average} /></>}</li>)}
    </ul>
  );
}

function did({ side, filled, quantity, instrument, agent, state }: OrderRow): string {
  if (sign(filled) === 0) return `${side === "buy" ? "Buy" : "Sell"} ${grouped(quantity)} ${instrument} of ${agent}: ${words(state).toLowerCase()}`;
  return `${side === "buy" ? "Bought" : "Sold"} ${grouped(filled)}${filled === quantity ? "" : ` of ${grouped(quantity)}`} ${instrument} of ${agent}`;
}
