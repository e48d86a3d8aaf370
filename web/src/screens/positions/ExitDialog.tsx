// An exit for a position, or new terms for one that stands.

import type { ExitRow, ExitTerms, Position } from "../../api/schema";
import { useAct } from "../../api/use";
import { Dialog } from "../../parts/Dialog";
import { toast } from "../../parts/Toast";
import { TermsForm } from "./TermsForm";

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
    <Dialog open={open} onClose={close} title={`Change ${exit.exit}`}>
      <p>It protects {exit.protects} {exit.instrument} of {exit.agent}; the last price is {exit.last ?? "not known"}. Now: <strong>{exit.says}</strong>. Terms are whole: what stands empty below goes.</p>
      <TermsForm of={exit} busy={busy} problem={problem} onTerms={(terms) => void change(terms)} onClose={close} />
    </Dialog>
  );
}

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
