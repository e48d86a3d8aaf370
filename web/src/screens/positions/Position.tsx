// One instrument: its price, who holds it, its chart, its orders, exits and fills.

import { Link } from "wouter";
import type { InstrumentRow, MarkRow, OrderRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Facts } from "../../parts/Facts";
import { Figure, Price } from "../../parts/Money";
import { Page, Section } from "../../parts/Page";
import { Table, type Column } from "../../parts/Table";
import { When } from "../../parts/When";
import { filledOf } from "./chart";
import { Drawn } from "./Drawn";
import { Exits } from "./Exits";
import { Holdings, held } from "./Holdings";
import { useMoment } from "./moment";
import { orderWords, Working } from "./Working";
import "./positions.css";

const MOST = 1000;
const FILLS = 200;

export default function Position({ params: { instrument } }: { params: { instrument: string } }) {
  const [positions, working, exits, orders] = useMoment(
    useAsked("GET /v1/positions", { by: "agent" }), useAsked("GET /v1/orders", { instrument, live: true, limit: MOST }),
    useAsked("GET /v1/exits", { instrument, limit: MOST }), useAsked("GET /v1/orders", { instrument, limit: FILLS }),
  );
  const mine = (answer: { positions: Parameters<typeof held>[0] }) => held(answer.positions).filter((row) => row.instrument === instrument);
  return (
    <Page title={instrument} lead={<><Link href="/positions">All positions</Link> · <Link href={`/decisions?instrument=${encodeURIComponent(instrument)}`}>Its decisions</Link></>}>
      <Priced instrument={instrument} />
      <Section title="Held by" flush>
        <Asked of={positions} empty={(answer) => mine(answer).length === 0} none="Nobody holds it.">{(answer) => <Holdings of={mine(answer)} />}</Asked>
      </Section>
      <Section title="Working orders" flush>
        <Asked of={working} none="No order works.">{({ items }) => <Working of={items} />}</Asked>
      </Section>
      <Section title="Exits" flush>
        <Asked of={exits} none="No exit is set: nothing closes by itself.">{({ items }) => <Exits of={items} />}</Asked>
      </Section>
      <Section title="Filled orders" flush>
        <Asked of={orders} empty={({ items }) => filledOf(items).length === 0} none="Nothing was filled lately.">
          {({ items }) => <Table label="What was filled" columns={COLUMNS} rows={latestFirst(filledOf(items))} keyOf={({ order }) => order} />}
        </Asked>
      </Section>
    </Page>
  );
}

/** What is known of the instrument now, and its chart. */
function Priced({ instrument }: { instrument: string }) {
  const asked = useAsked("GET /v1/instruments/{instrument}", { instrument });
  const mark = useAsked("GET /v1/marks", { limit: MOST }).data?.items.find((row) => row.instrument === instrument);
  return (
    <Section title="Price">
      <Asked of={asked}>
        {(row) => (
          <>
            <Known row={row} mark={mark} />
            <Drawn key={row.name} row={row} mark={mark} />
          </>
        )}
      </Asked>
    </Section>
  );
}

function Known({ row: { kind, venue, category, currency, trading, unfit }, mark }: { row: InstrumentRow; mark: MarkRow | undefined }) {
  return (
    <Facts of={[
      ["Last", mark ? <><strong><Figure value={mark.last} unit={currency} /></strong> <span className="soft small"><When at={mark.at} as="ago" /></span></> : "no price yet"],
      ["Bid and ask", mark && <><Price value={mark.bid} /> · <Price value={mark.ask} /></>],
      ["Trading", trading === "" || trading === "trading" ? trading : <Badge tone="warn">{trading}</Badge>],
      ["Not to be trusted", unfit && <span className="bad">{unfit}</span>],
      ["What it is", `${kind}, ${category}, at ${venue}`],
    ]} />
  );
}

const COLUMNS: readonly Column<OrderRow>[] = [
  { head: "Order", names: true, cell: (row) => <Link href={`/orders/${encodeURIComponent(row.order)}`}>{orderWords(row)}</Link> },
  { head: "Agent", cell: ({ agent, client }) => <span>{agent} {client && <span className="soft small">{client}</span>}</span> },
  { head: "Filled", number: true, cell: ({ filled }) => <Figure value={filled} /> },
  { head: "On average at", number: true, cell: ({ paid_average }) => <Price value={paid_average} /> },
  { head: "Filled at", cell: ({ changed_at }) => <When at={changed_at} /> },
];

const latestFirst = (orders: readonly OrderRow[]): OrderRow[] => [...orders].sort((one, other) => other.changed_at - one.changed_at);
