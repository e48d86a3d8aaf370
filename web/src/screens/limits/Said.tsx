// A rule in words: its plain sentence with the limit in it, and all that there is to know of it.

import type { RuleRow } from "../../api/schema";
import { Dialog } from "../../parts/Dialog";
import { Documented } from "../../parts/Rule";
import { words } from "../../words";
import { shown } from "./values";

/** The plain sentence; without a value it says `...` for it. */
export function Plainly({ rule, value, currency }: { rule: RuleRow; value?: unknown; currency: string }) {
  const [before, after] = rule.plain.split("{limit}");
  if (after === undefined) return <>{rule.plain}</>;
  if (value === undefined || value === null) return <>{before}…{after.replace(/^\.$/, "")}</>;
  return <>{before}<strong>{shown(rule, value, currency)}</strong>{after}</>;
}

/** The documentation of a rule, as the code has it. */
export function About({ rule, onClose }: { rule: RuleRow | null; onClose: () => void }) {
  return (
    <Dialog open={rule !== null} onClose={onClose} title={rule ? words(rule.rule) : ""}>
      {rule && (
        <>
          <p><Plainly rule={rule} currency="" /></p>
          <Documented of={rule} {...(rule.default !== null ? { unset: `It counts as ${shown(rule, rule.default, "")}.` } : {})} />
        </>
      )}
    </Dialog>
  );
}
