// What is held, what is on its way, and what closes it by itself.

import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Page, Section } from "../../parts/Page";
import { Exits } from "./Exits";
import { Holdings, held } from "./Holdings";
import { useMoment } from "./moment";
import { useSeen } from "./seen";
import { Working } from "./Working";
import "./positions.css";

const MOST = 1000;

export default function Positions() {
  const [positions, orders, exits] = useMoment(
    useAsked("GET /v1/positions", { by: "agent" }), useAsked("GET /v1/orders", { live: true, limit: MOST }), useAsked("GET /v1/exits", { limit: MOST }),
  );
  useSeen(); // so that a chart that is opened from here has some past already
  return (
    <Page title="Positions" lead="What your agents hold, their orders at work, and the exits that close by themselves.">
      <Section title="Positions" flush>
        <Asked of={positions} empty={(answer) => held(answer.positions).length === 0} none="Nothing is held.">
          {(answer) => <Holdings of={held(answer.positions)} />}
        </Asked>
      </Section>
      <Section title="Working orders" flush>
        <Asked of={orders} none="No order works.">{({ items }) => <Working of={items} />}</Asked>
      </Section>
      <Section title="Exits" flush>
        <Asked of={exits} none="No exit is set: nothing closes by itself.">{({ items }) => <Exits of={items} />}</Asked>
      </Section>
    </Page>
  );
}
