// A token's secret, which nobody can show again, and how a program begins with it: one command that works here as it stands.

import { useEffect, useRef, useState } from "react";
import { compare } from "../../api/decimal";
import type { InstrumentRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Button } from "../../parts/Button";
import { Command } from "../../parts/Command";
import { Secret } from "../../parts/Secret";
import { PRACTICE, PRICE, usePractice } from "./practice";

const LOOK_MS = 2000;
const AGAIN_MS = 5000; // limits want a price of the last seconds

interface TokenProps {
  name: string;
  secret: string;
  onAnother: () => void;
}

export function Token({ name, secret, onAnother }: TokenProps) {
  const instruments = useAsked("GET /v1/instruments", { venue: "paper", limit: 1000 });
  const isReady = useAsked("GET /v1/connections", { limit: 1000 }, { every: LOOK_MS }).data?.items.some(({ venue, ready }) => venue === "paper" && ready);
  return (
    <div className="stack">
      <Secret label={`The token of ${name}`} value={secret} hint="Keep it where only the agent's program can read it." />
      <p><strong>{name} may trade on paper now.</strong> A program acts with this token alone. One order, as a shell sends it:</p>
      {isReady === false ? <p className="soft" role="status">The connection is new and is still compared with the venue: the command is here in a few seconds.</p>
        : <Asked of={instruments} empty={() => false}>{({ items }) => <First secret={secret} instruments={items} />}</Asked>}
      <div className="row"><Button onClick={onAnother}>Add another agent</Button></div>
    </div>
  );
}

/** The first order: of the cheapest that has a price, since limits are in money; else of the one to practise with. */
function First({ secret, instruments }: { secret: string; instruments: readonly InstrumentRow[] }) {
  const priced = instruments.filter(({ name, last, unfit }) => name !== PRACTICE && last !== null && !unfit);
  const [cheapest] = priced.sort((one, other) => compare(one.last ?? "0", other.last ?? "0"));
  return cheapest ? <Example secret={secret} of={cheapest.name} quantity={cheapest.quantity_min ?? cheapest.lot} /> : <Practice secret={secret} known={instruments.find(({ name }) => name === PRACTICE)} />;
}

/** Where no prices come in this page gives one, again and again while it stands here: an order at an old price is denied. */
function Practice({ secret, known }: { secret: string; known: InstrumentRow | undefined }) {
  const { price, busy, problem } = usePractice();
  const [isPriced, setPriced] = useState(false);
  const give = useRef(() => Promise.resolve(false));
  useEffect(() => { give.current = () => price(known); });
  useEffect(() => {
    const timer = isPriced && setInterval(() => void give.current(), AGAIN_MS);
    return () => { if (timer) clearInterval(timer); };
  }, [isPriced]);
  const begin = async (): Promise<void> => setPriced(await give.current());
  if (isPriced) {
    return (
      <>
        <Example secret={secret} of={PRACTICE} quantity="1" />
        <p className="small soft">{PRACTICE} has a price of {known?.last ?? PRICE} for as long as this step stands here: this page gives it anew every 5 seconds.</p>
        <Refused problem={problem} />
      </>
    );
  }
  return (
    <>
      <p>No prices come in yet, and without one every order is denied. {PRACTICE} is an instrument to practise with: {known ? "" : "it is added, and "}this page gives it a price.</p>
      <Refused problem={problem} />
      <div><Button busy={busy} onClick={() => void begin()}>Give {PRACTICE} a price, and show the command</Button></div>
    </>
  );
}

function Example({ secret, of, quantity }: { secret: string; of: string; quantity: string }) {
  return (
    <>
      <Command label="Send one order" lines={example(secret, of, quantity)} />
      <p className="small soft">It works as it stands, here and once: the answer says whether the order was allowed, and if not, why.</p>
    </>
  );
}

/** One order by this agent, as a shell would send it to this very door. */
function example(secret: string, instrument: string, quantity: string): string[] {
  return [
    `export REMIT_TOKEN=${secret}`,
    `curl -s ${location.origin}/v1/orders -H "Authorization: Bearer $REMIT_TOKEN" \\`,
    `  -H "Content-Type: application/json" -H "Idempotency-Key: first-1" \\`,
    `  -d '${JSON.stringify({ instrument, side: "buy", quantity, confidence: "0.8" })}'`,
  ];
}
