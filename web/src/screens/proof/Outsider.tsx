// In words and commands: how somebody with no access to this machine checks what they were given.

export function Outsider({ keyText }: { keyText: string }) {
  const name = keyText.split("+")[0] ?? "";
  return (
    <div className="halves">
      <ol className="proof-steps">
        <li>Get the journal's public key from somebody else than whoever gives you the files: it was published, or given to you before. A key that comes with a copy shows damage, not a forger who made both.</li>
        <li>Get a copy: a receipt, evidence, an export, or the journal itself. It takes no access here and no network to check one.</li>
        <li>Check it with a Remit that you installed yourself. It walks every entry, decides each order again, and names the first thing that does not hold.</li>
        <li>Compare heads: one that you kept, or that a witness signed, must be contained. That finds an old copy, a cut end and a second history.</li>
      </ol>
      <div className="stack tight">
        <Command label="A journal, an export or a backup">{`remit verify FOLDER --key "${name}+..." --head kept-elsewhere.txt`}</Command>
        <Command label="One entry">{`remit verify 1042.tlog-proof --key "${name}+..."`}</Command>
        <Command label="Evidence">{`remit verify momentum-evidence.zip --key "${name}+..."`}</Command>
        <Command label="With nothing of Remit: one file to read first, in each evidence">{`python3 -I verify.py EVIDENCE.zip --key "${name}+..."`}</Command>
        <p className="small soft">The formats are C2SP's own (tlog-checkpoint, tlog-proof, tlog-tiles), so other programs check them too. Neither proves that what was journalled is what happened outside.</p>
      </div>
    </div>
  );
}

function Command({ label, children }: { label: string; children: string }) {
  return (
    <div>
      <p className="small soft">{label}</p>
      <pre className="proof-command" tabIndex={0} aria-label={label}>{children}</pre>
    </div>
  );
}
