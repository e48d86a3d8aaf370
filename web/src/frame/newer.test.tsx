import { act, screen, waitFor } from "@testing-library/react";
import { Suspense, type ReactNode } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { compare, holdOwn, keepComparing, outdated } from "../api/build";
import { link } from "../api/link";
import { following } from "../api/live";
import { show } from "../testing/show";
import { Caught } from "./Caught";
import { lazily } from "./lazily";
import { Newer } from "./Newer";

const document_ = (name: string): string => `<script type="module" src="/assets/${name}.js"></script>`;
let served: string | null;
let asked: string[];
const reload = vi.fn();

beforeEach(() => {
  [served, asked] = [document_("index-1"), []];
  document.head.append(Object.assign(document.createElement("script"), { type: "x" })); // nothing is loaded for it
  document.head.querySelector("script")?.setAttribute("src", "/assets/index-1.js");
  holdOwn();
  vi.stubGlobal("fetch", async (address: string) => {
    asked.push(address);
    if (served === null) throw new TypeError("the link broke");
    return new Response(served, { status: served === "" ? 503 : 200 });
  });
  vi.spyOn(location, "reload").mockImplementation(reload);
});
afterEach(() => {
  document.head.replaceChildren();
  holdOwn();
  outdated.set(false);
  following.set(false);
  reload.mockReset();
});

it("says that there is a newer page, once the door serves one, and loads it when it is told to", async () => {
  const stop = keepComparing();
  const { user } = show(<Newer />);
  await act(async () => following.set(true));
  expect([asked, screen.queryByRole("status")]).toEqual([["/"], null]);
  served = document_("index-2");
  await act(async () => { following.set(false); following.set(true); });
  await screen.findByText("There is a newer page than this one.");
  await user.click(screen.getByRole("button", { name: "Load it" }));
  expect(reload).toHaveBeenCalledOnce();
  stop();
});

it("compares when a door that did not answer is back, and not while it is away", async () => {
  const stop = keepComparing();
  link.set("door");
  expect(asked).toEqual([]);
  link.set("well");
  await waitFor(() => expect(asked).toEqual(["/"]));
  stop();
});

it.each([[null, false], ["", false], [document_("index-1"), true], [document_("index-2"), true]])("knows whether there is a page at all: %s", async (text, isThere) => {
  served = text;
  expect(await compare()).toBe(isThere);
  expect(outdated.get()).toBe(text === document_("index-2"));
});

const Gone = lazily<() => ReactNode>(() => Promise.reject(new TypeError("Failed to fetch dynamically imported module")));
const shown = (): ReturnType<typeof show> => show(<Caught><Suspense><Gone /></Suspense></Caught>);

/** How this page was loaded. */
function loaded(type: string, msAgo: number): void {
  vi.spyOn(performance, "getEntriesByType").mockReturnValue([{ type } as unknown as PerformanceEntry]);
  vi.spyOn(performance, "now").mockReturnValue(msAgo);
}

it("loads the page anew, once, where a part of it is gone", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined); // React tells of every fault that is caught
  loaded("navigate", 500);
  shown();
  await screen.findByRole("heading", { name: "This screen did not come" });
  await waitFor(() => expect(reload).toHaveBeenCalledOnce());
});

it("waits for a door that is away before it does", async () => {
  vi.useFakeTimers();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  loaded("reload", 3_600_000);
  served = null;
  shown();
  await act(async () => { await vi.advanceTimersByTimeAsync(5000); });
  screen.getByText(/loaded anew by itself as soon as the door answers/);
  expect([reload.mock.calls.length, asked.length]).toEqual([0, 6]);
  served = document_("index-2");
  await act(async () => { await vi.advanceTimersByTimeAsync(1000); });
  expect(reload).toHaveBeenCalledOnce();
});

it("says so plainly, and does nothing by itself, where that did not help", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  loaded("reload", 500);
  const { user } = shown();
  await screen.findByText(/it was loaded anew for that a moment ago/);
  expect([reload.mock.calls.length, asked.length]).toEqual([0, 0]);
  await user.click(screen.getByRole("button", { name: "Load the page anew" }));
  expect(reload).toHaveBeenCalledOnce();
});

it("goes to nobody else's screen: who went on is left alone", async () => {
  vi.useFakeTimers();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  loaded("navigate", 500);
  served = null;
  const { unmount } = shown();
  await act(async () => { await vi.advanceTimersByTimeAsync(500); });
  unmount();
  served = document_("index-2");
  await vi.advanceTimersByTimeAsync(5000);
  expect(reload).not.toHaveBeenCalled();
});

it("gives a screen with a fault of its own a title, too", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const Broken = (): ReactNode => { throw new Error("a fault of the page"); };
  show(<Caught><Broken /></Caught>);
  screen.getByRole("heading", { name: "This screen has a fault" });
  screen.getByText("A fault of the page.");
});
