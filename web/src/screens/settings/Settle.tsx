// What a call of a model did cost, said by a person.

import { useState } from "react";
import type { ModelCall } from "../../api/schema";
import { isDecimal } from "../../api/decimal";
import { useAct } from "../../api/use";
import { Area, Field } from "../../parts/Field";
import { type Filled, FormDialog } from "../../parts/FormDialog";
import { toast } from "../../parts/Toast";

export function Settle({ call: { id, agent, model }, onClose }: { call: ModelCall; onClose: () => void }) {
  const { act, busy, problem } = useAct("POST /v1/budgets/{agent}/calls/{call}/settle");
  const [fault, setFault] = useState("");
  const settle = async ({ cost = "", why = "" }: Filled): Promise<void> => {
    const isAmount = isDecimal(cost) && !cost.startsWith("-");
    setFault(isAmount ? "" : "An amount of 0 or more, like 0.04.");
    if (!isAmount || !await act({ agent, call: id }, { cost, why })) return;
    toast(`${id} is settled.`);
    onClose();
  };
  return (
    <FormDialog open onClose={onClose} title={`Settle ${id}`} act="Settle it" busy={busy} problem={problem} onFilled={(given) => void settle(given)}>
      <p>What {agent} paid for this call of {model}: from the bill, or the most that it can have been. It opens every budget that the call closed.</p>
      <Field label="Cost in US dollars" name="cost" inputMode="decimal" fault={fault} autoComplete="off" required />
      <Area label="Why" name="why" hint="Where you know it from. It stands in the journal for good." maxLength={500} required />
    </FormDialog>
  );
}
