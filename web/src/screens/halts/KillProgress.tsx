// How far a kill has come at each venue that it reaches.

import type { KillRow } from "../../api/schema";
import { useAsked } from "../../api/use";
import { Asked } from "../../parts/Asked";
import { Badge } from "../../parts/Banner";
import { When } from "../../parts/When";
import { Closed } from "./Closed";

type Which = { halt: string } | { subject: string };

export function KillProgress(which: Which) {
  const kills = useAsked("GET /v1/kills", { limit: 1000 });
  const isMeant = (row: KillRow): boolean => ("halt" in which ? row.halt === which.halt : row.subject === which.subject);
  return (
    <Asked of={kills} empty={({ items }) => !items.some(isMeant)} none="It reaches no venue: there is nothing to cancel.">
      {({ items }) => (
        <ul className="plain stack tight" aria-label="How far it has come at each venue" aria-live="polite">
          {items.filter(isMeant).map((row) => <li key={row.connection} className="halts-kill"><Venue row={row} /></li>)}
        </ul>
      )}
    </Asked>
  );
}

/** Whether nothing is left to do at a venue. */
function isThrough({ working, unknown, open, cancel_all }: KillRow): boolean {
  return working === 0 && unknown === 0 && open === 0 && cancel_all !== "waiting" && !cancel_all.startsWith("failed");
}

function Venue({ row }: { row: KillRow }) {
  const { connection, venue, link_up, asked, over, working, unknown, cancel_all, told_at, tries, flatten, open } = row;
  const share = asked === 0 ? 100 : Math.round((over / asked) * 100);
  const told = cancel_all === "not told" ? "" : cancel_all === "done" ? "The venue cancelled all it had." : `Cancel all: ${cancel_all}.`;
  return (
    <>
      <div className="row apart">
        <span><strong>{connection}</strong> <span className="soft">at {venue}</span></span>
        <span className="row">
          {!link_up && <Badge tone="warn">No link</Badge>}
          <Badge tone={isThrough(row) ? "good" : "warn"}>{isThrough(row) ? "Through" : "Under way"}</Badge>
        </span>
      </div>
      <progress max={100} value={share} aria-label={`Orders over at ${connection}`} />
      <p className="small soft">
        {asked === 0 ? "No order worked there." : `${over} of ${asked} orders are over${working ? `, ${working} still at work` : ""}${unknown ? `, of ${unknown} nobody knows` : ""}.`}{" "}
        {told} {tries > 1 && told_at !== null && <>Told {tries} times, last <When at={told_at} as="ago" />.</>}{" "}
        {flatten && (open ? `${open} positions still to close.` : "No position is left.")}
      </p>
      {flatten && <Closed kill={row} />}
    </>
  );
}
