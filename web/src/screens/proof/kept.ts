// The journal's key that somebody keeps here: taken from elsewhere, it finds a server that shows another journal.

import { useShared, Shared } from "../../api/shared";
import { journalKeyOf, type Key } from "../../proof/note";

const PLACE = "remit.journal-key";

const kept = new Shared<string>(read());

function read(): string {
  try {
    return localStorage.getItem(PLACE) ?? "";
  } catch {
    return ""; // it is refused where a browser keeps nothing
  }
}

/** The key that is kept in this browser; empty where there is none. */
export const useKept = (): string => useShared(kept);

/** Keep a key in this browser, or forget the one that is; Wrong where it is none. */
export async function keepKey(written: string): Promise<void> {
  const key = written.trim();
  if (key) await journalKeyOf(key);
  kept.set(key);
  try {
    if (key) localStorage.setItem(PLACE, key);
    else localStorage.removeItem(PLACE);
  } catch {
    // It is kept as long as this page is open.
  }
}

/** Which key to check with, and whose word that is. */
export interface Known {
  key: Key;
  from: "elsewhere" | "server";
  /** Whether this server names another key than the one that was kept. */
  differs: boolean;
}

/** The kept key before the server's own; Wrong. */
export async function knownOf(keptKey: string, served: string): Promise<Known> {
  if (!keptKey) return { key: await journalKeyOf(served), from: "server", differs: false };
  return { key: await journalKeyOf(keptKey), from: "elsewhere", differs: keptKey !== served };
}
