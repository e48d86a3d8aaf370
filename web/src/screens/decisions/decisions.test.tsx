import { QueryClientProvider } from "@tanstack/react-query";
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { createRef } from "react";
import { beforeEach, expect, test, vi } from "vitest";
import type { Line, RuleRow } from "../../api/schema";
import { queryClient } from "../../api/use";
import { api, broken, refused, type Api, type Request } from "../../testing/fake";
import { HOUSE, LINE, page } from "../../testing/house";
import { show } from "../../testing/show";
import Decisions from "./Decisions";
import { filterOf } from "./filter";
import { HEAD, PAGE, together } from "./lines";
import { lineWords } from "./Said";
import { Rows } from "./Timeline";

const ROW_PX = 60;
const line = (id: number, more: Partial<Line> = {}): Line => ({ ...LINE, id, seq: id, order: `r1-${id}`, said: `agent momentum asked to buy ${id} GOOG: allowed`, ...more });
const DENIED = line(40, {
  kind: "violation", code: "order_notional_max",
  said: "agent rogue asked to buy 36 AAPL through street: denied. One order may open at most 4,000 USD (agent rogue); this one opens 6,044.04 USD",
});
const RULE: RuleRow = {
  rule: "order_notional_max", title: "largest order", kind: "limit", group: "Size", plain: "One order may be worth {limit} at most.", measures: "", exactly: "The worth of the order at its worst price.",
  asked_of: "orders that increase risk", on_breach: "denied", only: [], per: "total", unit: "money", scopes: ["firm", "agent"], input: "money", low: null, high: null,
  choices: [], default: null, unset: "Nothing is bounded by it.", together: "", doc: "docs/rules.md#order_notional_max",
};

/** A journal that ends at line `last`, and answers in pages, latest first, as the API does. */
function journal(last: { id: number }, of: (id: number) => Line = line) {
  return ({ params }: Request) => {
    const [from, size] = [params.cursor ? Number(params.cursor) - 1 : last.id, Number(params.limit)];
    const items = Array.from({ length: Math.max(Math.min(size, from), 0) }, (_, at) => of(from - at));
    const oldest = items.at(-1)?.id ?? 0;
    return { items, next: oldest > 1 ? String(oldest) : null, position: last.id };
  };
}

const AROUND = { ...HOUSE, "GET /v1/agents": page<never>(), "GET /v1/instruments": page<never>() };
const lines = (...items: Line[]) => ({ items, next: null, position: 17 });
const asked = (api: Api) => api.of("GET /v1/journal").map(({ params }) => params);
const scroll = (to: number): void => {
  Object.defineProperty(window, "scrollY", { value: to, configurable: true, writable: true });
  fireEvent.scroll(window);
};

beforeEach(() => {
  scroll(0);
  window.scrollTo = ((given: { top: number }) => scroll(given.top)) as typeof window.scrollTo;
  // Nothing is laid out in a test.
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(ROW_PX);
  vi.spyOn(Element.prototype, "scrollHeight", "get").mockReturnValue(1_000_000);
  vi.spyOn(Element.prototype, "getBoundingClientRect").mockImplementation(() => new DOMRect(0, -window.scrollY, 1000, ROW_PX));
});

test("a denial is a sentence with its numbers, and leads to its order and to what its rule is", async () => {
  api({ ...AROUND, "GET /v1/journal": lines(DENIED), "GET /v1/rules": page(RULE) });
  const { user } = show(<Decisions />);
  expect(await screen.findByText("Agent rogue asked to buy 36 AAPL through street.")).toBeTruthy();
  expect(screen.getByText("One order may open at most 4,000 USD (agent rogue); this one opens 6,044.04 USD.")).toBeTruthy();
  expect(screen.getByText("Denied", { selector: ".badge" })).toBeTruthy();
  expect(screen.getByRole("link", { name: "Order r1-40" }).getAttribute("href")).toBe("/orders/r1-40");
  await user.click(screen.getByRole("button", { name: "Largest order" }));
  const told = await screen.findByRole("dialog");
  expect(await within(told).findByText("One order may be worth the limit at most.")).toBeTruthy();
  expect(within(told).getByText("docs/rules.md#order_notional_max")).toBeTruthy();
  for (const said of ["Orders that increase risk.", "The order is denied.", "the firm, agents", "Nothing is bounded by it."]) expect(within(told).getByText(said)).toBeTruthy();
});

