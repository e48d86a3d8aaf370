// The key that was kept elsewhere, to be pasted: without it a server vouches for itself.

import { useState, type FormEvent } from "react";
import { Button } from "../../parts/Button";
import { Field } from "../../parts/Field";
import { toast } from "../../parts/Toast";
import { keepKey, useKept } from "./kept";

export function KeyField() {
  const kept = useKept();
  const [written, setWritten] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const change = async (key: string): Promise<void> => {
    try {
      await keepKey(key);
      setWritten("");
      setFault(null);
      toast(key ? "The key is kept in this browser; everything is checked with it." : "The key is forgotten.");
    } catch (wrong) {
      setFault((wrong as Error).message);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void change(written);
  };
  if (kept) {
    return (
      <div className="row apart proof-key">
        <span>Checked with the key that you keep here: <code>{kept}</code></span>
        <Button onClick={() => void change("")}>Forget it</Button>
      </div>
    );
  }
  return (
    <form className="proof-key-field" onSubmit={submit}>
      <Field label="The journal's key, from elsewhere" hint={<>As <code>verifier.txt</code> has it: name+hash+key. That file lies in the data folder beside the journal, and in all evidence and exports; take one that was kept elsewhere, since that is what it is for. It stays in this browser.</>} value={written} onChange={(event) => setWritten(event.target.value)} fault={fault} autoComplete="off" autoCapitalize="none" spellCheck={false} placeholder="remit.local/journal+1a2b3c4d+AbCd..." required />
      <Button type="submit">Check with it</Button>
    </form>
  );
}
