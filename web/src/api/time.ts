// Times. The API tells whole nanoseconds since the epoch, 19 digits; JSON.parse makes a number of them that is right to less
// than a microsecond. That is enough to show and to sort; what must be exact (an entry's place) is its sequence number.

const NS_IN_MS = 1e6;

/** An instant of the API as milliseconds since the epoch. */
export const milliseconds = (at: number): number => at / NS_IN_MS;

/** Milliseconds since the epoch as an instant of the API. */
export const instant = (ms: number): number => Math.round(ms) * NS_IN_MS;

const SKEW_MS = 2000; // the door tells whole seconds, and its answer takes a while
let ahead = 0;

/** Take the door's clock for ours, where the two differ: a phone that is wrong must not count an approval's time wrongly. */
export function tellClock(date: string | null): void {
  const told = Date.parse(date ?? "");
  if (Number.isNaN(told)) return;
  const gap = told + 500 - Date.now();
  ahead = Math.abs(gap) > SKEW_MS ? gap : 0;
}

/** Milliseconds since the epoch by the door's clock. */
export const now = (): number => Date.now() + ahead;

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
const clock = new Intl.DateTimeFormat("en-GB", CLOCK);
const near = new Intl.DateTimeFormat("en-GB", { ...CLOCK, day: "numeric", month: "short" });
const far = new Intl.DateTimeFormat("en-GB", { ...CLOCK, day: "numeric", month: "short", year: "numeric" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** An instant in this machine's own time: today's by the clock alone, others with their day. */
export function local(at: number, nowMs = now()): string {
  const [then, today] = [new Date(milliseconds(at)), new Date(nowMs)];
  return then.toDateString() === today.toDateString() ? clock.format(then) : dated(at, nowMs);
}

/** The same with its day, today's too: for what is looked at again on another one. */
export function dated(at: number, nowMs = now()): string {
  const [then, today] = [new Date(milliseconds(at)), new Date(nowMs)];
  return (then.getFullYear() === today.getFullYear() ? near : far).format(then);
}

/** The day of an instant, in this machine's own time. */
export const date = (at: number): string => day.format(new Date(milliseconds(at)));

/** An instant in UTC, to the millisecond. */
export const utc = (at: number): string => new Date(milliseconds(at)).toISOString();

/** A length of time in its two largest units: `45 s`, `3 min 20 s`, `2 h 5 min`, `4 d 1 h`. */
export function duration(seconds: number): string {
  const whole = Math.max(Math.floor(seconds), 0);
  const parts: readonly [number, string][] = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

/** How long ago an instant is. */
export const ago = (at: number, nowMs = now()): string => `${duration((nowMs - milliseconds(at)) / 1000)} ago`;
