// One screen, one moment: what is asked in several parts is shown again only when all of it is there anew, or a position would
// stand beside the exit of the one before it.

import { useRef } from "react";

interface Question {
  isFetching: boolean;
}

/** The same answers as long as any of them is on its way anew; a first answer is shown as it comes. */
export function useMoment<Q extends readonly Question[]>(...asked: Q): Q {
  const shown = useRef(asked);
  const isNew = shown.current.some((of) => (of as { data?: unknown }).data === undefined);
  if (isNew || !asked.some(({ isFetching }) => isFetching)) shown.current = asked;
  return shown.current;
}
