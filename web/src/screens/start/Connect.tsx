// A training account and its connection to the paper venue, which fills orders at real prices with money that is none.

import { useState, type FormEvent } from "react";
import type { AccountRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked, Refused } from "../../parts/Asked";
import { Button } from "../../parts/Button";
import { Choice, Field } from "../../parts/Field";
import { toast } from "../../parts/Toast";
import { useMe } from "../halts/me";
import { type Picked, useSetUp } from "./useSetUp";

export function Connect({ picked, onDone }: { picked: Picked; onDone: () => void }) {
  const accounts = useAsked("GET /v1/accounts", { limit: 1000 });
  const connections = useAsked("GET /v1/connections", { limit: 1000 });
  return (
    <>
      <p>The paper venue is part of Remit: it takes orders as a broker would and fills them at the prices that come in. A new connection opens with 100,000 of its account's currency, all of it play money.</p>
      <Asked of={accounts} empty={() => false}>
        {({ items }) => connections.data && <Form accounts={items.filter(({ environment }) => environment === "training")} taken={connections.data.items.map(({ name }) => name)} picked={picked} onDone={onDone} />}
      </Asked>
    </>
  );
}

/** The currency that is proposed where none is fixed yet. */
export const FIRST_CURRENCY = "USD";

interface FormProps {
  accounts: readonly AccountRow[];
  taken: readonly string[];
  picked: Picked;
  onDone: () => void;
}

/** The first of `paper1`, `paper2` and so on that is free. */
export function free(taken: readonly string[]): string {
  for (let number = 1; ; number++) if (!taken.includes(`paper${number}`)) return `paper${number}`;
}

function Form({ accounts, taken, picked, onDone }: FormProps) {
  const me = useMe();
  const fixed = useAsked("GET /v1/status", {}).data?.currency ?? "";
  const [chosen, setChosen] = useState(accounts[0]?.name ?? "");
  const [name, setName] = useState("desk");
  const [currency, setCurrency] = useState(fixed || FIRST_CURRENCY);
  const [connection, setConnection] = useState(free(taken));
  const { connect, busy, problem } = useSetUp();
  const known = accounts.find((account) => account.name === chosen);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    const wanted = { account: known?.name ?? name.trim(), owner: me.owner || me.name, currency: known?.currency ?? currency, connection: connection.trim(), picked };
    if (!(await connect(wanted))) return;
    toast(`${wanted.connection} is connected to paper.`);
    onDone();
  };
  const isTaken = taken.includes(connection.trim());
  return (
    <form className="stack start-form" onSubmit={(event) => void submit(event)}>
      {accounts.length > 0 && <Choice label="Account" of={[...accounts.map((account) => [account.name, account.name] as const), ["", "A new one"]]} value={chosen} onChange={(event) => setChosen(event.target.value)} />}
      {!known && (
        <>
          <Field label="Name of the account" hint="For good. It holds the money and what is below it." value={name} onChange={(event) => setName(event.target.value)} required autoComplete="off" />
          <Field label="Currency" hint={fixed ? `The firm counts in ${fixed}.` : "The first one is the firm's too, for good."} value={currency} onChange={(event) => setCurrency(event.target.value.toUpperCase())} required maxLength={12} autoComplete="off" />
        </>
      )}
      <Field label="Name of the connection" fault={isTaken ? "There is one of this name: it stays as it is." : null} value={connection} onChange={(event) => setConnection(event.target.value)} required autoComplete="off" />
      <p className="small soft">The firm and the account get the limits of {picked.preset} where they have none.</p>
      <Refused problem={problem} />
      <div className="row"><Button type="submit" tone="main" busy={busy}>Connect paper</Button></div>
    </form>
  );
}
