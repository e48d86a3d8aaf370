// Whether what is shown is of now: a dot with words.

import { attended } from "../api/attended";
import { link } from "../api/link";
import { following, latest } from "../api/live";
import { useShared } from "../api/shared";
import { grouped } from "../api/decimal";

export function Pulse() {
  const [how, here, isFollowing, entry] = [useShared(link), useShared(attended), useShared(following), useShared(latest)];
  const [tone, said] =
    how === "door" ? ["bad", "Disconnected"]
    : how === "guard" ? ["bad", "Guard away"]
    : !here ? ["warn", "Resting: nobody is here"]
    : isFollowing ? ["good", "Live"]
    : ["warn", "Connecting"];
  const title = entry ? `The last entry of the journal that was told: ${grouped(String(entry))}` : undefined;
  return <span className={`pulse ${tone}`} role="status" title={title}><span aria-hidden="true" className="dot" />{said}</span>;
}
