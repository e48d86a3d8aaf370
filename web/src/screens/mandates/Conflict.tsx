// Somebody else published meanwhile: what they changed, and the draft kept, with the two ways on.

import type { RuleRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Quote } from "../../parts/Facts";
import { When } from "../../parts/When";
import { drop, upon, type Base, type Draft } from "../limits/drafts";
import { words } from "../../words";
import { Changed } from "./History";

interface ConflictProps {
  subject: string;
  mine: Draft;
  now: Base;
  rules: readonly RuleRow[];
}

export function Conflict({ subject, mine, now, rules }: ConflictProps) {
  const asked = useAsked("GET /v1/mandates/{subject}/history", { subject });
  const theirs = Object.keys({ ...mine.base.texts, ...now.texts }).filter((field) => mine.base.texts[field] !== now.texts[field]);
  const both = theirs.filter((field) => mine.texts[field] !== mine.base.texts[field] && mine.texts[field] !== now.texts[field]);
  return (
    <Banner tone="warn" role="alert">
      <div className="stack tight">
        <p><strong>Somebody else published meanwhile.</strong> Your draft is of version {mine.base.number ?? "none"}, and version {now.number} is in force. The draft is kept.</p>
        <Asked of={asked}>
          {({ items }) => (
            <ul className="plain stack tight">
              {items.filter(({ number }) => number > (mine.base.number ?? 0)).map((version) => (
                <li key={version.number}>
                  <span>Version {version.number} by {version.by.name}, <When at={version.at} /></span>
                  <Quote by={version.by.name}>{version.why}</Quote>
                  <Changed of={version} rules={rules} />
                </li>
              ))}
            </ul>
          )}
        </Asked>
        {both.length > 0 && <p>You both changed {both.map(words).join("; ")}. Of these yours would stand in the draft.</p>}
        <div className="row">
          <Button tone="main" onClick={() => upon(mine, now)}>Take theirs into my draft</Button>
          <Button onClick={() => drop(subject)}>Drop my draft</Button>
        </div>
      </div>
    </Banner>
  );
}
