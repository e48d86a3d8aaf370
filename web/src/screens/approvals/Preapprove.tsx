// To confirm ahead of time what one agent may do: in which instruments or categories, up to what, and until when.

import { useState } from "react";
import type { Waiting } from "../../api/schema";
import { isDecimal, sign } from "../../api/decimal";
import { instant, now } from "../../api/time";
import { useAct, useAsked } from "../../api/use";
import { Area, Choice, Field } from "../../parts/Field";
import { type Filled, FormDialog } from "../../parts/FormDialog";
import { toast } from "../../parts/Toast";

const HOUR_MS = 3_600_000;
const ENDS = [["1", "in an hour"], ["24", "in a day"], ["168", "in a week"], ["720", "in 30 days"]] as const; // a month at most
const NAMED = { autoComplete: "off", autoCapitalize: "none", spellCheck: false } as const;

interface PreapproveProps {
  /** The order that it is like; nothing is filled in without one. */
  like?: Waiting;
  onClose: () => void;
}

export function Preapprove({ like, onClose }: PreapproveProps) {
  const { act, busy, problem } = useAct("POST /v1/preapprovals");
  const agents = useAsked("GET /v1/agents", { limit: 1000 }, { when: like === undefined });
  const [began] = useState(now); // the same request again is the same to the letter, and so acts once
  const [faults, setFaults] = useState<Filled>({});
  const preapprove = async (given: Filled): Promise<void> => {
    const found = faultsOf(given);
    setFaults(found);
    if (Object.keys(found).length > 0) return;
    const { agent = "", instruments, categories, most = "", total, ends, why = "" } = given;
    const answer = await act({}, {
      agent, instruments: names(instruments), categories: names(categories), notional_max: most, total_max: total || null,
      ends_at: instant(began + Number(ends) * HOUR_MS), why,
    });
    if (!answer) return;
    toast(`${agent} may open such orders without asking.`);
    onClose();
  };
  const known = agents.data?.items.map(({ name }) => name) ?? [];
  return (
    <FormDialog open onClose={onClose} title="Confirm ahead of time" act="Confirm ahead of time" busy={busy} problem={problem} onFilled={(given) => void preapprove(given)}>
      <p className="small">Every other rule judges as ever. It stands for one confirmation and never for a quorum; it is for orders to come, not for what waits already, and for what the agent and its clients open.</p>
      <Choice label="Agent" name="agent" of={(like ? [like.agent] : known).map((name) => [name, name])} required />
      <Field label="Instruments" name="instruments" defaultValue={like?.instrument ?? ""} hint="With commas between them." fault={faults["instruments"]} {...NAMED} />
      <Field label="Or categories" name="categories" hint={like?.category ? `Wider: ${like.instrument} is of ${like.category}.` : "With commas between them. What is of a category is covered, whatever else it is."} {...NAMED} />
      <Field label={`Each worth at most${like ? `, in ${like.currency}` : ", in the account's currency"}`} name="most" inputMode="decimal" fault={faults["most"]} hint={like && `This one is worth at most ${like.worth}.`} autoComplete="off" required />
      <Field label="All together at most" name="total" inputMode="decimal" fault={faults["total"]} hint="Leave it empty for no such bound. What was used is not given back." autoComplete="off" />
      <Choice label="It ends" name="ends" defaultValue="24" of={ENDS} />
      <Area label="Why" name="why" hint="It stands in the journal for good." maxLength={500} required />
    </FormDialog>
  );
}

const names = (given = ""): string[] => given.split(",").map((name) => name.trim()).filter(Boolean);
const isAmount = (given = ""): boolean => isDecimal(given) && sign(given) > 0;

function faultsOf({ instruments, categories, most, total }: Filled): Filled {
  const found: Filled = {};
  if (names(instruments).length + names(categories).length === 0) found["instruments"] = "Name at least one instrument or category: nobody lets everything go.";
  if (!isAmount(most)) found["most"] = "An amount above 0, like 100.";
  if (total && !isAmount(total)) found["total"] = "An amount above 0, like 1000, or nothing.";
  return found;
}
