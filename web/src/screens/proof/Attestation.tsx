// The guard's own statement, asked for with a nonce that was made here, and checked here.

import { useState } from "react";
import { ask } from "../../api/client";
import { keep } from "../../api/file";
import { type Problem, problemOf } from "../../api/problem";
import { utc } from "../../api/time";
import { Refused } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Facts } from "../../parts/Facts";
import { canProve, Wrong } from "../../proof/bytes";
import { freshNonce, stated, type Stated } from "../../proof/statement";
import { Fails } from "./Receipt";
import { knownOf, useKept, type Known } from "./kept";

interface Told extends Stated {
  note: string;
  known: Known;
}

export function Attestation() {
  const kept = useKept();
  const [told, setTold] = useState<Told | null>(null);
  const [wrong, setWrong] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const request = async (): Promise<void> => {
    setBusy(true);
    setTold(null);
    setWrong("");
    setProblem(null);
    try {
      const nonce = freshNonce();
      const [{ note }, { key }] = await Promise.all([ask("GET /v1/attestation", { nonce }), ask("GET /v1/journal/heads", {})]);
      const known = await knownOf(kept, key);
      setTold({ ...(await stated(note, known.key, nonce)), note, known });
    } catch (fault) {
      if (fault instanceof Wrong) setWrong(fault.message);
      else setProblem(problemOf(fault));
    }
    setBusy(false);
  };
  return (
    <>
      <p>The guard signs which code it runs, which mandates are in force and whose keys those are, for a nonce that this page makes: so it is no old answer.</p>
      <div><Button onClick={() => void request()} busy={busy} disabled={!canProve()}>{told ? "Ask again" : "Ask for one"}</Button></div>
      {!canProve() && <p className="warn">This page came without TLS, and cannot check what it would be told. Use <code>remit attest</code>.</p>}
      <Refused problem={problem} />
      {wrong && <Fails why={wrong} />}
      {told && <Statement told={told} />}
    </>
  );
}

function Statement({ told: { statement, digest, standing, note, known } }: { told: Told }) {
  const { version, python, code, kernel, mandates, size, root, permit_key, log_key, nonce, at, packages } = statement;
  const hash = (value: string) => <code className="proof-hash">{value}</code>;
  return (
    <div className="stack">
      <Banner tone={standing === "holds" ? "good" : "warn"} role="status">
        <strong>{standing === "holds" ? "Signed by the journal's key, for this nonce." : "It answers this nonce; the signature could not be checked in this browser."}</strong>
      </Banner>
      {known.differs && <Banner tone="bad" role="alert">This server names another key than the one you keep; it was checked with yours.</Banner>}
      <Facts of={[
        ["At", utc(at)], ["Version", `${version}, ${python}`], ["Code", <>{hash(code)}<br /><span className="small soft">over {Object.keys(packages).length} packages</span></>],
        ["Rules", hash(kernel)], ["Mandates in force", hash(mandates)], ["Journal", <>{size} entries, root {hash(root)}</>],
        ["Journal's key", hash(log_key)], ["Permit key", hash(permit_key)], ["Nonce", hash(nonce)], ["Digest", hash(digest)],
      ]} />
      <div>
        <h3>What it does not prove</h3>
        <ul>
          <li>That it is true: a key in software signed it, and whoever holds the guard's files can sign the same.</li>
          <li>Which machine it was. A TPM or an enclave can vouch for that: <code>remit attest --tpm</code>.</li>
          {known.from === "server" && <li>That the key is the journal's: this server gave it. Compare it with one that was kept elsewhere.</li>}
          <li>That the code is one you trust: compare it with <code>remit attest measure</code> of an installation of your own.</li>
        </ul>
      </div>
      <div><Button onClick={() => keep(new Blob([`${JSON.stringify({ note })}\n`], { type: "application/json" }), "attestation.json")}>Download the attestation</Button></div>
      <pre className="proof-command" tabIndex={0} aria-label="How to check it elsewhere">{`remit attest verify attestation.json --nonce ${nonce} --key "THE KEY, FROM ELSEWHERE"`}</pre>
    </div>
  );
}
