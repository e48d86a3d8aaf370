import { screen } from "@testing-library/react";
import { expect, it } from "vitest";
import type { EquityPoint } from "../../api/schema";
import { instant } from "../../api/time";
import { api, broken, silent } from "../../testing/fake";
import { HOUSE, NOON } from "../../testing/house";
import { show } from "../../testing/show";
import { Accounts } from "./Accounts";
import { curveOf, HIGH, WIDE } from "./curve";

const MINUTE = 60e9;
const point = (minute: number, equity: string, low = equity, high = equity): EquityPoint => ({ at: NOON + minute * MINUTE, equity, low, high, cash: null });
const POINTS = [point(0, "100000"), point(1, "100010", "99990", "100010"), point(2, "100005.000000000000000001")];
const ANSWER = { account: "main", currency: "USD", step_s: 300, known_from: NOON, fault: "", points: POINTS };
const shown = (answer: object | symbol) => {
  api({ ...HOUSE, "GET /v1/history/equity": answer as never });
  show(<Accounts />);
};

it("draws from the first point to what it is now, between the lowest and the highest", () => {
  const curve = curveOf(POINTS, { at: NOON + 4 * MINUTE, equity: "100010" });
  expect(curve).toEqual({ path: `M0 24L75 2L150 13L${WIDE} 2`, base: 24, first: "100000", last: "100010", low: "99990", high: "100010", change: 1 });
  expect(curveOf(POINTS, { at: NOON + 4 * MINUTE, equity: "99980" })).toMatchObject({ low: "99980", change: -1 });
  expect(curveOf([point(0, "5")], { at: NOON + MINUTE, equity: "5" })).toMatchObject({ path: `M0 ${HIGH / 2}L${WIDE} ${HIGH / 2}`, change: 0 });
});

it("draws nothing where there is nothing to connect", () => {
  expect(curveOf([], { at: NOON, equity: "5" })).toBeNull();
  expect(curveOf([point(0, "5")], { at: NOON, equity: "5" })).toBeNull();
});

it("shows the curve beside today's profit or loss, and says it in words", async () => {
  const young = instant(Date.now() - 600_000);
  shown({ ...ANSWER, known_from: young, points: [{ ...point(0, "100000"), at: young }] });
  const picture = await screen.findByRole("img");
  expect(picture.getAttribute("aria-label")).toMatch(/^In the last 10 min.* from 100,000, between 99,934.06 and 100,000 USD$/);
  expect(picture.getAttribute("class")).toBe("bad");
  expect((await screen.findByText("Today")).nextSibling?.textContent).toMatch(/12\.5/);
});

it.each([
  ["nothing was kept yet", { ...ANSWER, known_from: null, points: [] }, "Its curve begins with the next minute."],
  ["something is missing", { ...ANSWER, fault: "history_unusable: the disk is full" }, /Not all of its past is there. History_unusable: the disk is full/],
  ["the door is away", broken, /No curve: The door does not answer/],
  ["it loads", silent, "Loading"],
] as const)("says where %s", async (_, answer, words) => {
  shown(answer);
  expect((await screen.findAllByText(words)).length).toBeGreaterThan(0);
  await screen.findByText("Equity");
});
