// What stands for the journal: its key and heads, who else signed them, where copies of it are, and how an outsider checks all that.

import { useQuery } from "@tanstack/react-query";
import type { Heads as HeadsShown, Status, WitnessRow } from "../../api/schema";
import { instant } from "../../api/time";
import { session } from "../../api/session";
import { useShared } from "../../api/shared";
import { useAsked } from "../../api/use";
import { grouped } from "../../api/decimal";
import { keep } from "../../api/file";
import { sentence } from "../../api/problem";
import { Asked } from "../../parts/Asked";
import { Badge, Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Facts } from "../../parts/Facts";
import { Page, Section } from "../../parts/Page";
import { Table } from "../../parts/Table";
import { When } from "../../parts/When";
import { canProve, Wrong } from "../../proof/bytes";
import { cosigned, keyOf, type Standing } from "../../proof/note";
import { headOf } from "../../proof/receipt";
import { Attestation } from "./Attestation";
import { CheckFile } from "./CheckFile";
import { Evidence } from "./Evidence";
import { KeyField } from "./KeyField";
import { knownOf, useKept } from "./kept";
import { Outsider } from "./Outsider";
import "./proof.css";

const SEES_ALL = ["operator", "approver", "compliance", "auditor"];

export default function Proof() {
  const { me } = useShared(session);
  const heads = useAsked("GET /v1/journal/heads", {});
  const status = useAsked("GET /v1/status", {});
  const seesAll = SEES_ALL.includes(me?.role ?? "");
  return (
    <Page title="Proof" lead="Nothing in the journal can be changed, dropped or reordered unnoticed. Here is what shows it, and what you can take elsewhere.">
      <div className="halves">
        <div className="stack">
          <Section title="The journal">
            <Asked of={heads}>{(found) => <Journal heads={found} witnesses={status.data?.anchors?.witnesses ?? []} />}</Asked>
          </Section>
        </div>
        <div className="stack">
          {seesAll && <Section title="Evidence"><Evidence /></Section>}
          <Section title="Attestation"><Attestation /></Section>
        </div>
      </div>
      <CheckFile served={heads.data?.key} />
      {seesAll && <Asked of={status}>{(found) => <Elsewhere status={found} />}</Asked>}
      <Section title="How an outsider checks"><Outsider keyText={heads.data?.key ?? "NAME+HASH+KEY"} /></Section>
    </Page>
  );
}

/** How one head stands, as far as this page could check it. */
interface Stands {
  own: Standing | string;
  differs: boolean;
  lines: { name: string; says: string; atS: number | null; isWell: boolean }[];
}

async function looked(note: string, served: string, kept: string, witnesses: readonly WitnessRow[]): Promise<Stands> {
  const { key, differs } = await knownOf(kept, served);
  const own = await headOf(note, key).then(({ standing }) => standing, (fault: Error) => fault.message);
  const lines = await Promise.all(witnesses.map(async ({ name, key: written }) => {
    try {
      const found = await cosigned(note, await keyOf(written));
      if (!found) return { name, says: "no line on it", atS: null, isWell: false };
      return { name, says: found.standing === "holds" ? "its line holds" : "not checked here", atS: found.atS, isWell: found.standing === "holds" };
    } catch (wrong) {
      if (!(wrong instanceof Wrong)) throw wrong;
      return { name, says: wrong.message, atS: null, isWell: false };
    }
  }));
  return { own, differs, lines };
}

function useLooked(note: string | undefined, served: string, witnesses: readonly WitnessRow[]) {
  const kept = useKept();
  return useQuery({
    queryKey: ["a head", note, served, kept, witnesses.map(({ key }) => key)],
    enabled: note !== undefined && canProve(),
    staleTime: Infinity,
    placeholderData: (before: Stands | undefined) => before, // a newer head comes every second
    queryFn: () => looked(note ?? "", served, kept, witnesses),
  });
}

