// An exit for a position, or new terms for one that stands.

import type { ExitRow, ExitTerms, Position } from "../../api/schema";
import { grouped, priced } from "../../api/decimal";
import { useAct } from "../../api/use";
import { Dialog } from "../../parts/Dialog";
import { toast } from "../../parts/Toast";
import { TermsForm } from "./TermsForm";
import { nameOf } from "./terms";

interface ChangeProps {
  exit: ExitRow;
  open: boolean;
  onClose: () => void;
}

export function ChangeExit({ exit, open, onClose }: ChangeProps) {
  const { act, busy, problem, forget } = useAct("PUT /v1/exits/{exit}");
  const close = (): void => { forget(); onClose(); };
  const change = async (terms: ExitTerms): Promise<void> => {
    if (!(await act({ exit: exit.exit }, { terms }))) return;
    toast(`${exit.exit} has its new terms.`);
    close();
  };
  return (
    <Dialog open={open} onClose={close} title={`Change the exit of ${grouped(exit.protects)} ${exit.instrument} (${exit.agent})`}>
      <p>The last price is {exit.last === null ? "not known" : priced(exit.last)}. Now: <strong>{saysOf(exit)}</strong>. Leave a field empty to drop that part. <span className="soft small">{exit.exit}</span></p>
      <TermsForm of={exit} busy={busy} problem={problem} onTerms={(terms) => void change(terms)} onClose={close} />
    </Dialog>
  );
}

const saysOf = ({ legs }: ExitRow): string => legs.map(({ kind, level }) => `${nameOf(kind)}${level === null ? ", not trailing yet" : ` at ${priced(level)}`}`).join(", ");

interface ProtectProps {
  /** A position of an agent. */
  position: Position;
  agent: string;
  open: boolean;
  onClose: () => void;
}

export function ProtectPosition({ position: { instrument, connection, quantity, mark }, agent, open, onClose }: ProtectProps) {
  const { act, busy, problem, forget } = useAct("POST /v1/exits");
  const close = (): void => { forget(); onClose(); };
  const set = async (terms: ExitTerms): Promise<void> => {
    if (!(await act({}, { agent, connection, instrument, terms }))) return;
    toast(`${instrument} of ${agent} has an exit.`);
    close();
  };
  return (
    <Dialog open={open} onClose={close} title={`Protect ${instrument} of ${agent}`}>
      <p>It holds {quantity} through {connection}; the last price is {mark ?? "not known"}. The guard watches the exit by itself and closes through halts and pauses.</p>
      <TermsForm busy={busy} problem={problem} onTerms={(terms) => void set(terms)} onClose={close} />
    </Dialog>
  );
}
