// The names of the API as words for people. Names are the same everywhere in the house; here they only lose their underscores.

const UNITS: { [end: string]: string } = { max: "at most", min: "at least", pct: "in %", bps: "in bps" };

/** `daily_loss_max` as `Daily loss, at most`. */
export function words(name: string): string {
  const parts = name.split("_");
  const ends: string[] = [];
  for (let end = parts.at(-1); end !== undefined && end in UNITS && parts.length > 1; end = parts.at(-1)) {
    ends.push(UNITS[end] ?? "");
    parts.pop();
  }
  const said = [parts.join(" "), ...ends].join(", ");
  return said.charAt(0).toUpperCase() + said.slice(1);
}

/** `agent:momentum` as `agent momentum`; `firm` as `the firm`. */
export function subjectWords(subject: string): string {
  return subject === "firm" ? "the firm" : subject.replace(":", " ");
}
