// The names of the API as words for people. Names are the same everywhere in the house; here they only lose their underscores.

/** What ends of names say; of a unit it is nothing, since every value is shown with its own. */
const ENDS: { [end: string]: string } = { max: "at most", min: "at least", pct: "", bps: "", s: "" };
const SHORT: { [part: string]: string } = { ai: "AI" };

/** Fields whose words their names do not give. */
const OWN: { [name: string]: string } = { expires_at: "Ends" };

/** `daily_loss_max` as `Daily loss, at most`. */
export function words(name: string): string {
  if (name in OWN) return OWN[name] ?? name;
  const parts = name.split("_");
  const ends: string[] = [];
  for (let end = parts.at(-1); end !== undefined && end in ENDS && parts.length > 1; end = parts.at(-1)) {
    ends.push(ENDS[end] ?? "");
    parts.pop();
  }
  const said = [parts.map((part) => SHORT[part] ?? part).join(" "), ...ends.filter(Boolean)].join(", ");
  return said.charAt(0).toUpperCase() + said.slice(1);
}

/** `agent:momentum` as `agent momentum`; `firm` as `the firm`. */
export function subjectWords(subject: string): string {
  return subject === "firm" ? "the firm" : subject.replace(":", " ");
}

const UNITS: { [unit: string]: string } = { quantity: "units", pct: "%", seconds: "s", count: "", name: "", names: "", rate: "", ratio: "", fact: "", text: "", none: "" };

/** A unit of the API as it stands after a number; empty where the number is read without one. */
export const unitWords = (unit: string): string => UNITS[unit] ?? unit;