function Journal({ heads: { key, newest, cosigned: held }, witnesses }: { heads: HeadsShown; witnesses: readonly WitnessRow[] }) {
  const own = useLooked(newest.note, key, []).data;
  const others = useLooked(held?.note, key, witnesses).data;
  return (
    <div className="stack">
      {own?.differs && <Banner tone="bad" role="alert"><strong>This server names another key than the one you keep.</strong> Its journal is another one, or somebody stands between. Trust nothing here until you know why.</Banner>}
      <Facts of={[
        ["Entries", <strong>{grouped(String(newest.size))}</strong>], ["Root", <code className="proof-hash">{newest.root}</code>],
        ["Signature", <Standing of={own?.own} />], ["Its key", <code className="proof-hash">{key}</code>],
        ["Cosigned head", held ? <>{grouped(String(held.size))} entries, by {held.cosigned_by.join(", ")}</> : "none: no witness signs heads of this journal"],
      ]} />
      {others && others.lines.length > 0 && (
        <ul className="plain stack tight">
          {others.lines.map(({ name, says, atS, isWell }) => (
            <li key={name} className="row"><Badge tone={isWell ? "good" : "warn"}>{says}</Badge> <span>{name}</span> {atS !== null && <span className="soft">signed <When at={instant(atS * 1000)} /></span>}</li>
          ))}
        </ul>
      )}
      <p className="small soft">A head that you keep elsewhere must be contained in every later copy: keep one now and then, and the key with the first.</p>
      <div className="row">
        <Button onClick={() => keep(text(newest.note), `head-${newest.size}.txt`)}>Download the head</Button>
        {held && <Button onClick={() => keep(text(held.note), `cosigned-${held.size}.txt`)}>Download the cosigned head</Button>}
        <Button onClick={() => keep(text(`${key}\n`), "verifier.txt")}>Download the key</Button>
      </div>
      <KeyField />
    </div>
  );
}

const text = (content: string): Blob => new Blob([content], { type: "text/plain" });

function Standing({ of }: { of: string | undefined }) {
  if (!canProve()) return <>not checked: this page came without TLS, and its browser computes nothing then</>;
  if (of === undefined) return <span className="soft">being checked</span>;
  if (of === "holds") return <span className="good">holds: checked in this page</span>;
  if (of === "unchecked") return <span className="warn">not checked here: this browser knows no Ed25519</span>;
  return <strong className="bad">{sentence(of)}</strong>;
}

/** Who holds the journal's heads and copies out of its reach. */
function Elsewhere({ status: { anchors, exports = [] } }: { status: Status }) {
  return (
    <div className="halves">
      <Section title="Witnesses" flush={Boolean(anchors?.witnesses.length)}>
        {anchors?.witnesses.length ? (
          <>
            <p className="none">{anchors.needed === 0 ? "No permit waits for them." : `A permit leaves once ${anchors.needed} of them signed a head over it: ${grouped(String(anchors.witnessed))} entries so far.`}</p>
            <Table label="Witnesses" keyOf={({ name }) => name} rows={anchors.witnesses} columns={[
              { head: "Witness", cell: ({ name, url }) => <>{name}<br /><span className="soft small">{url}</span></>, names: true },
              { head: "Signed", cell: ({ size }) => `${grouped(String(size))} entries`, number: true },
              { head: "When", cell: ({ at }) => (at === null ? "never" : <When at={instant(at * 1000)} />) },
              { head: "Stands", cell: ({ why }) => (why ? <span className="bad">{why}</span> : <Badge tone="good">well</Badge>) },
            ]} />
          </>
        ) : <p className="soft">No witness signs this journal's heads. One that is not yours finds a rollback and a second history: <code>[[witnesses]]</code> in remit.toml.</p>}
        {anchors?.folder && (
          <p className={anchors.witnesses.length ? "none" : ""}>
            The second folder holds a head of {grouped(String(anchors.folder.size))} entries{anchors.folder.why && <strong className="bad">, and takes no newer one: {anchors.folder.why}</strong>}.
          </p>
        )}
      </Section>
      <Section title="Exports" flush={exports.length > 0}>
        {exports.length > 0 ? (
          <Table label="Exports" keyOf={({ to }) => to} rows={exports} columns={[
            { head: "To", cell: ({ to }) => to, names: true },
            { head: "Holds", cell: ({ size }) => `${grouped(String(size))} entries`, number: true },
            { head: "Behind", cell: ({ lag_entries, lag_s }) => `${lag_entries} entries, ${lag_s} s`, number: true },
            { head: "Last", cell: ({ at }) => (at === null ? "never" : <When at={at} />) },
            { head: "Stands", cell: ({ late, fault }) => (fault ? <span className="bad">{fault}</span> : <Badge tone={late ? "warn" : "good"}>{late ? "late" : "well"}</Badge>) },
          ]} />
        ) : <p className="soft">No copy of the journal goes anywhere. <code>exports</code> in remit.toml names folders and buckets; each is proven again as it grows.</p>}
      </Section>
    </div>
  );
}
