// Everything that happened to an order, each with its entry, its time, and a proof that the journal holds it.

import { useState } from "react";
import type { Line } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Button } from "../../parts/Button";
import { Dialog } from "../../parts/Dialog";
import { Section } from "../../parts/Page";
import { together } from "../decisions/lines";
import { Said } from "../decisions/Said";
import { Receipt } from "../proof/Receipt";

const SHOWN = 200;

export function Life({ order, isComplete }: { order: string; isComplete: boolean }) {
  const asked = useAsked("GET /v1/orders/{order}/timeline", { order, limit: SHOWN });
  const [seq, setSeq] = useState<number | null>(null);
  return (
    <Section title="Its life" flush>
      <Asked of={asked} none="The journal has not been read that far yet.">
        {({ items, next }) => (
          <>
            <ol className="plain order-life">{together(items).map((line) => <Step key={line.id} line={line} onVerify={setSeq} />)}</ol>
            {(next !== null || !isComplete) && <p className="none soft">These are the first {items.length} lines.</p>}
          </>
        )}
      </Asked>
      <Dialog open={seq !== null} onClose={() => setSeq(null)} title={`Proof of entry ${seq}`}>
        {seq !== null && <Receipt seq={seq} />}
      </Dialog>
    </Section>
  );
}

function Step({ line, onVerify }: { line: Line; onVerify: (seq: number) => void }) {
  return (
    <li>
      <Said line={line} within />
      <Button onClick={() => onVerify(line.seq)} aria-label={`Verify entry ${line.seq}`}>Verify</Button>
    </li>
  );
}
