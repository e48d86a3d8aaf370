import { renderHook, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import type { ExitRow, MarkRow, OrderRow, Position as Held } from "../../api/schema";
import { api, broken, refused, silent } from "../../testing/fake";
import { ANN, HOUSE, NOON, page } from "../../testing/house";
import { show } from "../../testing/show";
import { drawingOf } from "./chart";
import { useMoment } from "./moment";
import { NO_PAST } from "./past";
import Position from "./Position";
import Positions from "./Positions";
import { allSeen, forgetSeen, keep, legOf, pricesOf } from "./seen";
import { draftOf, loosens, standsOf, termsOf } from "./terms";

const HELD: Held = {
  subject: "agent:momentum", connection: "street", instrument: "MSFT", market: "MSFT", quantity: "10", currency: "USD", cost: "270.15402", cost_average: "27.015402",
  mark: "25.82", value: "258.2", unrealised: "-11.95402", realised: "0", fees: "0", buying: "0", selling: "4", orders: 4, confirmed: "10", protection: "none",
};
const ORDER: OrderRow = {
  order: "r1-7", intent: "i-7", agent: "momentum", client: "", connection: "street", instrument: "MSFT", side: "sell", type: "limit", quantity: "4", filled: "0",
  limit_price: "34.33", worst_price: "34.33", paid_average: null, time_in_force: "day", exit: "", state: "acked", opening: false, worth: "137.32", currency: "USD", at: NOON, changed_at: NOON,
};
const BOUGHT: OrderRow = { ...ORDER, order: "r1-3", side: "buy", quantity: "10", filled: "10", paid_average: "27.015402", state: "filled" };
const EXIT: ExitRow = {
  exit: "X-254", agent: "momentum", client: "", connection: "street", instrument: "MSFT", side: "sell", order: "", state: "armed", protection: "watched", protects: "10",
  terms: { legs: [{ kind: "stop_loss", trigger: "20" }, { kind: "trailing_stop", offset_bps: 800 }] }, says: "stop_loss 20, trailing_stop 8%",
  legs: [{ kind: "stop_loss", trigger: "20", level: "20", says: "stop_loss 20" }, { kind: "trailing_stop", offset_bps: 800, level: "25.52", says: "trailing_stop 8%" }],
  best: "27.74", last: "25.82", triggered: "", price: null, tries: 0, at: NOON,
};
const MARK: MarkRow = { instrument: "MSFT", at: NOON, bid: "25.81", ask: "25.83", last: "25.82", age_s: 1, unfit: "" };
const ANSWERS = {
  ...HOUSE,
  "GET /v1/positions": { ...HOUSE["GET /v1/positions"], positions: [HELD, { ...HELD, instrument: "IBM", quantity: "0" }] },
  "GET /v1/orders": ({ params }: { params: Record<string, string> }) => page(...(params["live"] ? [ORDER] : [BOUGHT])),
  "GET /v1/exits": page(EXIT),
  "GET /v1/marks": page(MARK),
  "GET /v1/history/prices": { instrument: "MSFT", step_s: 60, known_from: NOON, fault: "", bars: [{ at: NOON, open: "25", high: "26", low: "24", close: "25.82" }] },
  "GET /v1/history/exits": { instrument: "MSFT", step_s: 60, known_from: NOON, fault: "", legs: [] },
  "GET /v1/instruments/{instrument}": {
    name: "MSFT", kind: "equity", venue: "paper", currency: "USD", category: "technology", tick: "0.01", lot: "1", market: "MSFT", trading: "trading", last: "25.82", unfit: "",
  },
};
const DECISION = { order: "r1-9", quantity: "10", worst_price: "25.5", counted_price: "25.5", worth: "255", currency: "USD", reducing: "10" };
const table = (name: string) => within(screen.getByRole("region", { name }));

beforeEach(forgetSeen);

it("shows what is held, the orders at work and the exits", async () => {
  api(ANSWERS);
  show(<Positions />);
  await screen.findByText("No stop");
  const row = screen.getAllByRole("row", { name: /MSFT.*momentum/ })[0];
  expect(row?.textContent).toMatch(/27\.0154.*25\.82.*258\.20.*−11\.95/);
  expect(screen.queryByText("IBM")).toBeNull();
  await screen.findByText("At the venue");
  expect((await screen.findByText(/now at/)).textContent).toBe("Trailing stop 8 %, now at 25.52");
});

it("closes by an order that can only reduce, and says why where it was denied", async () => {
  const { of } = api({
    ...ANSWERS,
    "POST /v1/orders": { verdict: "deny", order: "r1-9", seq: 9, at: NOON, repeated: false, preview: false, until: null, decision: { ...DECISION, verdict: "deny" } },
    "GET /v1/orders/{order}/why": {
      ...ORDER, by: { name: "ann", role: "operator", token: "T-1" }, closes: "", thought: null, verdict: "deny",
      findings: [{ rule: "agent_active", subject: "agent:momentum", limit: "none", actual: "halt H-1", unit: "name", verdict: "deny", retry_after_s: null, plain: "It is stopped: halt H-1.", sentence: "Nothing stops the agent." }],
    },
  });
  const { user } = show(<Positions />);
  await user.click(await screen.findByRole("button", { name: "Close MSFT of momentum" }));
  screen.getByText(/4 of it is already in working orders/);
  await user.click(screen.getByRole("button", { name: "Close 10 MSFT" }));
  await screen.findByText(/Nothing was sent/);
  await screen.findByText(/It is stopped: halt H-1/);
  expect(of("POST /v1/orders")[0]?.body).toEqual({ instrument: "MSFT", connection: "street", agent: "momentum", side: "sell", quantity: "10", type: "market", reduce: "clip" });
});

it("cancels one order, and all of an agent after asking", async () => {
  const { of } = api({
    ...ANSWERS, "POST /v1/orders/{order}/cancel": refused(409, "order_over", { detail: "it is over already", fix: "look again" }),
    "POST /v1/orders/cancel": { asked: ["r1-7"], refused: [] },
  });
  const { user } = show(<Positions />);
  await user.click(await screen.findByRole("button", { name: "Cancel sell 4 MSFT of momentum" }));
  await screen.findByText(/It is over already/);
  await user.click(screen.getByRole("button", { name: "Cancel all of momentum…" }));
  await user.click(screen.getByRole("button", { name: "Cancel them all" }));
  await waitFor(() => expect(of("POST /v1/orders/cancel")[0]?.body).toEqual({ agent: "momentum" }));
  expect(screen.queryByRole("button", { name: "Cancel them all" })).toBeNull();
});

it("tightens a stop at once, and asks before it widens one", async () => {
  const { of } = api({ ...ANSWERS, "PUT /v1/exits/{exit}": { seq: 1, at: NOON, events: [] } });
  const { user } = show(<Positions />);
  await user.click(await screen.findByRole("button", { name: "Change X-254" }));
  const stop = screen.getByLabelText("Stop-loss at");
  await user.clear(stop);
  await user.type(stop, "18");
  screen.getByText("The stop-loss moves away, from 20 to 18.");
  await user.click(screen.getByRole("button", { name: "Widen it…" }));
  screen.getByText("Do you want that?");
  expect(of("PUT /v1/exits/{exit}")).toHaveLength(0);
  await user.clear(stop);
  await user.type(stop, "22");
  expect(screen.queryByText(/widens what bounds a loss/)).toBeNull();
  await user.click(screen.getByRole("button", { name: "Give it these terms" }));
  await waitFor(() => expect(of("PUT /v1/exits/{exit}")[0]?.body).toEqual({ terms: { legs: [{ kind: "stop_loss", trigger: "22" }, { kind: "trailing_stop", offset_bps: 800 }] } }));
});

it("says where new terms would stand, and asks before they close at once", async () => {
  const { of } = api({ ...ANSWERS, "PUT /v1/exits/{exit}": { seq: 1, at: NOON, events: [] } });
  const { user } = show(<Positions />);
  await user.click(await screen.findByRole("button", { name: "Change X-254" }));
  screen.getByRole("heading", { name: "Change the exit of 10 MSFT (momentum)" });
  screen.getByText("Stop-loss: would stand at 20.00. Trailing stop: would stand at 25.5208.");
  const trail = screen.getByLabelText(/Trailing stop, this far/);
  await user.clear(trail);
  await user.type(trail, "4");
  expect(screen.getByText(/This closes now/).closest("div")?.textContent).toMatch(/The last price, 25\.82,.*Trailing stop: would stand at 26\.6304/);
  await user.click(screen.getByRole("button", { name: "Close by it now…" }));
  expect(of("PUT /v1/exits/{exit}")).toHaveLength(0);
  await user.click(screen.getByRole("button", { name: "Yes, close by it" }));
  await waitFor(() => expect(of("PUT /v1/exits/{exit}")).toHaveLength(1));
});

it.each([
  ["a long one, from its best", EXIT, [{ kind: "trailing_stop", offset: "2" }], [["25.74", false]]],
  ["a long one, as the guard rounds", { ...EXIT, best: "0.000000000000000001" }, [{ kind: "trailing_stop", offset_bps: 1 }], [["0.000000000000000001", false]]],
  ["a short one", { ...EXIT, side: "buy", best: "20" }, [{ kind: "trailing_stop", offset_bps: 1000 }, { kind: "stop_loss", trigger: "26" }, { kind: "take_profit", trigger: "25.82" }], [["22", true], ["26", false], ["25.82", true]]],
  ["one that did not trail before, from now on", { ...EXIT, legs: [] }, [{ kind: "trailing_stop", offset: "1" }], [["24.82", false]]],
  ["one that would trail later", { ...EXIT, legs: [] }, [{ kind: "trailing_stop", offset: "1", activation: "30" }], []],
  ["one without a price", { ...EXIT, last: null }, [{ kind: "stop_loss", trigger: "99" }], [["99", false]]],
] as const)("knows where legs would stand: %s", (_, exit, legs, wanted) => {
  expect(standsOf(exit as ExitRow, { legs } as never).map(({ level, closes }) => [level, closes])).toEqual(wanted);
});

it("shows one moment: a part that came sooner waits for the others", () => {
  const part = (data: number | undefined, isFetching: boolean) => ({ data, isFetching });
  const { result, rerender } = renderHook(([one, other]) => useMoment(one, other), { initialProps: [part(1, false), part(undefined, true)] as const });
  const shown = () => result.current.map(({ data }) => data);
  expect(shown()).toEqual([1, undefined]);
  rerender([part(1, false), part(1, false)]);
  expect(shown()).toEqual([1, 1]);
  rerender([part(2, false), part(1, true)]);
  expect(shown()).toEqual([1, 1]);
  rerender([part(2, false), part(2, false)]);
  expect(shown()).toEqual([2, 2]);
});

it("drops an exit only when its instrument is typed", async () => {
  const { of } = api({ ...ANSWERS, "DELETE /v1/exits/{exit}": { seq: 1, at: NOON, events: [] } });
  const { user } = show(<Positions />);
  await user.click(await screen.findByRole("button", { name: "Drop X-254" }));
  await user.type(screen.getByLabelText("To confirm, type MSFT"), "MSFT");
  await user.click(screen.getByRole("button", { name: "Drop the exit" }));
  await waitFor(() => expect(of("DELETE /v1/exits/{exit}")).toHaveLength(1));
});

it("lets who may not trade look only", async () => {
  api(ANSWERS);
  show(<Positions />, { me: { ...ANN, role: "approver" } });
  await screen.findByText("No stop");
  await screen.findByText("At the venue");
  expect(screen.queryAllByRole("button")).toHaveLength(0);
});

it("shows one instrument: its price, its chart in words, who holds it and what filled", async () => {
  api(ANSWERS);
  show(<Position params={{ instrument: "MSFT" }} />);
  await screen.findByRole("region", { name: "What was filled" });
  expect(await screen.findByText(/Every price that counted, kept since/)).toBeTruthy();
  expect(table("What was filled").getByRole("row", { name: /buy 10 MSFT/ }).textContent).toMatch(/27\.0154/);
  screen.getByText(/equity, technology, at paper/);
});

it.each([["loads", silent, "Loading"], ["is disconnected", broken, "The door does not answer."]] as const)("says of each part that it %s", async (_, answer, words) => {
  api({ ...ANSWERS, "GET /v1/positions": answer, "GET /v1/orders": answer, "GET /v1/exits": answer });
  show(<Positions />);
  await waitFor(() => expect(screen.getAllByText(words)).toHaveLength(3));
});

it("says of an empty book what is not there", async () => {
  api({ ...ANSWERS, "GET /v1/positions": HOUSE["GET /v1/positions"], "GET /v1/orders": page(), "GET /v1/exits": page() });
  show(<Positions />);
  for (const words of ["Nothing is held.", "No order works.", /No exit is set/]) await screen.findByText(words);
});

// What is worked out

it("takes terms from what is filled in, and gives them back", () => {
  expect(termsOf(draftOf(EXIT.terms), null)).toEqual(EXIT.terms);
  const terms = { legs: [{ kind: "trailing_stop", offset: "1.5", activation: "30" }, { kind: "take_profit", trigger: "40" }], quantity: "5", slippage_bps: 50 } as const;
  expect(termsOf(draftOf(terms as never), 50)).toEqual(terms);
});

it.each([
  [{ stop: "x" }, /no|not a number/], [{ stop: "-1" }, /above zero/], [{}, /Say a stop-loss/], [{ activation: "30" }, /needs a trailing stop/],
  [{ trail: "1.234" }, /two places/], [{ trail: "100" }, /less than 100/],
])("says what is wrong with %o", (more, words) => {
  expect(termsOf({ stop: "", trail: "", by: "percent", activation: "", target: "", quantity: "", ...more }, null)).toMatch(words);
});

const LONG_STOP = { kind: "stop_loss", trigger: "20" } as const;
const TRAIL = { kind: "trailing_stop", offset_bps: 800 } as const;
it.each([
  ["a nearer stop", [{ ...LONG_STOP, trigger: "21" }, TRAIL], {}, []],
  ["a stop further away", [{ ...LONG_STOP, trigger: "19.99" }, TRAIL], {}, [/moves away/]],
  ["no stop", [TRAIL], {}, [/stop-loss at 20 goes/]],
  ["a longer trail", [LONG_STOP, { ...TRAIL, offset_bps: 801 }], {}, [/8\.01 % instead of 8 %/]],
  ["a trail by an amount", [LONG_STOP, { kind: "trailing_stop", offset: "1" }], {}, [/another way/]],
  ["a trail from later on, of what trails already", [LONG_STOP, { ...TRAIL, activation: "40" }], {}, []],
  ["less quantity, other slippage", [LONG_STOP, TRAIL], { quantity: "5", slippage_bps: 10 }, [/slippage/, /5 at most/]],
  ["a take-profit more", [LONG_STOP, TRAIL, { kind: "take_profit", trigger: "40" }], {}, []],
] as const)("knows what loosens: %s", (_, legs, more, says) => {
  const found = loosens(EXIT, { legs: [...legs], ...more });
  expect(found).toHaveLength(says.length);
  says.forEach((words, index) => expect(found[index]).toMatch(words));
});

it("mirrors that for a short position, and for a bracket whose trail begins later", () => {
  const short = { ...EXIT, side: "buy" as const };
  expect(loosens(short, { legs: [{ ...LONG_STOP, trigger: "21" }, TRAIL] })).toHaveLength(1);
  expect(loosens({ ...EXIT, order: "r1-3" }, { legs: [LONG_STOP, { ...TRAIL, activation: "40" }] })).toEqual(["The trailing stop begins later, from 40."]);
});

it("draws fills where they were, and prices and stops once for each second", () => {
  keep([{ of: pricesOf("MSFT"), at: NOON, price: "25" }, { of: legOf("X-254", "trailing_stop"), at: NOON, price: "23" }]);
  keep([{ of: pricesOf("MSFT"), at: NOON + 1e8, price: "26" }]);
  keep([{ of: pricesOf("MSFT"), at: NOON, price: "1" }, { of: pricesOf("MSFT"), at: NOON + 2e9, price: "27" }]);
  const seen = allSeen();
  const { prices, fills, lines, slots } = drawingOf("MSFT", { mark: MARK, orders: [ORDER, BOUGHT], exits: [EXIT], seen, past: NO_PAST, range: "hour" });
  expect(prices.map(({ value }) => value)).toEqual([26, 27]);
  expect(slots).toHaveLength(3);
  expect(fills).toEqual([{ time: NOON / 1e9, value: 27.015402, side: "buy", words: "+10" }]);
  expect(lines.map(({ kind, dots }) => [kind, dots.length])).toEqual([["stop", 1], ["stop", 2]]);
});
