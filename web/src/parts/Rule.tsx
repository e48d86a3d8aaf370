// A rule's name that leads to what the rule is: what it asks, what exactly is measured, and where that is written down.

import { useState } from "react";
import { Link } from "wouter";
import { sentence } from "../api/problem";
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

function Row({ of }: { of: RuleRow }) {
  return (
    <>
      <p><strong>{of.plain.replace("{limit}", "the limit")}</strong></p>
      <Documented of={of} />
      {of.kind !== "fact" && <p><Link href="/safeguards">See its limits in Safeguards</Link></p>}
    </>
  );
}

/** All that the documentation says of a rule, and where it stands. `unset`: what holds where no mandate sets it. */
export function Documented({ of: { rule, kind, plain, measures, exactly, on_breach, asked_of, only, scopes, doc, ...row }, unset = row.unset }: { of: RuleRow; unset?: string }) {
  const isFact = kind === "fact";
  return (
    <Facts of={[
      ["What is looked at", measures === plain ? "" : measures], ["Word by word", exactly], ["Looked at for", asked_of && sentence(asked_of)],
      ["If it does not hold", on_breach && `The order is ${on_breach.replaceAll("`", "")}.`], ["Also", only.map(sentence).join(" ")],
      ["Set in mandates of", isFact ? "none: it is always checked, and nobody can switch it off" : scopes.map(WHOSE).join(", ")],
      ["If it is not set", isFact ? "" : unset],
      ["Its name", <code>{rule}</code>], ["In the documentation", <><code>{doc}</code>, among the files that Remit comes with; all that it says of this rule stands above.</>],
    ]} />
  );
}

const WHOSE = (scope: string): string => (scope === "firm" ? "the firm" : `${scope}s`);
