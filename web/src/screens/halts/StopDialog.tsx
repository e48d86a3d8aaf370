// Pausing and halting: which of the two, whom, and why.

import { useState } from "react";
import { useAct } from "../../api/use";
import { Confirm } from "../../parts/Confirm";
import { toast } from "../../parts/Toast";
import { subjectWords, whom } from "../../words";
import { Scope, useScopes } from "./scopes";

interface StopProps {
  open: boolean;
  onClose: () => void;
  /** Whom it is about at first. */
  subject?: string;
}

const WAYS = {
  pause: ["Pause", "No new order goes out until a person ends the pause. Nothing is cancelled and nothing has to be reviewed."],
  halt: ["Halt", "No new order goes out, and orders at work that add risk are cancelled. It ends by a review and a resume only, over every restart."],
} as const;
type Way = keyof typeof WAYS;

export function StopDialog({ open, onClose, subject }: StopProps) {
  const scopes = useScopes();
  const [way, setWay] = useState<Way>("pause");
  const [chosen, setChosen] = useState(subject);
  const about = chosen ?? scopes.find((name) => name.startsWith("agent:")) ?? scopes[0] ?? "firm";
  const [pausing, halting] = [useAct("POST /v1/pauses"), useAct("POST /v1/halts")];
  const close = (): void => { pausing.forget(); halting.forget(); onClose(); };
  const stop = async (why: string): Promise<void> => {
    const { act } = way === "pause" ? pausing : halting;
    if (!(await act({}, { subject: about, why }))) return;
    toast(`${whom(about)} is ${way === "pause" ? "paused" : "halted"}.`);
    close();
  };
  return (
    <Confirm
      open={open} onClose={close} title="Pause or halt" act={`${WAYS[way][0]} ${subjectWords(about)}`} tone={way === "halt" ? "danger" : "main"}
      busy={pausing.busy || halting.busy} problem={pausing.problem ?? halting.problem} onConfirm={(why) => void stop(why)}
    >
      <Scope label="Whom" of={scopes} value={about} onChange={setChosen} />
      <fieldset className="halts-ways">
        <legend className="heard">How</legend>
        {(Object.keys(WAYS) as Way[]).map((each) => (
          <label key={each}>
            <input type="radio" name="way" checked={way === each} onChange={() => setWay(each)} />
            <span><strong>{WAYS[each][0]}</strong> <span className="soft">{WAYS[each][1]}</span></span>
          </label>
        ))}
      </fieldset>
    </Confirm>
  );
}
