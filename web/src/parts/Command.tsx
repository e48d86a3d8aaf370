// What is to be run on the machine: to be read, and copied as it stands.

import { useState } from "react";
import { Button } from "./Button";
import "./command.css";

interface CommandProps {
  /** What it does, for who hears the page. */
  label: string;
  lines: readonly string[];
}

export function Command({ label, lines }: CommandProps) {
  const [said, setSaid] = useState("");
  const text = lines.join("\n");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied.");
    } catch {
      setSaid("Select it and copy it with your keyboard."); // the browser gives no clipboard at this address
    }
  };
  return (
    <div className="command">
      <pre tabIndex={0} aria-label={label}><code>{text}</code></pre>
      <Button onClick={() => void copy()} aria-label={`Copy: ${label}`}>Copy</Button>
      <p className="small soft" role="status">{said}</p>
    </div>
  );
}
