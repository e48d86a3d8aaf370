// What became of an order after it was answered: where it is, what filled and at what price, and the way to all of it.

import { Link } from "wouter";
import { grouped } from "../../api/decimal";
import type { OrderShown } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Price } from "../../parts/Money";

const STANDS: { readonly [state in OrderShown["state"]]: string } = {
  allowed: "It is on its way to the venue.", sent: "It is on its way to the venue.", acked: "It is at the venue. Nothing is filled yet.",
  partial: "The rest works on at the venue.", pending_replace: "It is at the venue, and waits for new terms.", pending_cancel: "Its cancel is on the way.",
  filled: "That is all of it.", held: "It waits for people.", declined: "Nothing went out.", denied: "Nothing went out.", lapsed: "Nothing went out.",
  rejected: "The venue rejected it.", cancelled: "It was cancelled.", expired: "It ran out at the venue.",
  unknown: "Nobody knows yet what became of it: the venue is asked.",
};

export function Became({ order }: { order: string }) {
  const { data } = useAsked("GET /v1/orders/{order}/why", { order });
  return (
    <div>
      {data && <p aria-live="polite"><Filled row={data} /> {STANDS[data.state]}</p>}
      <p><Link href={`/orders/${encodeURIComponent(order)}`}>All that happened to this order</Link></p>
    </div>
  );
}

function Filled({ row: { side, filled, quantity, instrument, paid_average } }: { row: OrderShown }) {
  if (filled === "0") return null;
  return <strong>{side === "buy" ? "Bought" : "Sold"} {grouped(filled)} of {grouped(quantity)} {instrument}{paid_average && <> at <Price value={paid_average} /></>}.</strong>;
}