test("the thought behind an order stands in the order's own line", async () => {
  const [digest, text] = ["b".repeat(64), "It rose three days in a row."];
  const thought = (seq: number, more: Partial<Line> = {}): Line => line(seq * 10 + 1, { seq, kind: "thought", text: digest, order: `r1-${seq}`, said: "agent momentum wrote why", ...more });
  const order = (seq: number): Line => line(seq * 10, { seq, order: `r1-${seq}` });
  api({
    ...AROUND, "GET /v1/texts/{digest}": { digest, standing: "kept", text },
    "GET /v1/journal": lines(thought(9), order(9), thought(8, { entry: "noted", said: "agent momentum wrote a thought" }), thought(7), order(7)),
  });
  const { user } = show(<Decisions />);
  await screen.findByText(/buy 90 GOOG/);
  expect(screen.queryByText(/wrote why/)).toBeNull();
  expect(screen.getAllByRole("listitem")).toHaveLength(3);
  const [first] = screen.getAllByRole("listitem") as [HTMLElement];
  await user.click(within(first).getByRole("button", { name: "Read the thought behind it" }));
  expect(await within(first).findByText(text)).toBeTruthy();
  expect(together([order(7), thought(7)])).toEqual([{ ...order(7), text: digest }]);
  expect(together([thought(7), order(6)])).toHaveLength(2);
});

test("the filter stands in the address and is what is asked", async () => {
  const house = api({ ...AROUND, "GET /v1/journal": lines(LINE) });
  const { user } = show(<Decisions />, { at: "/decisions?kind=fill&agent=momentum" });
  await screen.findByText(/buy 8 GOOG/);
  expect(asked(house)[0]).toMatchObject({ kind: "fill", agent: "momentum", latest: "true", looks: "false" });
  await user.selectOptions(screen.getByLabelText("Verdict"), "deny");
  expect(location.search).toBe("?kind=fill&agent=momentum&verdict=deny");
  await waitFor(() => expect(asked(house).at(-1)).toMatchObject({ kind: "fill", verdict: "deny" }));
  await user.click(screen.getByRole("button", { name: "Clear" }));
  expect(location.search).toBe("");
});

test("an address is read as far as it means something", () => {
  const found = filterOf(new URLSearchParams("kind=everything&verdict=deny&since=2026-06-01T12:00&until=tomorrow&looks=1"));
  expect(found).toEqual({ trading: true, verdict: "deny", since: new Date("2026-06-01T12:00").getTime() * 1e6 });
});

test("of ten thousand rows only those in sight are there", async () => {
  const rows = Array.from({ length: 10_000 }, (_, at) => line(10_000 - at));
  const list = createRef<HTMLOListElement>();
  const onEnd = vi.fn();
  show(<Rows rows={rows} list={list} onEnd={onEnd} />);
  expect(screen.getAllByRole("listitem").length).toBeLessThan(60);
  expect(screen.getByText(/buy 10000 GOOG/)).toBeTruthy();
  act(() => scroll(5000 * ROW_PX));
  await waitFor(() => expect(screen.queryByText(/buy 10000 GOOG/)).toBeNull());
  expect(screen.getAllByRole("listitem").length).toBeLessThan(80);
  const seen = Number(screen.getAllByRole("listitem")[20]?.dataset.index);
  expect(seen).toBeGreaterThan(4000);
  expect(onEnd).not.toHaveBeenCalled();
  act(() => scroll(700_000));
  await waitFor(() => expect(onEnd).toHaveBeenCalled());
});

test("older lines are paged in backwards, each once, down to the first", async () => {
  const house = api({ ...AROUND, "GET /v1/journal": journal({ id: 1200 }) });
  const { user } = show(<Decisions />);
  await screen.findByText(/buy 1200 GOOG/);
  for (const cursor of [1101, 601, 101]) {
    await user.click(await screen.findByRole("button", { name: "Older" }));
    await waitFor(() => expect(asked(house).at(-1)).toMatchObject({ cursor: String(cursor), limit: String(PAGE) }));
  }
  expect(await screen.findByText("These are all.")).toBeTruthy();
  const height = Number.parseInt((document.querySelector(".decisions-lines") as HTMLElement).style.height);
  expect(height).toBeGreaterThanOrEqual(1200 * ROW_PX);
});

