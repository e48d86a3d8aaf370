// How far a connection's book and its venue may differ, as a whole, with the reason.

import { useState } from "react";
import type { Tolerance } from "../../api/schema";
import { isDecimal } from "../../api/decimal";
import { useAct } from "../../api/use";
import { Area, Field } from "../../parts/Field";
import { type Filled, FormDialog } from "../../parts/FormDialog";
import { toast } from "../../parts/Toast";

type Whole = Exclude<keyof Tolerance, "floor">;
const WHOLE: readonly [name: Whole, label: string, least: number, most: number][] = [
  ["share_bps", "Share of the larger side, in bps", 0, 10_000],
  ["rounds", "Rounds that a difference may last", 1, 1000],
  ["window_s", "Reports may be in transit for, in seconds", 0, 86_400],
  ["silent_rounds", "Rounds without the venue's account, then nothing opens", 1, 1000],
  ["unknown_count_max", "Orders of unknown state, at most", 0, 10_000],
  ["unknown_age_max_s", "An order's state may be unknown for, in seconds", 1, 86_400],
  ["dead_man_s", "If Remit falls silent, the venue cancels after, in seconds; 0 switches it off", 0, 86_400],
];

export function ToleranceDialog({ connection, tolerance, onClose }: { connection: string; tolerance: Tolerance; onClose: () => void }) {
  const { act, busy, problem } = useAct("PUT /v1/connections/{connection}/tolerance");
  const [faults, setFaults] = useState<Filled>({});
  const set = async ({ floor = "", why = "", ...given }: Filled): Promise<void> => {
    const found = faultsOf(floor, given);
    setFaults(found);
    if (Object.keys(found).length > 0) return;
    const whole = Object.fromEntries(WHOLE.map(([name]) => [name, Number(given[name])]));
    if (!await act({ connection }, { tolerance: { floor, ...whole }, why })) return;
    toast(`${connection} may differ as you said, from now on.`);
    onClose();
  };
  return (
    <FormDialog open onClose={onClose} title={`How far ${connection} may differ`} act="Set it" busy={busy} problem={problem} onFilled={(given) => void set(given)}>
      <Field label="Small is below, in the account's currency" name="floor" defaultValue={tolerance.floor} inputMode="decimal" fault={faults["floor"]} required />
      {WHOLE.map(([name, label]) => <Field key={name} label={label} name={name} defaultValue={tolerance[name]} inputMode="numeric" fault={faults[name]} required />)}
      <Area label="Why" name="why" hint="It stands in the journal for good." maxLength={500} required />
    </FormDialog>
  );
}

function faultsOf(floor: string, given: Filled): Filled {
  const found: Filled = isDecimal(floor) && !floor.startsWith("-") ? {} : { floor: "An amount of 0 or more, like 1.50." };
  for (const [name, , least, most] of WHOLE) {
    const value = given[name] ?? "";
    if (!/^\d+$/.test(value) || Number(value) < least || Number(value) > most) found[name] = `A whole number from ${least} to ${most}.`;
  }
  return found;
}
