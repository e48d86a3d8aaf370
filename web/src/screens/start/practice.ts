// An instrument to practise with, where no prices come in: it has what price this page gives it.

import { difference, sum } from "../../api/decimal";
import type { Problem } from "../../api/problem";
import type { InstrumentRow } from "../../api/schema";
import { instant, now } from "../../api/time";
import { useAct, useAsked } from "../../api/use";

export const PRACTICE = "PRACTICE";
/** What one of it costs at first. */
export const PRICE = "10";
const HALF_SPREAD = "0.01";

export interface Practising {
  /** Give it a price as of now, and add it first where it is not there; false where that was refused. */
  price: (known: InstrumentRow | undefined) => Promise<boolean>;
  busy: boolean;
  problem: Problem | null;
}

export function usePractice(): Practising {
  const [adding, marking] = [useAct("POST /v1/instruments"), useAct("POST /v1/marks")];
  const currency = useAsked("GET /v1/status", {}).data?.currency || "USD";
  const price = async (known: InstrumentRow | undefined): Promise<boolean> => {
    const last = known?.last ?? PRICE; // it never jumps
    const instrument = { name: PRACTICE, kind: "equity", venue: "paper", currency, category: "practice", tick: "0.01", lot: "1" } as const;
    if (!known && !(await adding.act({}, { instrument }))) return false;
    const mark = { instrument: PRACTICE, at: instant(now() - 1000), bid: difference(last, HALF_SPREAD), ask: sum([last, HALF_SPREAD]), last, close: last, source: "guided-start" };
    return !!(await marking.act({}, { marks: [mark] }));
  };
  return { price, busy: adding.busy || marking.busy, problem: adding.problem ?? marking.problem };
}
