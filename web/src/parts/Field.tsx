// What is filled in: a label, the field, a hint below it, and what is wrong with it.

import { useId, type InputHTMLAttributes, type ReactNode, type Ref, type SelectHTMLAttributes, type TextareaHTMLAttributes } from "react";

interface Labelled {
  label: string;
  hint?: ReactNode;
  /** What is wrong with what is filled in. */
  fault?: string | null | undefined;
}

function Around({ label, hint, fault, id, children }: Labelled & { id: string; children: ReactNode }) {
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children}
      {hint && <p id={`${id}-hint`} className="small soft">{hint}</p>}
      {fault && <p id={`${id}-fault`} className="small bad" role="alert">{fault}</p>}
    </div>
  );
}

function described(id: string, hint: unknown, fault: unknown) {
  const by = [hint ? `${id}-hint` : "", fault ? `${id}-fault` : ""].filter(Boolean).join(" ");
  return { id, "aria-invalid": fault ? true : undefined, "aria-describedby": by || undefined };
}

type FieldProps = Labelled & InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> };

/** One line. A decimal stays text: `inputMode="decimal"`, never `type="number"`. */
export function Field({ label, hint, fault, ...more }: FieldProps) {
  const id = useId();
  return <Around {...{ label, hint, fault, id }}><input {...more} {...described(id, hint, fault)} /></Around>;
}

/** Several lines. */
export function Area({ label, hint, fault, ...more }: Labelled & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const id = useId();
  return <Around {...{ label, hint, fault, id }}><textarea {...more} {...described(id, hint, fault)} /></Around>;
}

interface ChoiceProps extends Labelled, SelectHTMLAttributes<HTMLSelectElement> {
  /** What may be chosen: each value with its words. */
  of: readonly (readonly [value: string, words: string])[];
}

/** One of a few. */
export function Choice({ label, hint, fault, of, ...more }: ChoiceProps) {
  const id = useId();
  return (
    <Around {...{ label, hint, fault, id }}>
      <select {...more} {...described(id, hint, fault)}>
        {of.map(([value, words]) => <option key={value} value={value}>{words}</option>)}
      </select>
    </Around>
  );
}
