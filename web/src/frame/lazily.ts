// Parts of the page that are loaded when somebody wants them. One that does not come is a problem of its own, for `Caught`.

import { lazy, type ComponentType, type LazyExoticComponent } from "react";
import { Problem } from "../api/problem";

/** The code of a part that did not come: the link broke, or a page that was built anew has taken it along. */
export const PART_MISSING = "part_missing";

/** A component in a file of its own, to be shown inside of Suspense and Caught. */
export const lazily = <C extends ComponentType<any>>(load: () => Promise<{ default: C }>): LazyExoticComponent<C> =>
  lazy(() => load().catch(() => { throw new Problem({ code: PART_MISSING, detail: "a part of this page did not come", fix: "load it anew" }); }));
