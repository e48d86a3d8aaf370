import { describe, expect, it } from "vitest";
import { AGE, BPS, COOLDOWN, COUNT, HOURS, MANY, NAMES, ORDER, QUORUM, RATE, RULES, SHORT, SIDES, SURE } from "./fixtures";
import { decoded, hint, mandateOf, matches, read, shown, textsOf, typed } from "./values";

describe("what is typed", () => {
  it.each([
    [ORDER, "4,000.50", "4000.5"], [ORDER, "1,000,000", "1000000"], [ORDER, "0.10", "0.1"], [ORDER, "007", "7"], [ORDER, "100", "100"], [SURE, "0.60", "0.6"],
    [COUNT, "10", 10], [AGE, "90", 90], [AGE, "5 min", 300], [AGE, "2h", 7200], [COOLDOWN, "review", "review"], [COOLDOWN, "1 d", 86_400],
    [RATE, "10/min", { count: 10, per_s: 60 }], [RATE, "2/s", { count: 2, per_s: 1 }], [RATE, "100 in 5 min", { count: 100, per_s: 300 }],
    [NAMES, "MSFT, AAPL,MSFT", ["AAPL", "MSFT"]], [NAMES, "", []], [SIDES, "sell,buy", ["buy", "sell"]], [SHORT, "blocked", "blocked"],
    [HOURS, "America/New_York mon-fri 09:30-16:00, XNYS", ["America/New_York@mon-fri@09:30-16:00", "XNYS"]],
  ])("%o %s is %j", (rule, text, value) => {
    expect(read(rule, text)).toEqual({ value });
  });
  it.each([
    [ORDER, "", /Give a value/], [ORDER, "many", /Write a number/], [ORDER, "-5", /below zero/], [ORDER, "1e5", /Write a number/],
    [ORDER, "12,50", /Write a point and not a comma: 12\.50\./], [SURE, "0,6", /0\.6/], [ORDER, "1000,00", /1000\.00/], [ORDER, "1,00,000", /Write a number/], [ORDER, "4.000,50", /Write a number/],
    [COUNT, "2.5", /whole number/],
    [COUNT, "1001", /at most 1,000/], [MANY, "0", /at least 1/], [AGE, "soon", /5 min/], [COOLDOWN, "soon", /or review/], [RATE, "10", /10\/min/], [RATE, "0/min", /from 1/],
    [RATE, "1/9 d", /1 d/], [NAMES, "AAPL MSFT", /commas/], [SIDES, "hold", /buy, sell/], [SHORT, "", /allowed or blocked/], [HOURS, "mon-fri 9-5", /is no calendar/],
  ])("%o %s is refused", (rule, text, says) => {
    expect(read(rule, text)).toEqual({ fault: expect.stringMatching(says) as unknown });
  });
  it("comes back as it was, whatever a mandate holds", () => {
    const mandate = { order_notional_max: "4000.5", positions_max: 10, mark_age_max: 90, loss_cooldown: "review" as const, order_rate_max: { count: 7, per_s: 90 }, instruments_blocked: [], hours_active: ["UTC@daily@00:00-24:00"], short_allowed: "blocked" as const, slippage_max_bps: 0 };
    const texts = textsOf(RULES, mandate);
    expect(mandateOf(RULES, texts)).toEqual({ mandate, faults: {} });
    expect(texts.order_rate_max).toBe("7/90 s");
  });
  it("misses what is set together with another", () => {
    expect(mandateOf(RULES, { quorum_notional_min: "100" }).faults.quorum_notional_min).toMatch(/People who approve too/);
    expect(mandateOf(RULES, { quorum_notional_min: "100", approval_quorum: "2" }).faults).toEqual({});
  });
});

it("is shown with its unit", () => {
  expect([shown(ORDER, "4000", "USD"), shown(RATE, { count: 10, per_s: 60 }, ""), shown(RATE, { count: 7, per_s: 90 }, ""), shown(RATE, "5 per 60 s", ""), shown(BPS, 250, ""), shown(AGE, 90, ""), shown(NAMES, [], ""), shown(SHORT, "blocked", ""), shown(COOLDOWN, "review", ""), shown(ORDER, null, "USD")])
    .toEqual(["4,000 USD", "10 a minute", "7 in 1 min 30 s", "5 a minute", "250 bps (2.5 %)", "1 min 30 s", "nothing", "blocked", "a review", "not set"]);
  expect([typed(AGE, 7200), typed(AGE, 0), typed(COUNT, 60)]).toEqual(["2 h", "0 s", "60"]);
  expect([hint(ORDER, "EUR"), hint(SHORT, ""), hint(SIDES, "")]).toEqual(["in EUR", "", "of buy, sell"]);
});

it("is found by any of its words", () => {
  expect([matches(QUORUM, "several approve"), matches(QUORUM, "QUORUM"), matches(QUORUM, "loss"), matches(QUORUM, "")]).toEqual([true, true, false, true]);
});

it("stands in an address as it was meant", () => {
  expect([decoded("agent%3Aa%2Fb"), decoded("agent:100%")]).toEqual(["agent:a/b", "agent:100%"]);
});
