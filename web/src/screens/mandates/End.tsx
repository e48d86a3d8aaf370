// When a mandate ends: after that every order is denied until another one is published. Later, or never, is a loosening.

import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Field } from "../../parts/Field";
import { Section } from "../../parts/Page";
import { When } from "../../parts/When";
import { utc } from "../../api/time";
import { subjectWords } from "../../words";
import { Way } from "../limits/Changes";
import { endFault, readEnd, typedEnd } from "../limits/ends";

interface EndProps {
  subject: string;
  /** Whole seconds since the epoch; nothing where it never ends. */
  text: string | undefined;
  readOnly: boolean;
  focus: boolean;
  way: string | undefined;
  onText: (text: string | undefined) => void;
}

export function End({ subject, text, readOnly, focus, way, onText }: EndProps) {
  const fault = endFault(text);
  const at = fault === undefined && text !== undefined ? Number(text) * 1e9 : null;
  return (
    <Section title="Until when" actions={way && way !== "no effect" ? <Way of={way} /> : text === undefined && <Badge>Never ends</Badge>}>
      <p>{at === null ? "It is in force until another one is published." : <>From <strong><When at={at} /></strong> on every order of {subjectWords(subject)} is denied, until another mandate is published.</>}</p>
      {text === undefined && !readOnly && <div><Button onClick={() => onText("")}>Let it end at a time</Button></div>}
      {text !== undefined && (
        <div className="mandate-end">
          <Field
            label="Ends" type="datetime-local" step={Number(text) % 60 ? 1 : 60} value={typedEnd(text)} readOnly={readOnly} autoFocus={focus} fault={fault}
            title={at === null ? undefined : utc(at)} hint={at === null ? "in this machine's time" : <>in this machine's time; {utc(at).replace("T", " ").replace(".000Z", "")} UTC</>}
            onChange={(event) => onText(readEnd(event.target.value))}
          />
          {!readOnly && <Button tone="quiet" onClick={() => onText(undefined)}>Let it never end</Button>}
        </div>
      )}
    </Section>
  );
}
