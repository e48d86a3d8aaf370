// Whether money is real: across the top of every screen, in words and in colour.

import type { Status } from "../api/schema";
import type { Asked } from "../api/use";

const SAID: { [mode: string]: string } = { training: "No real money moves", live: "Real money moves" };

export function Mode({ status }: { status: Asked<"GET /v1/status"> }) {
  const mode = (status.data as Status | undefined)?.environment;
  const word = mode ? mode.toUpperCase() : "MODE NOT KNOWN";
  return (
    <div className={`mode ${mode ?? "unknown"}`} role="note" aria-label="Mode">
      <strong>{word}</strong> <span>{mode ? SAID[mode] : "Take it for real money until it is known"}</span>
    </div>
  );
}
