// Instants and lengths of time, which go on by themselves.

import { useEffect, useState } from "react";
import { ago, dated, duration, local, milliseconds, now, utc } from "../api/time";

/** Milliseconds since the epoch by the door's clock, again every second. */
export function useNow(everyMs = 1000): number {
  const [shown, setShown] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => setShown(now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return shown;
}

/** An instant: the time here, with its day where that is not today or is asked for (`dated`), or how long ago it is; in UTC in its title. */
export function When({ at, as = "local" }: { at: number; as?: "local" | "dated" | "ago" }) {
  return <time dateTime={utc(at)} title={`${utc(at)} (${local(at)} here)`}>{as === "ago" ? <Ago at={at} /> : as === "dated" ? dated(at) : local(at)}</time>;
}

function Ago({ at }: { at: number }) {
  return <>{ago(at, useNow())}</>;
}

interface LeftProps {
  /** When it is over: an instant of the API. */
  until: number;
  over?: string;
  /** What stands after the time, while there is some. */
  after?: string;
}

/** The time that is left, counted down; the last minute stands out. It is not read aloud with each second. */
export function Left({ until, over = "over", after = "" }: LeftProps) {
  const seconds = (milliseconds(until) - useNow()) / 1000;
  if (seconds <= 0) return <strong className="bad">{over}</strong>;
  return <span role="timer" aria-live="off" className={seconds < 60 ? "number warn" : "number"}>{duration(seconds)}{after}</span>;
}
