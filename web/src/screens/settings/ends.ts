// When something ends, as one chooses it.

import { instant, now } from "../../api/time";

const HOUR_MS = 3_600_000;

export const ENDS: readonly (readonly [hours: string, words: string])[] = [
  ["1", "in an hour"], ["24", "in a day"], ["168", "in a week"], ["720", "in 30 days"], ["2160", "in 90 days"], ["8760", "in a year"],
];
export const ENDS_OR_NEVER = [...ENDS, ["", "never"]] as const;

/** The instant of the API that is so many hours from now; null for never. */
export const endOf = (hours: string | undefined): number | null => (hours ? instant(now() + Number(hours) * HOUR_MS) : null);
