// A secret that is shown once: as text to copy, and nowhere kept.

import { useRef, useState } from "react";
import { Banner } from "./Banner";
import { Button } from "./Button";
import "./secret.css";

interface SecretProps {
  label: string;
  value: string;
  /** Where it goes, in a sentence. */
  hint?: string;
}

export function Secret({ label, value, hint }: SecretProps) {
  const field = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState("");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(value);
      setSaid("Copied.");
    } catch {
      field.current?.select(); // the browser gives no clipboard at this address
      setSaid("Selected: copy it with your keyboard.");
    }
  };
  return (
    <Banner tone="warn">
      <div className="stack tight">
        <p><strong>{label} is shown once.</strong> Copy it now: it is kept nowhere that you could read it again. {hint}</p>
        <div className="secret">
          <input ref={field} aria-label={label} value={value} readOnly spellCheck={false} autoComplete="off" onFocus={(event) => event.target.select()} />
          <Button tone="main" onClick={() => void copy()}>Copy</Button>
        </div>
        <p className="small" role="status">{said}</p>
      </div>
    </Banner>
  );
}
