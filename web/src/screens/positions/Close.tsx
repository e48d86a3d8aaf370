// Closing a position: an order by hand that can only reduce what is held. It is judged like any other, so it may be denied.

import { useState, type FormEvent } from "react";
import { Link } from "wouter";
import type { Decided, Position } from "../../api/schema";
import { sign } from "../../api/decimal";
import { useAct, useAsked } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { toast } from "../../parts/Toast";
import { Sentence, Verdict } from "../../parts/Verdict";

interface CloseProps {
  position: Position;
  agent: string;
  open: boolean;
  onClose: () => void;
}

export function ClosePosition({ open, onClose, ...more }: CloseProps) {
  return (
    <Dialog open={open} onClose={onClose} title={`Close ${more.position.instrument} of ${more.agent}`}>
      <Form {...more} onClose={onClose} />
    </Dialog>
  );
}

/** A form of its own, so that each time it is opened begins with what is held then. */
function Form({ position, agent, onClose }: Omit<CloseProps, "open">) {
  const { instrument, connection } = position;
  const held = position.quantity.replace("-", "");
  const [quantity, setQuantity] = useState(held);
  const [decided, setDecided] = useState<Decided | null>(null);
  const { act, busy, problem } = useAct("POST /v1/orders");
  const isLong = sign(position.quantity) > 0;
  const out = isLong ? position.selling : position.buying;
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    const answer = await act({}, { instrument, connection, agent, side: isLong ? "sell" : "buy", quantity: quantity.trim(), type: "market", reduce: "clip" });
    if (!answer) return;
    if (answer.verdict !== "allow") return setDecided(answer);
    toast(`Closing ${answer.decision.quantity} ${instrument} of ${agent}.`);
    onClose();
  };
  if (decided) return <Said decided={decided} onClose={onClose} />;
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <p>A market order <strong>{isLong ? "sells" : "buys back"}</strong> what {agent} holds through {connection}. It can only reduce: it is cut down to what is held, and never opens anything. Since you ask for it yourself, no halt and no pause stands in its way.</p>
      {sign(out) !== 0 && <Banner tone="warn">{out} of it is already in working orders on this side. Cancel them first to close all of it.</Banner>}
      <Field label="Quantity" hint={`${held} is held.`} value={quantity} onChange={(event) => setQuantity(event.target.value)} inputMode="decimal" autoComplete="off" required />
      <Refused problem={problem} />
      <div className="row">
        <Button type="submit" tone="danger" busy={busy}>Close {quantity} {instrument}</Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </form>
  );
}

/** What was decided where it was not simply let out: held for people, or denied with every rule that stood against it. */
function Said({ decided: { verdict, order }, onClose }: { decided: Decided; onClose: () => void }) {
  const asked = useAsked("GET /v1/orders/{order}/why", { order: order ?? "" }, { when: order !== null });
  return (
    <div className="stack" role="status">
      <p><Verdict of={verdict} /> {verdict === "hold" ? "It waits for people before it goes out." : "Nothing was sent: the position stands as it was."}</p>
      <Asked of={asked} empty={() => false}>
        {({ findings = [] }) => <ul>{findings.map((finding) => <li key={finding.rule + finding.subject}><Sentence finding={finding} /></li>)}</ul>}
      </Asked>
      <div className="row">
        {order && <Link className="button" href={`/orders/${encodeURIComponent(order)}`}>See the order</Link>}
        <Button onClick={onClose}>Done</Button>
      </div>
    </div>
  );
}
