// What has to happen for a halt to end, in order; what is done is ticked.

import type { ReactNode } from "react";
import { Link } from "wouter";
import type { HaltRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Amount, Measured } from "../../parts/Money";
import { Left } from "../../parts/When";

const NS = 1e9;

export function Steps({ halt }: { halt: HaltRow }) {
  const file = useAsked("GET /v1/status", {}).data?.halt_file ?? true;
  return (
    <ol className="halts-steps">
      {halt.rule === "halt_file" && <Row done={!file}>Remove the file <code>HALT</code> from the data folder{file && "; while it is there the halt cannot end"}.</Row>}
      <Cause halt={halt} />
      {!!halt.resume_in_s && <Row>Wait for its cooldown: <Left until={halt.at + (halt.age_s + halt.resume_in_s) * NS} over="over" />.</Row>}
      <Row done={halt.reviewed_by !== ""}>
        {halt.reviewed_by ? <>Reviewed by {halt.reviewed_by}: <q>{halt.review}</q></> : <>Review: somebody looks at what happened, and says what they found.</>}
      </Row>
      <Row>Resume, with a reason. Both stand in the journal for good.</Row>
    </ol>
  );
}

/** What still stands of its cause. */
function Cause({ halt: { subject, cause, rule, now, limit, limit_now = "", unit = "" } }: { halt: HaltRow }) {
  if (cause === "drift" || cause === "unknown") {
    const name = subject.split(":")[1];
    if (!name) return <Row>Look at what came: the last lines of the history below say it.</Row>;
    return (
      <Row>
        {cause === "drift" ? "Say who is right where book and venue differ, where anything still does: " : "Wait until the venue has said what became of them: "}
        <a href={`#venue-${name}`}>{name}, below</a>.
      </Row>
    );
  }
  if (!now) return null;
  return (
    <Row>
      It is still over its limit, <Measured value={now} unit={unit} limit={limit_now || limit} /> of <Amount value={limit_now || limit} unit={unit} />: wait
      {rule === "daily_loss_max" ? " for the next session" : " until it no longer is"}, or <Link href={`/mandates/${encodeURIComponent(subject)}`}>change the limit</Link>.
    </Row>
  );
}

function Row({ done = false, children }: { done?: boolean; children: ReactNode }) {
  return <li className={done ? "done" : ""}>{done && <span className="good">✓ <span className="heard">Done: </span></span>}{children}</li>;
}
