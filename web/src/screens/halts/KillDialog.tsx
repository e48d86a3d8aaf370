// Killing: whom, what that does and does not do, the word that confirms it, and how far it has come at each venue.

import { useState } from "react";
import type { Entered } from "../../api/schema";
import { useAct, useAsked } from "../../api/use";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { Confirm } from "../../parts/Confirm";
import { Dialog } from "../../parts/Dialog";
import { subjectWords, whom } from "../../words";
import { KillProgress } from "./KillProgress";
import { Scope, useScopes } from "./scopes";
import { useReach } from "./reach";
import "./halts.css";

interface KillProps {
  open: boolean;
  onClose: () => void;
  subject?: string;
}

/** What was killed, and the halt that it raised; it is null where a kill stood already. */
interface Done {
  subject: string;
  halt: string | null;
}

export default function KillDialog({ open, onClose, subject }: KillProps) {
  const [done, setDone] = useState<Done | null>(null);
  const close = (): void => { setDone(null); onClose(); };
  if (!done) return <Asking open={open} onClose={close} subject={subject} onDone={setDone} />;
  return (
    <Dialog open={open} onClose={close} title={`${whom(done.subject)} is killed`}>
      <p role="status">No order of it goes out any more. Stay until every venue is through, or close this: it goes on by itself.</p>
      <KillProgress {...(done.halt ? { halt: done.halt } : { subject: done.subject })} />
      <p className="soft">The way back: review the halt and resume it, under Halts.</p>
      <div className="row"><Button tone="main" onClick={close}>Close</Button></div>
    </Dialog>
  );
}

interface AskingProps extends Omit<KillProps, "subject"> {
  subject: string | undefined;
  onDone: (done: Done) => void;
}

function Asking({ open, onClose, subject, onDone }: AskingProps) {
  const scopes = useScopes();
  const [chosen, setChosen] = useState(subject);
  const [flatten, setFlatten] = useState(false);
  const { act, busy, problem, forget } = useAct("POST /v1/kills");
  const about = chosen ?? scopes[0] ?? "firm";
  const isClient = about.startsWith("client:");
  const word = about.split(":")[1] ?? about;
  const kill = async (why: string): Promise<void> => {
    const made = await act({}, { subject: about, why, flatten: flatten && !isClient });
    if (made) onDone({ subject: about, halt: haltOf(made) });
  };
  return (
    <Confirm open={open} onClose={() => { forget(); onClose(); }} title="Kill switch" typed={word} act={`Kill ${subjectWords(about)}`} tone="danger" busy={busy} problem={problem} onConfirm={(why) => void kill(why)}>
      <Mode />
      <Scope label="Kill" of={scopes} value={about} onChange={setChosen} />
      <Reach subject={about} />
      <label className="row halts-tick">
        <input type="checkbox" checked={flatten && !isClient} disabled={isClient} onChange={(event) => setFlatten(event.target.checked)} />
        <span><strong>Then close its positions</strong> <span className="soft">{isClient ? "They belong to the agent: kill that one." : "At the market, as soon as nothing works any more."}</span></span>
      </label>
      <Means subject={about} flatten={flatten && !isClient} />
    </Confirm>
  );
}

function Mode() {
  const mode = useAsked("GET /v1/status", {}).data?.environment;
  return mode === "training" ? null : <Banner tone="bad">{mode === "live" ? "Real money: this is the live house." : "The mode is not known: take it for real money."}</Banner>;
}

/** How much there is to kill now. */
function Reach({ subject }: { subject: string }) {
  const { orders, held, positions } = useReach(subject);
  if (orders === null || positions === null) return <p className="soft">How much works there now is not known yet.</p>;
  return <p><strong className="number">{orders}</strong> {orders === 1 ? "order works" : "orders work"} there now, {held ? <><strong className="number">{held}</strong> {held === 1 ? "waits" : "wait"} for people, </> : ""}<strong className="number">{positions}</strong> {positions === 1 ? "position is" : "positions are"} open.</p>;
}

function Means({ subject, flatten }: { subject: string; flatten: boolean }) {
  const isShared = /^(agent|client):/.test(subject);
  return (
    <div className="halves halts-means">
      <div>
        <h3>What it does</h3>
        <ul>
          <li>Stops every new order at once, over every restart.</li>
          <li>Cancels every order at work, again and again until its venue says it is over.</li>
          {!isShared && <li>Tells each venue to cancel all there is, orders that were placed past Remit too.</li>}
          {flatten && <li>Closes its positions, and tries until none is left.</li>}
        </ul>
      </div>
      <div>
        <h3>What it does not do</h3>
        <ul>
          <li>Undo a fill that came before the cancel.</li>
          {!flatten && <li>Close a position: they stay, and lose or gain as the market goes.</li>}
          {isShared && <li>Touch other orders of its connections, which others share.</li>}
          <li>Take exits away: a stop that is touched still closes.</li>
          <li>End by itself: that takes a review and a resume.</li>
        </ul>
      </div>
    </div>
  );
}

function haltOf({ events }: Entered): string | null {
  const raised = events.find(({ event }) => event === "halt_raised");
  return typeof raised?.["halt"] === "string" ? raised["halt"] : null;
}
