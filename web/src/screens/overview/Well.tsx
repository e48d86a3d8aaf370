// Whether anything is wrong that is no halt: connections, prices, protection, differences.

import { Link } from "wouter";
import { sentence } from "../../api/problem";
import type { Status } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { Section } from "../../parts/Page";
import { subjectWords, words } from "../../words";

interface Fault {
  about: string;
  says: string;
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
    const { connections, instruments, halts, pauses } = status;
    const missing = missingOf(status);
    if (missing.length > 0) return <p><Badge tone="warn">Not set up</Badge> {missing.join(" ")} <Link href="/start">Set it up</Link></p>;
    const isStopped = halts.length + pauses.length > 0;
    const rest = `Connections ready: ${connections.length}. Prices good: ${instruments}. Book and venues agree.`;
    return <p><Badge tone={isStopped ? "plain" : "good"}>{isStopped ? "Nothing more" : "All well"}</Badge> {rest}</p>;
  }
  return (
    <ul className="plain lines">
      {faults.map(({ about, says }) => <li key={about + says}><Badge tone="bad">Look</Badge> <strong>{about}</strong> <span>{says}</span></li>)}
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

/** What is wrong beside halts and pauses, which stand above every screen. */
function faultsOf({ connections, unfit, unprotected, drifts, levels }: Status): Fault[] {
  const over = levels.filter(({ level }) => level === "over");
  return [
    ...connections.filter(({ ready }) => !ready).map(({ name, why }) => ({ about: `connection ${name}`, says: why || "not ready" })),
    ...drifts.map((drift) => ({ about: `connection ${drift.connection}`, says: "book and venue differ" })),
    ...unprotected.map((one) => ({ about: `${one.agent} in ${one.instrument}`, says: `not protected: ${one.why}` })),
    ...unfit.map((one) => ({ about: one.instrument, says: `its price is not to be trusted: ${one.why}` })),
    ...over.map(({ subject, rule, of }) => ({ about: sentence(subjectWords(subject)).slice(0, -1), says: `Exceeded: ${words(rule)}${of && `, in ${of}`}` })),
  ];
}
