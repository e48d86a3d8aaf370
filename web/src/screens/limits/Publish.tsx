// Publishing: with a reason, against the version that the draft was written against, and with a word of its own where it loosens.

import { useState } from "react";
import type { Compared, Entered, Mandate, RuleRow } from "../../api/schema";
import { useAct } from "../../api/use";
import { Button } from "../../parts/Button";
import { Confirm } from "../../parts/Confirm";
import { toast } from "../../parts/Toast";
import { subjectWords } from "../../words";
import { Difference, loosens } from "./Changes";

interface PublishProps {
  compared: Compared;
  mandate: Mandate;
  etag: string;
  rules: readonly RuleRow[];
  currency: string;
  preset?: string;
  expiresAt: number | null;
  /** Nothing can be published as it stands; the button says why. */
  fault?: string | undefined;
  onDone: () => void;
}

/** The change that waits for a second person by what was answered; null where it took effect. */
export function waits({ events }: Entered): string | null {
  const told = events.find(({ event }) => event === "proposed");
  return told ? String(told.proposal) : null;
}

export function said(subject: string, answer: Entered): string {
  const proposal = waits(answer);
  const who = subjectWords(subject);
  return proposal ? `The mandate of ${who} waits for a second person, as ${proposal}.` : `The mandate of ${who} is published and in force.`;
}

/** What somebody is called everywhere: `momentum` of `agent:momentum`. */
const nameOf = (subject: string): string => subject.slice(subject.indexOf(":") + 1);

export function Publish({ compared, mandate, etag, rules, currency, preset = "", expiresAt, fault, onDone }: PublishProps) {
  const { act, busy, problem, forget } = useAct("PUT /v1/mandates/{subject}");
  const [open, setOpen] = useState(false);
  const { subject } = compared;
  const isLooser = loosens(compared);
  const close = (): void => { setOpen(false); forget(); };
  const publish = async (why: string): Promise<void> => {
    const answer = await act({ subject }, { mandate, why, preset, expires_at: expiresAt }, { match: etag });
    if (!answer) return;
    setOpen(false);
    toast(said(subject, answer));
    onDone();
  };
  return (
    <div className="stack tight">
      <div><Button tone={isLooser ? "danger" : "main"} disabled={fault !== undefined} onClick={() => setOpen(true)}>{isLooser ? "Publish what loosens…" : "Publish…"}</Button></div>
      {fault && <p className="small soft">{fault}</p>}
      <Confirm
        open={open} onClose={close} title={`Publish the mandate of ${subjectWords(subject)}`} act={compared.second_person ? "Propose" : "Publish"}
        tone={isLooser ? "danger" : "main"} {...(isLooser ? { typed: nameOf(subject) } : {})} busy={busy} problem={problem} onConfirm={(why) => void publish(why)}
      >
        <p>{isLooser && "More will be allowed than now. "}Orders are judged by it as soon as it is {compared.second_person ? "confirmed" : "published"}.</p>
        <Difference of={compared} rules={rules} currency={currency} />
      </Confirm>
    </div>
  );
}
