// What a limit is typed into: it knows its unit, and says what is wrong before anything is sent.

import type { RuleRow } from "../../api/schema";
import { Area, Choice, Field } from "../../parts/Field";
import { hint } from "./values";

interface LimitInputProps {
  rule: RuleRow;
  label: string;
  text: string;
  currency: string;
  fault?: string | undefined;
  focus?: boolean;
  readOnly?: boolean;
  onText: (text: string) => void;
}

const DECIMAL = ["money", "quantity", "ratio"];

export function LimitInput({ rule, label, text, currency, fault, focus = false, readOnly = false, onText }: LimitInputProps) {
  const said = { label, hint: hint(rule, currency), fault: fault ?? null };
  if (rule.input === "word") {
    const none = rule.choices.includes(text) ? [] : [["", "Choose"] as const];
    return <Choice {...said} of={[...none, ...rule.choices.map((word) => [word, word] as const)]} value={text} disabled={readOnly} autoFocus={focus} onChange={(event) => onText(event.target.value)} />;
  }
  const shared = { ...said, value: text, readOnly, autoFocus: focus, autoComplete: "off", spellCheck: false };
  if (rule.input === "names" && (text.length > 40 || !rule.choices.length)) {
    return <Area {...shared} rows={2} onChange={(event) => onText(event.target.value)} />;
  }
  return <Field {...shared} inputMode={DECIMAL.includes(rule.input) ? "decimal" : rule.unit === "count" ? "numeric" : "text"} onChange={(event) => onText(event.target.value)} />;
}
