// The answer to "can this agent hurt me?": one sentence first, then what it rests on.

import { Link } from "wouter";
import type { AgentRow } from "../../api/schema";
import { sign } from "../../api/decimal";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge, Banner, type Tone } from "../../parts/Banner";
import { Section } from "../../parts/Page";
import { Bounds } from "./Bounds";
import { answerOf, type Answer, type Point, type Verdict } from "./hurt";

const TONES: { [verdict in Verdict]: Tone } = { nothing: "good", reducing: "good", training: "main", real: "warn" };
const MOST = 1000;

export function Hurt({ agent }: { agent: AgentRow }) {
  const subject = `agent:${agent.name}`;
  const status = useAsked("GET /v1/status", {});
  const effective = useAsked("GET /v1/mandates/effective", { agent: agent.name });
  const exposure = useAsked("GET /v1/exposure", { subject });
  const mandates = useAsked("GET /v1/mandates", { limit: MOST });
  const orders = useAsked("GET /v1/orders", { agent: agent.name, live: true, limit: MOST });
  const positions = useAsked("GET /v1/positions", { subject });
  const lacking = [status, effective, exposure, mandates, orders, positions].find(({ data }) => data === undefined);
  const answer = status.data && effective.data && exposure.data && mandates.data && orders.data && positions.data && answerOf({
    agent, status: status.data, effective: effective.data, mandates: mandates.data.items, orders: orders.data.items,
    gauges: exposure.data.gauges,
    positions: positions.data.positions.filter(({ quantity }) => sign(quantity) !== 0),
  });
  return (
    <Section title="Can this agent hurt me?">
      <Asked<unknown> of={lacking ?? status} empty={() => false}>
        {() => answer && <Answered of={answer} />}
      </Asked>
      {effective.data && <Bounds of={effective.data} currency={agent.currency} />}
    </Section>
  );
}

function Answered({ of: { verdict, says, stops, ways, out, gaps } }: { of: Answer }) {
  return (
    <>
      <Banner tone={TONES[verdict]} role="status"><strong>{says}</strong></Banner>
      <Points title="What stops it now" of={stops} none="Nothing stops it as a whole: each order is judged by its limits, below." />
      <Points title="Where its orders go" of={ways} none="Nowhere: no connection is granted." badge={({ open }) => <Badge tone={open ? "main" : "good"}>{open ? "Open" : "Closed"}</Badge>} />
      <Points title="What is out there already" of={out} none="No order of it works, and it holds nothing." />
      {gaps.length > 0 && <Points title="What no limit bounds" of={gaps} none="" badge={() => <Badge tone="warn">Look</Badge>} />}
    </>
  );
}

interface PointsProps<P> {
  title: string;
  of: readonly P[];
  none: string;
  badge?: (point: P) => React.ReactNode;
}

function Points<P extends Point>({ title, of, none, badge }: PointsProps<P>) {
  return (
    <div className="stack tight">
      <h3>{title}</h3>
      {of.length === 0 ? <p className="soft">{none}</p> : (
        <ul className="plain agents-points">
          {of.map((point) => <li key={point.fact + point.says}>{badge?.(point)} {point.says} <Fact of={point} /></li>)}
        </ul>
      )}
    </div>
  );
}

/** The fact that a sentence was read from. */
function Fact({ of: { fact, to } }: { of: Point }) {
  return <span className="small soft">{to ? <Link href={to}><code>{fact}</code></Link> : <code>{fact}</code>}</span>;
}
