// How something is protected, in one word, with the reason where nobody watches it.

import { Badge } from "../../parts/Banner";

/** `none`, `watched`, `waiting`, `closing` or `unprotected: why`, as the API says it. */
export function Protection({ of }: { of: string }) {
  if (of.startsWith("unprotected")) {
    return <span><Badge tone="bad">Unprotected</Badge> <span className="small">{of.replace(/^unprotected:? ?/, "")}</span></span>;
  }
  if (of === "watched") return <Badge tone="good">Watched</Badge>;
  if (of === "waiting") return <Badge>Waits for its entry</Badge>;
  if (of === "closing") return <Badge tone="warn">Closing now</Badge>;
  return <Badge tone="warn">No stop</Badge>;
}
