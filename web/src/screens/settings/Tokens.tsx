// Tokens and sessions: by their first characters, who they stand for, when they were used last and when they end.

import { useState } from "react";
import type { TokenRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge, type Tone } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Section } from "../../parts/Page";
import { type Column, Table } from "../../parts/Table";
import { When } from "../../parts/When";
import { IssueToken } from "./IssueToken";
import { useMay } from "./may";
import { RevokeToken } from "./RevokeToken";
import { RotateToken } from "./RotateToken";

const USED_MS = 20_000; // that a token was used is no entry of the journal
const TONES: { [state in TokenRow["state"]]: Tone } = { valid: "good", expired: "plain", revoked: "plain" };

export function Tokens() {
  const asked = useAsked("GET /v1/tokens", { limit: 1000 }, { every: USED_MS });
  const may = useMay();
  const [all, setAll] = useState(false);
  const [act, setAct] = useState<{ kind: "issue" } | { kind: "rotate" | "revoke"; row: TokenRow } | null>(null);
  const close = (): void => setAct(null);
  const columns: Column<TokenRow>[] = [
    { head: "Token", names: true, cell: ({ token, prefix, session }) => <span><code>{prefix ? `${prefix}…` : token}</code> <span className="soft small">{session ? "session of a browser" : token}</span></span> },
    { head: "For", cell: ({ name, role, owner }) => <span>{name} <span className="soft small">{role}{owner && owner !== name ? `, of ${owner}` : ""}</span></span> },
    { head: "Last use", cell: ({ last_use }) => (last_use ? <When at={last_use} as="ago" /> : <span className="soft">not yet</span>) },
    { head: "Ends", cell: ({ expires_at }) => (expires_at ? <When at={expires_at} /> : <span className="soft">never</span>) },
    { head: "State", cell: ({ state }) => <Badge tone={TONES[state]}>{state}</Badge> },
    ...(may.issue ? [{ head: "Do", number: true, cell: (row: TokenRow) => row.state === "valid" && <Acts row={row} onAct={(kind) => setAct({ kind, row })} /> }] : []),
  ];
  const isShown = ({ state, session }: TokenRow): boolean => all || (state === "valid" && !session);
  return (
    <Section title="Tokens" flush actions={
      <span className="row">
        <label className="settings-check small"><input type="checkbox" checked={all} onChange={(event) => setAll(event.target.checked)} />Sessions and those that are over, too</label>
        {may.issue && <Button tone="main" onClick={() => setAct({ kind: "issue" })}>Issue a token</Button>}
      </span>
    }>
      <Asked of={asked} empty={({ items }) => !items.some(isShown)} none="No token is good now.">
        {({ items }) => <Table label="Tokens" columns={columns} rows={items.filter(isShown)} keyOf={({ token }) => token} />}
      </Asked>
      <IssueToken open={act?.kind === "issue"} onClose={close} />
      {act?.kind === "rotate" && <RotateToken row={act.row} onClose={close} />}
      {act?.kind === "revoke" && <RevokeToken row={act.row} onClose={close} />}
    </Section>
  );
}

function Acts({ row: { session, prefix, name }, onAct }: { row: TokenRow; onAct: (kind: "rotate" | "revoke") => void }) {
  return (
    <span className="settings-actions">
      {!session && <Button onClick={() => onAct("rotate")} aria-label={`Rotate ${prefix} of ${name}`}>Rotate</Button>}
      <Button onClick={() => onAct("revoke")} aria-label={`Revoke ${prefix} of ${name}`}>Revoke</Button>
    </span>
  );
}
