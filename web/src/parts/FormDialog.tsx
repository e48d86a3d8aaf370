// A form in front of the page: what it is for, what is filled in, why it was refused, and the two ways out.

import type { FormEvent, ReactNode } from "react";
import type { Problem } from "../api/problem";
import { Refused } from "./Asked";
import { Button } from "./Button";
import { Dialog } from "./Dialog";

/** What was filled in, by the names of the fields: without blanks around it, where it is no password. */
export type Filled = { [name: string]: string };

export function filled(event: FormEvent<HTMLFormElement>): Filled {
  event.preventDefault();
  const form = event.currentTarget;
  const given = new FormData(form);
  const valueOf = (name: string): string => {
    const isSecret = form.querySelector(`input[type="password"][name="${name}"]`) !== null;
    return given.getAll(name).map((value) => (isSecret ? String(value) : String(value).trim())).join(",");
  };
  return Object.fromEntries([...new Set(given.keys())].map((name) => [name, valueOf(name)]));
}

interface FormDialogProps {
  open: boolean;
  onClose: () => void;
  title: string;
  /** The word on the button. */
  act: string;
  tone?: "main" | "danger";
  busy?: boolean;
  problem?: Problem | null;
  /** Do it with what is filled in; of several with one name the values are joined by commas. Close when it is done. */
  onFilled: (given: Filled) => void;
  children: ReactNode;
}

export function FormDialog({ open, onClose, title, act, tone = "main", busy = false, problem = null, onFilled, children }: FormDialogProps) {
  return (
    <Dialog open={open} onClose={onClose} title={title}>
      <form className="stack" onSubmit={(event) => { const given = filled(event); if (!busy) onFilled(given); }}>
        {children}
        <Refused problem={problem} />
        <div className="row">
          <Button type="submit" tone={tone} busy={busy}>{act}</Button>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}
