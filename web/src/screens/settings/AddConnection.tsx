// A new connection of an account to the paper venue, which is the venue that this release speaks to.

import type { AccountRow, ConnectionRow } from "../../api/schema";
import { useAct, useAsked } from "../../api/use";
import { Choice, Field } from "../../parts/Field";
import { type Filled, FormDialog } from "../../parts/FormDialog";
import { toast } from "../../parts/Toast";
import { free } from "../start/Connect";

const VENUE = "paper";

export function AddConnection({ taken, onClose }: { taken: readonly ConnectionRow[]; onClose: () => void }) {
  const accounts = useAsked("GET /v1/accounts", { limit: 1000 });
  const { act, busy, problem } = useAct("POST /v1/connections");
  const onPaper = (accounts.data?.items ?? []).filter(({ environment }) => environment === "training");
  const add = async ({ name = "", account = "", fee = "" }: Filled): Promise<void> => {
    const of: AccountRow | undefined = onPaper.find((one) => one.name === account);
    if (!of || !await act({}, { name, account, venue: VENUE, environment: of.environment, fee_bps: Number(fee) })) return;
    toast(`${name} is connected. It is ready once it was compared with the venue.`);
    onClose();
  };
  return (
    <FormDialog open onClose={onClose} title="Connect an account to paper" act="Connect it" busy={busy} problem={problem} onFilled={(given) => void add(given)}>
      <p>Orders through it fill at real prices with play money. An agent may use it once that is granted: under Agents, at its connections.</p>
      {accounts.data && onPaper.length === 0 && <p className="warn">There is no training account. Start adds one.</p>}
      <Choice label="Account" name="account" of={onPaper.map(({ name, currency }) => [name, `${name}, ${currency}`] as const)} required />
      <Field label="Name of the connection" name="name" defaultValue={free(taken.map(({ name }) => name))} autoComplete="off" autoCapitalize="none" spellCheck={false} maxLength={128} required />
      <Field label="Fee of each fill, in bps" name="fee" defaultValue="0" inputMode="numeric" pattern="[0-9]{1,4}" hint="100 bps are 1 %." required />
    </FormDialog>
  );
}
