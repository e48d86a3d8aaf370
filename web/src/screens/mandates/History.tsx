// Every version of a mandate: who published it, when and why, and what it changed. Each can be made a draft again.

import { useState, type ReactNode } from "react";
import type { RuleRow, Version } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Quote } from "../../parts/Facts";
import { Section } from "../../parts/Page";
import { When } from "../../parts/When";
import { words } from "../../words";
import { valueOf } from "../limits/Changes";
import { END } from "../limits/ends";

interface HistoryProps {
  subject: string;
  rules: readonly RuleRow[];
  /** The version in force. */
  number: number | null;
  /** Make a version the draft; not where nobody may publish it. */
  onRestore: ((version: Version) => void) | undefined;
}

const FIRST = 5;

export function History({ subject, rules, number, onRestore }: HistoryProps) {
  const asked = useAsked("GET /v1/mandates/{subject}/history", { subject });
  const [all, setAll] = useState(false);
  return (
    <Section title="History">
      <Asked of={asked} none="Nothing was published yet.">
        {({ items }) => {
          const newest = [...items].reverse();
          return (
            <>
              <ol className="plain mandates-history">
                {(all ? newest : newest.slice(0, FIRST)).map((version) => (
                  <li key={version.number} className="stack tight">
                    <header className="row apart">
                      <span><strong>Version {version.number}</strong> <span className="soft small">{version.by.name}{version.confirmed_by && `, confirmed by ${version.confirmed_by.name}`}, <When at={version.at} as="dated" /></span></span>
                      {version.number === number ? <Badge tone="good">Newest</Badge> : onRestore && <Button tone="quiet" onClick={() => onRestore(version)} aria-label={`Restore as a draft: version ${version.number}`}>Restore as a draft</Button>}
                    </header>
                    <Quote by={version.by.name}>{version.why}</Quote>
                    <Changed of={version} rules={rules} />
                    <p className="small soft">Digest <code>{version.digest.slice(0, 16)}</code>, which decisions name</p>
                  </li>
                ))}
              </ol>
              {newest.length > FIRST && !all && <div><Button tone="quiet" onClick={() => setAll(true)}>Show all {newest.length}</Button></div>}
            </>
          );
        }}
      </Asked>
    </Section>
  );
}

interface ChangedProps {
  of: Pick<Version, "changed" | "currency" | "preset" | "expires_at">;
  rules: readonly RuleRow[];
  /** All of it, however long it is. */
  open?: boolean;
}

const MANY = 6;

/** What a version changed of the one before it. */
export function Changed({ of: { changed, currency, preset, expires_at }, rules, open = false }: ChangedProps) {
  const fields = Object.entries(changed);
  if (fields.length > MANY && !open) return <details><summary>It changed {fields.length} limits</summary><Changed of={{ changed, currency, preset, expires_at }} rules={rules} open /></details>;
  return (
    <ul className="plain small">
      {preset && <li className="soft">Began as the preset {preset}</li>}
      {expires_at !== null && !(END in changed) && <li className="soft">Ends <When at={expires_at} /></li>}
      {fields.length === 0 && <li className="soft">It changed no limit.</li>}
      {fields.map(([field, [before, after]]) => {
        const say = (value: unknown): ReactNode => valueOf(field, value, rules, currency);
        return <li key={field}>{words(field)}: <span className="soft">{say(before)}</span> → {say(after)}</li>;
      })}
    </ul>
  );
}
