// The mandate of an agent, as how much of each limit is used today.

import { Link } from "wouter";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Gauge } from "../../parts/Gauge";
import { Section } from "../../parts/Page";

const FULLEST = 12;

export function Mandated({ agent }: { agent: string }) {
  const subject = `agent:${agent}`;
  const asked = useAsked("GET /v1/exposure", { subject });
  const href = `/mandates/${encodeURIComponent(subject)}`;
  return (
    <Section title="Its mandate, today" actions={<Link href={href}>The mandate</Link>}>
      <Asked of={asked} empty={() => false}>
        {({ gauges, without_mandate }) => {
          const used = gauges.filter(({ percent, missing }) => percent !== null || missing);
          return (
            <>
              {without_mandate.includes(subject) && <Banner tone="bad">It has no mandate of its own, so every order of it is denied.</Banner>}
              {used.length === 0 && without_mandate.length === 0 && <p className="soft">Nothing of its own limits is used up by anything.</p>}
              <ul className="plain stack tight">
                {used.slice(0, FULLEST).map((limit) => <li key={`${limit.rule} ${limit.of}`}><Gauge limit={limit} whose={false} /></li>)}
              </ul>
              {used.length > FULLEST && <p><Link href={href}>And {used.length - FULLEST} more</Link></p>}
            </>
          );
        }}
      </Asked>
    </Section>
  );
}
