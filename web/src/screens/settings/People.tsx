// People: who has which role, by what they can sign in, and the changes that wait for a second one.

import { useState } from "react";
import type { PersonRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Section } from "../../parts/Page";
import { type Column, Table } from "../../parts/Table";
import { Proposals } from "../mandates/Proposals";
import { AddPerson } from "./AddPerson";
import { useMay } from "./may";
import { PersonDialog } from "./PersonDialog";

export function People() {
  const asked = useAsked("GET /v1/people", { limit: 1000 });
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const [chosen, setChosen] = useState("");
  const columns: Column<PersonRow>[] = [
    { head: "Person", names: true, cell: ({ name, owner, disabled, known }) => (
      <span>{name} {owner && owner !== name && <span className="soft small">acts as {owner}</span>} {disabled && <Badge tone="bad">shut out</Badge>} {!known && <Badge>by tokens alone</Badge>}</span>
    ) },
    { head: "Role", cell: ({ role }) => role },
    { head: "Signs in by", cell: (row) => ways(row) || <span className="soft">{row.known ? "nothing yet" : "tokens"}</span> },
    { head: "Tokens and sessions", number: true, cell: ({ tokens }) => tokens },
    ...(may.setUp ? [{ head: "Do", number: true, cell: ({ name, known }: PersonRow) => <span className="settings-actions">{known && <Button onClick={() => setChosen(name)} aria-label={`Change ${name}`}>Change…</Button>}</span> }] : []),
  ];
  return (
    <>
      <Proposals />
      <Section title="People" flush actions={may.setUp && <Button tone="main" onClick={() => setAdding(true)}>Add a person</Button>}>
        <Asked of={asked} none="Nobody was added yet.">
          {({ items }) => (
            <>
              <Table label="People" columns={columns} rows={items.filter((row) => !isService(row))} keyOf={({ name }) => name} />
              {items.filter(({ name }) => name === chosen).map((row) => <PersonDialog key={row.name} row={row} onClose={() => setChosen("")} />)}
              {items.some(isService) && <p className="small soft settings-service">The doors, which carry this page, read by a token of their own and can change nothing. It stands under Tokens.</p>}
            </>
          )}
        </Asked>
      </Section>
      {adding && <AddPerson onClose={() => setAdding(false)} />}
    </>
  );
}

/** What is no person: the doors, by the token that `remit up` gives them. */
const isService = ({ name, known, role }: PersonRow): boolean => name === "doors" && role === "auditor" && !known;

const ways = ({ password, totp, passkeys = [] }: PersonRow): string =>
  [password && "password", totp && "app", passkeys.length > 0 && (passkeys.length === 1 ? "a passkey" : `${passkeys.length} passkeys`)].filter(Boolean).join(", ");
