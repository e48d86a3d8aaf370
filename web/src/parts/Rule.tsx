// A rule's name that leads to what the rule is: what it asks, what exactly is measured, and where that is written down.

import { useState } from "react";
import { Link } from "wouter";
import type { RuleRow } from "../api/schema";
import { useAsked } from "../api/use";
import { words } from "../words";
import { Asked } from "./Asked";
import { Dialog } from "./Dialog";
import { Facts } from "./Facts";
import "./rule.css";

/** The name of a rule, to be pressed. */
export function RuleLink({ rule, children = words(rule) }: { rule: string; children?: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="rule-link" aria-haspopup="dialog" onClick={() => setOpen(true)}>{children}</button>
      {open && <Dialog open onClose={() => setOpen(false)} title={words(rule)}><Told rule={rule} /></Dialog>}
    </>
  );
}

function Told({ rule }: { rule: string }) {
  const asked = useAsked("GET /v1/rules", {});
  const of = asked.data?.items.find((row) => row.rule === rule);
  return (
    <Asked of={asked} empty={() => of === undefined} none={<>This is no rule of a mandate: <code>{rule}</code>.</>}>
      {() => of && <Row of={of} />}
    </Asked>
  );
}

function Row({ of: { rule, kind, plain, exactly, on_breach, asked_of, scopes, doc } }: { of: RuleRow }) {
  return (
    <>
      <p><strong>{plain.replace("{limit}", "the limit")}</strong></p>
      <Facts of={[
        ["Exactly", exactly], ["Asked of", asked_of], ["Where it does not hold", on_breach],
        ["Set for", kind === "fact" ? "always checked: no mandate switches it off" : scopes.join(", ")],
        ["Name", <code>{rule}</code>], ["Documented in", <code>{doc}</code>],
      ]} />
      {kind !== "fact" && <p><Link href="/safeguards">See its limits in Safeguards</Link></p>}
    </>
  );
}
