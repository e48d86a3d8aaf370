// One entry, proved in this page: what was computed, what it proves, and what it does not.

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { ask } from "../../api/client";
import { keep } from "../../api/file";
import { type Problem, problemOf, sentence } from "../../api/problem";
import { Refused, Waiting } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Facts } from "../../parts/Facts";
import { canProve, Wrong } from "../../proof/bytes";
import { others } from "../../proof/note";
import { parse, prove, type Proven } from "../../proof/receipt";
import { KeyField } from "./KeyField";
import { knownOf, useKept, type Known } from "./kept";
import "./proof.css";

interface Checked {
  receipt: string;
  known: Known;
  proven: Proven;
  /** Who else signed the head, by name alone. */
  witnesses: string[];
}

/** Fetch the receipt of an entry and prove it here; Wrong and Problem. */
async function checked(seq: number, kept: string): Promise<Checked> {
  const [receipt, { key }] = await Promise.all([ask("GET /v1/journal/{seq}/receipt", { seq }), ask("GET /v1/journal/heads", {})]);
  const known = await knownOf(kept, key);
  const proven = await prove(receipt, known.key);
  if (proven.seq !== BigInt(seq)) throw new Wrong(`it is the receipt of entry ${proven.seq}, not of ${seq}`);
  return { receipt, known, proven, witnesses: others(parse(receipt).note, known.key) };
}

export function Receipt({ seq }: { seq: number }) {
  const kept = useKept();
  const asked = useQuery<Checked, Wrong | Problem>({
    queryKey: ["proof of an entry", seq, kept],
    staleTime: Infinity,
    queryFn: () => checked(seq, kept).catch((fault: unknown) => { throw fault instanceof Wrong ? fault : problemOf(fault); }),
    enabled: canProve(),
  });
  if (!canProve()) return <Unable />;
  if (asked.isPending) return <Waiting />;
  if (asked.error instanceof Wrong) return <Fails why={asked.error.message} />;
  if (asked.error) return <Refused problem={asked.error} again={() => void asked.refetch()} busy={asked.isFetching} />;
  return <Holds {...asked.data} />;
}

export const Unable = () => (
  <Banner tone="warn">
    This browser computes no hashes for a page that came without TLS, so nothing is proved here. Download the receipt, and check it by <code>remit verify</code>.
  </Banner>
);

export function Fails({ why }: { why: string }) {
  return (
    <>
      <Banner tone="bad" role="alert"><strong>It does not hold.</strong> {sentence(why)} Keep the file, and ask who gave it to you.</Banner>
      <KeyField />
    </>
  );
}

export function Holds({ receipt, known: { key, from, differs }, proven, witnesses }: Checked) {
  const isSigned = proven.standing === "holds";
  return (
    <div className="stack">
      <Banner tone={isSigned ? "good" : "warn"} role="status">
        <strong>Entry {String(proven.seq)} holds.</strong> This page computed it{isSigned ? "." : ", but could not check the signature: this browser knows no Ed25519."}
      </Banner>
      {differs && <Banner tone="bad" role="alert">This server names another key than the one you keep. What you see here was checked with yours.</Banner>}
      <Facts of={[
        ["Leaf, from the entry", <code className="proof-hash">{proven.leaf}</code>],
        ["Root, from the leaf and its path", <><code className="proof-hash">{proven.root}</code> by {proven.hashes} hashes; it is the one that was signed</>],
        ["Entries under it", String(proven.size)],
        ["Signature of the head", isSigned ? `fits the key ${key.name}` : "not checked here"],
        ["That key came from", from === "elsewhere" ? "you: it is kept in this browser" : "this very server"],
        ["Also signed by", witnesses.length > 0 ? `${witnesses.join(", ")} (see Proof for whether those lines hold)` : ""],
      ]} />
      <ProvedAndNot from={from} isSigned={isSigned} />
      <KeyField />
      <div className="row">
        <Button onClick={() => keep(new Blob([receipt], { type: "text/plain" }), `${proven.seq}.tlog-proof`)}>Download the receipt</Button>
      </div>
      <Entry entry={proven.entry} />
    </div>
  );
}

function ProvedAndNot({ from, isSigned }: { from: Known["from"]; isSigned: boolean }) {
  return (
    <div className="halves">
      <div>
        <h3>What this proves</h3>
        <ul>
          <li>The entry below stands in the journal at this place, byte for byte.</li>
          {isSigned && <li>Whoever holds the journal's key signed a tree that has it there: it cannot be changed or left out of that tree any more.</li>}
        </ul>
      </div>
      <div>
        <h3>What it does not prove</h3>
        <ul>
          {!isSigned && <li>Who signed the head. <code>remit verify</code> checks that.</li>}
          {from === "server" && <li>That this is the journal's key: this server gave it, beside the receipt. Compare it with one that was kept elsewhere.</li>}
          <li>That no second history was signed for somebody else: heads that others keep show that.</li>
          <li>That the decision in it was right: <code>remit verify</code> derives it again from the whole journal.</li>
          <li>That this page computes what it says: it came from this server too. The command line elsewhere does not.</li>
        </ul>
      </div>
    </div>
  );
}

function Entry({ entry }: { entry: string }) {
  const [open, setOpen] = useState(false);
  return (
    <div className="stack tight">
      <div><Button tone="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>{open ? "Hide" : "Show"} the entry as it stands</Button></div>
      {open && <pre className="proof-entry" tabIndex={0} aria-label="The entry">{indented(entry)}</pre>}
    </div>
  );
}

/** The same JSON with room in it; its numbers are left as they are written, since a number of JavaScript would round them. */
export function indented(entry: string): string {
  let depth = 0;
  const line = (): string => `\n${"  ".repeat(depth)}`;
  return entry.replace(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g, (part, at: number) => {
    if (part === "," ) return `,${line()}`;
    if (part === ":") return ": ";
    const next = entry[at + 1];
    if (part === "{" || part === "[") { depth += 1; return next === "}" || next === "]" ? part : part + line(); }
    if (part === "}" || part === "]") { depth -= 1; return "{[".includes(entry[at - 1] ?? "") ? part : line() + part; }
    return part;
  });
}
