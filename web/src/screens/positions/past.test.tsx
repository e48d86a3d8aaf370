import { screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import type { ExitRow, LegHistory, MarkRow, OrderRow, PriceBar } from "../../api/schema";
import { instant, now } from "../../api/time";
import { api, broken, refused, silent } from "../../testing/fake";
import { HOUSE, NOON, page } from "../../testing/house";
import { show } from "../../testing/show";
import { chartWords, drawingOf } from "./chart";
import { Drawn } from "./Drawn";
import { barWords, type Past, type Range } from "./past";
import { allSeen, forgetSeen, keep, legOf, pricesOf } from "./seen";

const MINUTE = 60e9;
const T = NOON / 1e9;
const bar = (minute: number, open: string, high: string, low: string, close: string): PriceBar => ({ at: NOON + minute * MINUTE, open, high, low, close });
const BARS = [bar(0, "25", "26", "24.5", "25.5"), bar(1, "25.5", "27", "25", "26"), bar(2, "26", "26.5", "23", "24")];
const LEG: LegHistory = { exit: "X-1", kind: "trailing_stop", agent: "momentum", points: [{ at: NOON, level: "20" }, { at: NOON + 2 * MINUTE, level: "21" }] };
const OVER: LegHistory = { ...LEG, exit: "X-0", kind: "take_profit" };
const EXIT = { exit: "X-1", instrument: "MSFT", legs: [{ kind: "trailing_stop", level: "22", says: "" }] } as unknown as ExitRow;
const MARK: MarkRow = { instrument: "MSFT", at: NOON + 2 * MINUTE, bid: "24", ask: "24", last: "24", age_s: 1, unfit: "" };
const order = (side: "buy" | "sell", filled: string, at: number) => ({ side, filled, paid_average: "25", changed_at: at }) as OrderRow;
const PAST: Past = { bars: BARS, legs: [LEG, OVER], step_s: 60, known_from: NOON };
const ROW = { name: "MSFT", tick: "0.01", currency: "USD" } as Parameters<typeof Drawn>[0]["row"];
const ANSWERS = {
  ...HOUSE,
  "GET /v1/orders": page<OrderRow>(), "GET /v1/exits": page<ExitRow>(), "GET /v1/marks": page<MarkRow>(),
  "GET /v1/history/prices": { instrument: "MSFT", step_s: 60, known_from: 1e18, fault: "", bars: BARS },
  "GET /v1/history/exits": { instrument: "MSFT", step_s: 60, known_from: NOON, fault: "", legs: [LEG] },
};

beforeEach(forgetSeen);

function drawn(range: Range, past: Past, orders: OrderRow[] = [], exits: ExitRow[] = []) {
  return drawingOf("MSFT", { mark: MARK, orders, exits, seen: allSeen(), past, range });
}

it("draws a line of an hour, from the past into what is seen, over places that are evenly apart", () => {
  keep([{ of: pricesOf("MSFT"), at: NOON + 2 * MINUTE + 10e9, price: "23.5" }, { of: pricesOf("MSFT"), at: NOON + 2 * MINUTE + 20e9, price: "23.75" }]);
  const { prices, candles, slots, step } = drawn("hour", PAST);
  expect(prices).toEqual([{ time: T, value: 25 }, { time: T + 59, value: 25.5 }, { time: T + 119, value: 26 }, { time: T + 120, value: 26 }, { time: T + 130, value: 23.5 }, { time: T + 140, value: 23.75 }]);
  expect(candles.map(({ time, low, high }) => [time - T, low, high])).toEqual([[30, 24.5, 26], [90, 25, 27], [140, 23, 26.5]]);
  expect([step, slots.length, slots[0], slots.at(-1)]).toEqual([1, 141, T, T + 140]);
});

it("draws candles of more than that, and lets what is seen go on in the last of them", () => {
  const bars = Array.from({ length: 600 }, (_, minute) => bar(minute, "10", minute === 7 ? "12" : "10.5", "9", "10"));
  keep([{ of: pricesOf("MSFT"), at: NOON + 599 * MINUTE + 30e9, price: "14" }, { of: pricesOf("MSFT"), at: NOON + 601 * MINUTE, price: "8" }]);
  const { prices, candles, slots, step } = drawn("day", { ...PAST, bars });
  expect([prices, slots, step, candles.length]).toEqual([[], [], 300, 121]);
  expect(candles[1]).toEqual({ time: T + 300, open: 10, high: 12, low: 9, close: 10 });
  expect(candles.slice(-2)).toEqual([{ time: T + 119 * 300, open: 10, high: 14, low: 9, close: 14 }, { time: T + 120 * 300, open: 8, high: 8, low: 8, close: 8 }]);
});

it("shows no more than the range", () => {
  const bars = Array.from({ length: 120 }, (_, minute) => bar(minute, "10", "10", "10", "10"));
  const { prices } = drawn("hour", { ...PAST, bars });
  expect(prices[0]?.time).toBe(T + 59 * 60);
});

it("puts what was bought and sold where a candle or a second is, each as one", () => {
  const orders = [order("buy", "2", NOON + 2 * MINUTE + 5e9), order("buy", "1.5", NOON + 2 * MINUTE + 5e9), order("sell", "1", NOON + 2 * MINUTE + 5e9), order("buy", "9", NOON - 9 * MINUTE)];
  expect(drawn("hour", PAST, orders).fills).toEqual([
    { time: T + 125, side: "sell", value: 25, words: "−1" }, { time: T + 125, side: "buy", value: 25, words: "+3.5" },
  ]);
});

it("draws legs in steps, as kept and then as seen, and those of exits that are over", () => {
  keep([{ of: legOf("X-1", "trailing_stop"), at: NOON + 2 * MINUTE + 30e9, price: "22" }]);
  const { lines } = drawn("hour", PAST, [], [EXIT]);
  expect(lines.map(({ words, kind, dots }) => [words, kind, dots])).toEqual([
    ["trailing-stop", "stop", [{ time: T, value: 20 }, { time: T + 120, value: 22 }]],
    ["", "target", [{ time: T, value: 20 }, { time: T + 120, value: 21 }]],
  ]);
});

it("says in words how far prices went", () => {
  expect(barWords("day", BARS)).toBe("In the last day from 25, between 23 and 27");
  expect(barWords("day", [])).toBe("");
  const words = chartWords("MSFT", { mark: MARK, orders: [], exits: [EXIT], seen: allSeen(), past: PAST, range: "hour" });
  expect(words).toBe("MSFT, last price 24. In the last hour from 25, between 23 and 27. trailing-stop at 22. no fills");
});

it("asks for the range that is chosen, and says since when prices are kept", async () => {
  const { of } = api(ANSWERS);
  const { user } = show(<Drawn row={ROW} mark={MARK} />);
  await screen.findByText(/Every price that counted, kept since/);
  screen.getByText(/line: the last price, upright: how far/);
  expect(screen.getByRole("button", { name: "1 h" }).getAttribute("aria-pressed")).toBe("true");
  await user.click(screen.getByRole("button", { name: "1 week" }));
  await waitFor(() => expect(of("GET /v1/history/prices")).toHaveLength(2));
  const [hour, week] = of("GET /v1/history/prices").map(({ params }) => params);
  expect([hour?.["step_s"], week?.["step_s"]]).toEqual(["60", "900"]);
  expect(Number(hour?.["since"]) - Number(week?.["since"])).toBeCloseTo(167 * 3600 * 1e9, -11);
  await user.click(screen.getByRole("button", { name: "All" }));
  await waitFor(() => expect(of("GET /v1/history/prices")).toHaveLength(3));
  expect(of("GET /v1/history/prices")[2]?.params["since"]).toBeUndefined();
});

it("asks for the minutes of what is known for a short time only, whatever the range", async () => {
  const { of } = api({ ...ANSWERS, "GET /v1/history/prices": { ...ANSWERS["GET /v1/history/prices"], known_from: instant(now() - 600_000) } });
  const { user } = show(<Drawn row={ROW} mark={MARK} />);
  await user.click(await screen.findByRole("button", { name: "1 week" }));
  await waitFor(() => expect(of("GET /v1/history/prices").map(({ params }) => params["step_s"])).toEqual(["60", "900", "60"]));
});

it("says what is missing, and shows what is there", async () => {
  api({ ...ANSWERS, "GET /v1/history/prices": { ...ANSWERS["GET /v1/history/prices"], fault: "history_unusable: the disk is full" } });
  show(<Drawn row={ROW} mark={MARK} />);
  await screen.findByText(/the disk is full/);
  screen.getByText(/Every price that counted/);
});

it("says that nothing was kept where nothing was", async () => {
  api({ ...ANSWERS, "GET /v1/history/prices": { instrument: "MSFT", step_s: 60, known_from: null, fault: "", bars: [] } });
  show(<Drawn row={ROW} mark={undefined} />);
  await screen.findByText("No price was kept yet, and none was seen.");
});

it("shows what the page has seen where the past is refused", async () => {
  api({ ...ANSWERS, "GET /v1/marks": page(MARK), "GET /v1/history/prices": refused(403, "capability_off", { detail: "get_quote is off" }) });
  show(<Drawn row={ROW} mark={MARK} />);
  await screen.findByText("Get_quote is off.");
  await screen.findByText(/this is what the page has seen since it was loaded/);
});

it.each([["loads", silent, "Loading"], ["is disconnected", broken, "The door does not answer."]] as const)("says that it %s", async (_, answer, words) => {
  api({ ...ANSWERS, "GET /v1/history/prices": answer });
  show(<Drawn row={ROW} mark={MARK} />);
  await screen.findByText(words);
});
