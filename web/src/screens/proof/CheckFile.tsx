// A receipt that somebody has as a file, or an entry by its number, checked in this page.

import { useState, type FormEvent } from "react";
import { Button } from "../../parts/Button";
import { Field } from "../../parts/Field";
import { Section } from "../../parts/Page";
import { text, Wrong, type Bytes } from "../../proof/bytes";
import { others } from "../../proof/note";
import { parse, prove } from "../../proof/receipt";
import { knownOf, useKept } from "./kept";
import { Fails, Holds, Receipt, Unable } from "./Receipt";
import { canProve } from "../../proof/bytes";

const BYTES_MAX = 1 << 20;
type Outcome = Parameters<typeof Holds>[0] | string;

export function CheckFile({ served }: { served: string | undefined }) {
  const kept = useKept();
  const [written, setWritten] = useState("");
  const [seq, setSeq] = useState<number | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const look = (event: FormEvent): void => {
    event.preventDefault();
    setOutcome(null);
    setSeq(/^[1-9]\d{0,14}$/.test(written.trim()) ? Number(written.trim()) : null);
  };
  const take = async (file: File | undefined): Promise<void> => {
    setSeq(null);
    setOutcome(null);
    if (!file) return;
    try {
      if (file.size > BYTES_MAX) throw new Wrong("it is too large for a receipt");
      const receipt = text(new Uint8Array(await file.arrayBuffer()) as Bytes);
      const known = await knownOf(kept, served ?? "");
      setOutcome({ receipt, known, proven: await prove(receipt, known.key), witnesses: others(parse(receipt).note, known.key) });
    } catch (fault) {
      setOutcome(fault instanceof Wrong ? fault.message : `it could not be read: ${(fault as Error).message}`);
    }
  };
  return (
    <Section title="Check a receipt">
      <p>A receipt proves one entry with no journal at hand. Take one by its number, or give the file that you have; nothing of it leaves this browser.</p>
      {canProve() ? (
        <div className="proof-check">
          <form className="row" onSubmit={look}>
            <Field label="Entry" inputMode="numeric" pattern="[1-9][0-9]*" value={written} onChange={(event) => setWritten(event.target.value)} required />
            <Button type="submit">Verify</Button>
          </form>
          <Field label="Or a file" type="file" accept=".tlog-proof,text/plain" disabled={!served && !kept} onChange={(event) => void take(event.target.files?.[0])} />
        </div>
      ) : <Unable />}
      {seq !== null && <Receipt key={seq} seq={seq} />}
      {typeof outcome === "string" ? <Fails why={outcome} /> : outcome && <Holds {...outcome} />}
    </Section>
  );
}
