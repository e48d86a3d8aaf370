// Whether the door serves this very page still. A page that is built anew has files of other names, so the document that the
// door serves tells by them; the files of the old one are gone.

import { link } from "./link";
import { following } from "./live";
import { Shared } from "./shared";

/** Whether the door serves another page by now than the one that runs here. */
export const outdated = new Shared(false);

let own: readonly string[] = [];

/** Hold what this page was begun with: to be called before it loads more. */
export function holdOwn(): void {
  own = [...document.head.querySelectorAll("script[src], link[rel=stylesheet]")].map((of) => of.getAttribute("src") ?? of.getAttribute("href") ?? "");
}

/** Ask for the page again, and hold whether it is another one. What is returned: whether there is one at all. */
export async function compare(): Promise<boolean> {
  try {
    const answer = await fetch("/", { cache: "no-cache" });
    if (!answer.ok) return false; // it is being built
    const text = await answer.text();
    outdated.set(own.some((name) => !text.includes(`"${name}"`)));
    return true;
  } catch {
    return false;
  }
}

/** Compare from now on whenever it may have changed: a door that was started again broke its stream, or did not answer for a
 * while. What is returned stops that. */
export function keepComparing(): () => void {
  let was = link.get();
  const stops = [
    following.follow(() => following.get() && void compare()),
    link.follow(() => {
      if (was === "door" && link.get() !== "door") void compare();
      was = link.get();
    }),
  ];
  return () => stops.forEach((stop) => stop());
}
