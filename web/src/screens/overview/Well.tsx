// Whether anything is wrong: what is stopped, then connections, prices, protection, differences; each leads to where it is mended.

import { Link } from "wouter";
import type { Status } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Section } from "../../parts/Page";
import { subjectWords, words } from "../../words";

interface Fault {
  about: string;
  says: string;
  to: string;
}

export function Well() {
  const asked = useAsked("GET /v1/status", {});
  return (
    <Section title="Is anything wrong">
      <Asked of={asked}>{(status) => <Found status={status} faults={faultsOf(status)} />}</Asked>
    </Section>
  );
}

function Found({ status, faults }: { status: Status; faults: readonly Fault[] }) {
  if (faults.length === 0) {
    const { connections, instruments } = status;
    const missing = missingOf(status);
    if (missing.length > 0) return <p><Badge tone="warn">Not set up</Badge> {missing.join(" ")} <Link href="/start">Set it up</Link></p>;
    return <p><Badge tone="good">All well</Badge> Connections ready: {connections.length}. Prices good: {instruments}. Book and venues agree.</p>;
  }
  return (
    <ul className="plain lines wrong">
      {faults.map(({ about, says, to }) => <li key={about + says}><Link href={to}><strong>{about}</strong></Link> <span>{says}</span></li>)}
    </ul>
  );
}

/** What is not there yet, and what does not go without it: nothing is well where there is nothing. */
function missingOf({ connections, instruments, agents }: Status): string[] {
  return [
    connections.length === 0 && "Nothing is connected to a venue, so no order can go out.",
    instruments === 0 && "No instrument is known and no prices come in, so every order is denied.",
    agents === 0 && "No agent may ask for anything.",
  ].filter((each) => each !== false);
}

/** What is wrong, worst first. Why something is stopped stands above every screen; here it is one line. */
function faultsOf({ connections, unfit, unprotected, drifts, levels, halts, pauses }: Status): Fault[] {
  const over = levels.filter(({ level }) => level === "over");
  const stopped = (subjects: readonly string[], what: string): Fault[] =>
    subjects.length === 0 ? [] : [{ about: what, says: [...new Set(subjects.map(subjectWords))].join(", "), to: "/halts" }];
  return [
    ...stopped(halts.map(({ subject }) => subject), "Halted"),
    ...stopped(pauses.map(({ subject }) => subject), "Paused"),
    ...connections.filter(({ ready }) => !ready).map(({ name, why }) => ({ about: `Connection ${name}`, says: why || "not ready", to: "/halts" })),
    ...drifts.map((drift) => ({ about: `Connection ${drift.connection}`, says: "book and venue differ", to: "/halts" })),
    ...unprotected.map((one) => ({ about: `${one.agent} in ${one.instrument}`, says: `not protected: ${one.why}`, to: `/positions/${encodeURIComponent(one.instrument)}` })),
    ...unfit.map((one) => ({ about: one.instrument, says: `its price is not to be trusted: ${one.why}`, to: `/positions/${encodeURIComponent(one.instrument)}` })),
    ...over.map(({ subject, rule, of }) => ({ about: words(rule), says: `of ${subjectWords(subject)}${of && ` in ${of}`} is exceeded`, to: `/safeguards?rule=${rule}` })),
  ];
}