test("new lines wait behind a button while something is read, and are shown at once where nobody reads", async () => {
  const last = { id: 300 };
  api({ ...AROUND, "GET /v1/journal": journal(last) });
  const queries = queryClient();
  const { user } = show(<QueryClientProvider client={queries}><Decisions /></QueryClientProvider>);
  const happens = (lines: number): Promise<void> => act(async () => {
    last.id += lines;
    await queries.invalidateQueries();
  });
  await screen.findByText(/buy 300 GOOG/);
  await happens(1);
  expect(await screen.findByText(/buy 301 GOOG/)).toBeTruthy();
  const list = document.querySelector(".decisions-lines") as HTMLElement;
  fireEvent.pointerEnter(list);
  await happens(2);
  expect(screen.queryByText(/buy 303 GOOG/)).toBeNull();
  await user.click(await screen.findByRole("button", { name: "2 new" }));
  expect(screen.getByText(/buy 303 GOOG/)).toBeTruthy();
  expect(screen.queryByRole("button", { name: /new$/ })).toBeNull();
  act(() => scroll(2000));
  await happens(HEAD + 50);
  await user.click(await screen.findByRole("button", { name: "Many new" }));
  expect(screen.getByText(/buy 453 GOOG/)).toBeTruthy();
  expect(screen.getByText(/buy 452 GOOG/)).toBeTruthy();
});

test("agents' words are shown as they are, when somebody asks for them, and as text alone", async () => {
  const digest = "a".repeat(64);
  const text = "<img src=x onerror=alert(1)> **Approve everything**";
  api({
    ...AROUND, "GET /v1/journal": lines(line(7, { kind: "thought", text: digest, said: "agent momentum wrote why" })),
    "GET /v1/texts/{digest}": { digest, standing: "kept", text },
  });
  const { user } = show(<Decisions />);
  await user.click(await screen.findByRole("button", { name: "Read what was written" }));
  expect(await screen.findByText(text)).toBeTruthy();
  expect(screen.getByText("Written by momentum, not by Remit")).toBeTruthy();
  expect(document.querySelector("img")).toBeNull();
});

test("nothing there, refused, and away are said", async () => {
  const house = api({ ...AROUND, "GET /v1/journal": { items: [], next: null, position: 0 } });
  const { unmount } = show(<Decisions />);
  expect(await screen.findByText(/Nothing in the journal fits/)).toBeTruthy();
  unmount();
  house.now({ "GET /v1/journal": refused(403, "not_authorised", { detail: "the role feed may not see the journal", fix: "ask a person" }) });
  const second = show(<Decisions />);
  expect((await screen.findByRole("alert")).textContent).toContain("The role feed may not see the journal.");
  second.unmount();
  house.now({ "GET /v1/journal": broken });
  show(<Decisions />);
  expect((await screen.findByRole("alert")).textContent).toContain("The door does not answer.");
});

test("a page that cannot be fetched keeps what is there", async () => {
  const whole = journal({ id: 400 });
  const house = api({ ...AROUND, "GET /v1/journal": whole });
  const { user } = show(<Decisions />);
  await screen.findByText(/buy 400 GOOG/);
  house.now({ "GET /v1/journal": (request) => (request.params.cursor ? broken : whole(request)) });
  await user.click(screen.getByRole("button", { name: "Older" }));
  expect((await screen.findByRole("alert")).textContent).toContain("The door does not answer.");
  expect(screen.getByText(/buy 400 GOOG/)).toBeTruthy();
  house.now({ "GET /v1/journal": whole });
  await user.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByText("These are all.")).toBeTruthy();
});

test.each([
  ["agent momentum asked to buy 8 GOOG: denied. One order may open at most 100 USD", "Agent momentum asked to buy 8 GOOG: denied. One order may open at most 100 USD."],
  ["ann halts agent momentum: enough!", "ann halts agent momentum: enough!"], ["orders-desk: its link is open", "orders-desk: its link is open."],
])("%s is a sentence", (said, shown) => {
  expect(lineWords(said)).toBe(shown);
});
