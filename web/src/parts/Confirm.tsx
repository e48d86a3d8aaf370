// What cannot be taken back is confirmed by typing what it is about, and by saying why.

import { useState, type FormEvent, type ReactNode } from "react";
import type { Problem } from "../api/problem";
import { Refused } from "./Asked";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { Area, Field } from "./Field";

interface ConfirmProps {
  open: boolean;
  onClose: () => void;
  title: string;
  /** What it does and what it does not do. */
  children: ReactNode;
  /** What has to be typed, letter by letter; nothing where it is not said. */
  typed?: string;
  /** Whether a reason is asked for, and its label. */
  why?: string | false;
  /** The word on the button. */
  act: string;
  tone?: "main" | "danger";
  busy?: boolean;
  problem?: Problem | null;
  /** Do it; the reason is empty where none is asked for. Close when it is done. */
  onConfirm: (why: string) => void;
}

export function Confirm({ open, onClose, title, children, ...form }: ConfirmProps) {
  return (
    <Dialog open={open} onClose={onClose} title={title}>
      {children}
      <Form {...form} onClose={onClose} />
    </Dialog>
  );
}

/** A form of its own, so that each time it is opened begins empty. */
function Form({ typed, why = "Why", act, tone = "danger", busy = false, problem = null, onConfirm, onClose }: Omit<ConfirmProps, "open" | "title" | "children">) {
  const [word, setWord] = useState("");
  const [reason, setReason] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (busy) return;
    if (typed !== undefined && word.trim() !== typed) return setFault(`Type ${typed}, exactly as it stands.`);
    setFault(null);
    onConfirm(reason.trim());
  };
  return (
    <form className="stack" onSubmit={submit}>
      {typed !== undefined && (
        <Field label={`To confirm, type ${typed}`} value={word} onChange={(event) => setWord(event.target.value)} fault={fault} autoComplete="off" autoCapitalize="none" spellCheck={false} required />
      )}
      {why !== false && <Area label={why} hint="It stands in the journal for good." value={reason} onChange={(event) => setReason(event.target.value)} maxLength={500} required />}
      <Refused problem={problem} />
      <div className="row">
        <Button type="submit" tone={tone} busy={busy}>{act}</Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </form>
  );
}
