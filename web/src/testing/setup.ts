// Before every test of the web: a clean page, no network, and the same place and time for everybody.

import { cleanup, configure } from "@testing-library/react";
import { afterEach, beforeEach, vi } from "vitest";
import { attended } from "../api/attended";
import { link } from "../api/link";
import { session } from "../api/session";
import { notes } from "../parts/Toast";

configure({ asyncUtilTimeout: 10_000 }); // a busy machine is no fault of the page

beforeEach(() => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("a test asks nothing that `api` of testing/fake.ts does not answer")));
  link.set("starting");
  attended.set(true);
  session.set({ me: undefined, said: "" });
  notes.set([]);
  localStorage.clear();
  sessionStorage.clear();
  history.replaceState(null, "", "/");
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});
