import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import type { Explained, PreapprovalRow, Waiting, WaitingShown } from "../../api/schema";
import { milliseconds } from "../../api/time";
import { type Answers, api, broken, refused } from "../../testing/fake";
import { ANN, HOUSE, NOON, WAITING, page } from "../../testing/house";
import { show } from "../../testing/show";
import Approval from "./Approval";
import Approvals from "./Approvals";
import { doubts } from "./Doubts";
import { furthest } from "./row";

const FOUND: Explained = {
  rule: "approval_notional_min", subject: "account:main", limit: "2500", actual: "3341.28", unit: "USD", verdict: "hold", retry_after_s: null,
  plain: "A person must approve each order that opens 2,500 USD or more (the firm); this one opens 3,617.04 USD.", sentence: "An order worth 2500 USD or more waits for a person.",
};
const SHOWN: WaitingShown = { ...WAITING, findings: [FOUND], seq: 17 };
const PATH = "/v1/approvals/{order}";

const opened = (answers: Answers = {}, me = ANN) => {
  vi.setSystemTime(milliseconds(NOON));
  const asked = api({ ...HOUSE, [`GET ${PATH}`]: SHOWN, ...answers });
  return { ...asked, ...show(<Approval params={{ order: WAITING.order }} />, { me }) };
};

it("lists what waits, with the worst numbers first", async () => {
  vi.setSystemTime(milliseconds(NOON));
  api({ "GET /v1/approvals": page(WAITING) });
  const { container } = show(<Approvals />);
  await screen.findByRole("link", { name: "Buy 8 GOOG" });
  for (const words of ["3,341.28", "5 min", "417.66", "11,658.72 of 15,000", "721.75 bps (7.22 %) against it, from 413.52 to 443.36; no limit on it", "training: no real money"]) {
    expect(container.textContent?.replaceAll("\u00a0", " ")).toContain(words);
  }
});

const PREAPPROVAL: PreapprovalRow = {
  preapproval: "P-1", agent: "scout", state: "in_force", over: false, instruments: ["GOOG"], categories: ["politics"], notional_max: "100", total_max: "1000", used: "250", left: "750",
  currency: "USD", uses: 3, by: "ann", owner: "ann", why: "small bets may go", at: NOON - 60e9, ends_at: NOON + 3600e9, expires_in_s: 3600, ended_at: null, ended_by: "", ended_why: "",
};
const told = (): string => document.body.textContent?.replaceAll("\u00a0", " ") ?? "";

describe("several at once", () => {
  const many: Waiting[] = ["a", "b"].map((order, index) => ({ ...WAITING, order, digest: order.repeat(64), worth: `${index + 1}00.50`, quantity: `${index + 1}`, bulk: true }));
  const beyond: Waiting = { ...WAITING, order: "c", quantity: "9" };

  it("are chosen one by one, only where each may be, and each answer is told", async () => {
    vi.setSystemTime(milliseconds(NOON));
    const answered = { seq: 1, at: NOON, decision: null };
    const items = [{ order: "a", answer: "released" as const, ...answered }, { order: "b", answer: "refused" as const, ...answered, code: "bulk_too_large", why: "it is worth more" }];
    const { of } = api({ ...HOUSE, "GET /v1/approvals": page(...many, beyond), "GET /v1/preapprovals": page(), "POST /v1/approvals/approve": { items } });
    const { user } = show(<Approvals />);
    for (const quantity of ["1", "2"]) await user.click(await screen.findByLabelText(`Choose Buy ${quantity} GOOG`));
    expect(screen.queryByLabelText("Choose Buy 9 GOOG")).toBeNull();
    expect(told()).toContain("2 chosen, worth at most 301.00 USD");
    await user.click(screen.getByRole("button", { name: "Approve them…" }));
    await user.click(screen.getByRole("button", { name: "Approve all 2" }));
    await screen.findByText("What became of them");
    expect(told()).toContain("Buy 2 GOOG refused It is worth more.");
    expect(of("POST /v1/approvals/approve")[0]?.body).toEqual({ orders: many.map(({ order, digest }) => ({ order, digest })) });
  });

  it("are chosen no more when one changes", async () => {
    const { now } = api({ ...HOUSE, "GET /v1/approvals": page(...many), "GET /v1/preapprovals": page(), "POST /v1/approvals/approve": refused(503, "guard_stopped") });
    const { user } = show(<Approvals />);
    await user.click(await screen.findByLabelText("Choose Buy 1 GOOG"));
    now({ "GET /v1/approvals": page(...many.map((row) => ({ ...row, digest: "e".repeat(64) }))) });
    await user.click(screen.getByRole("button", { name: "Approve them…" }));
    await user.click(screen.getByRole("button", { name: "Approve all 1" })); // whatever came of it, all is asked for anew
    await screen.findByText("It changed since you chose it: look at it again.");
    expect(screen.queryByRole("button", { name: "Approve them…" })).toBeNull();
  });
});

describe("ahead of time", () => {
  it("shows what is confirmed, and revokes it with a reason", async () => {
    vi.setSystemTime(milliseconds(NOON));
    const call = "POST /v1/preapprovals/{preapproval}/revoke";
    const { of } = api({ ...HOUSE, "GET /v1/preapprovals": page(PREAPPROVAL), [call]: { seq: 1, at: NOON, events: [] } });
    const { user } = show(<Approvals />);
    await user.click(await screen.findByRole("button", { name: "Revoke what scout may open" }));
    for (const words of ["GOOG, all of politics", "250.00 of 1,000.00", "in 1 h", "small bets may go"]) expect(told()).toContain(words);
    await user.type(screen.getByLabelText("Why"), "called");
    await user.click(screen.getByRole("button", { name: "Revoke" }));
    await waitFor(() => expect(of(call)[0]).toMatchObject({ params: { preapproval: "P-1" }, body: { why: "called" } }));
  });

  it("takes bounds from an order that waits, and refuses to let everything go", async () => {
    const call = "POST /v1/preapprovals";
    const { user, of } = opened({ [call]: { preapproval: "P-2", seq: 1, at: NOON } });
    await user.click(await screen.findByRole("button", { name: "Set the bounds…" }));
    await user.clear(screen.getByLabelText("Instruments"));
    await user.type(screen.getByLabelText(/^Each worth at most/), "0");
    await user.type(screen.getByLabelText("Why"), "small ones");
    await user.click(screen.getByRole("button", { name: "Confirm ahead of time" }));
    await screen.findByText(/Name at least one instrument or category/);
    await screen.findByText("An amount above 0, like 100.");
    await user.type(screen.getByLabelText("Instruments"), "GOOG, AAPL");
    await user.type(screen.getByLabelText(/^Each worth at most/), "500");
    await user.click(screen.getByRole("button", { name: "Confirm ahead of time" }));
    await waitFor(() => expect(of(call)[0]?.body).toEqual({
      agent: "momentum", instruments: ["GOOG", "AAPL"], categories: [], notional_max: "0500", total_max: null, ends_at: NOON + 86_400e9, why: "small ones",
    }));
  });
});

it("says at the button what an approval would not achieve now", async () => {
  const drift = { ...WAITING.drift, from: "160.19", to: "187.18", fresh: false };
  opened({ [`GET ${PATH}`]: { ...SHOWN, worst_price: "161.8", drift } });
  expect(await screen.findByText("At the price now, 187.18, it would not fill: it pays no more than 161.80.")).toBeTruthy();
  expect(screen.getByText(/^Its last price is not fresh/)).toBeTruthy();
  expect(screen.getByRole("button", { name: "Approve" }).className).not.toContain("main");
  expect(doubts({ side: "sell", worst_price: "160", drift: { ...drift, to: "159.99", fresh: true } })).toEqual(["At the price now, 159.99, it would not fill: it takes no less than 160.00."]);
  expect(doubts({ side: "buy", worst_price: "161.8", drift: { ...drift, to: "161.8", fresh: true } })).toEqual([]);
});

it("says where nothing waits", async () => {
  api({ "GET /v1/approvals": page() });
  show(<Approvals />);
  await screen.findByText("Nothing waits for approval.");
});

describe("one order", () => {
  it("is approved by the digest that is shown", async () => {
    const { user, of } = opened({ [`POST ${PATH}/approve`]: { order: WAITING.order, answer: "released", seq: 1, at: 1, decision: null } });
    await user.click(await screen.findByRole("button", { name: "Approve" }));
    await screen.findByText("Approved: the order may go out.");
    expect(of(`POST ${PATH}/approve` as never)[0]?.body).toEqual({ digest: WAITING.digest });
  });

  it("says what became of it, and leads to it", async () => {
    const became = { order: WAITING.order, side: "buy", instrument: "GOOG", state: "sent", quantity: "8", filled: "0", paid_average: null };
    const { user, now } = opened({ [`POST ${PATH}/approve`]: { order: WAITING.order, answer: "released", seq: 1, at: 1, decision: null }, "GET /v1/orders/{order}/why": became as never });
    await user.click(await screen.findByRole("button", { name: "Approve" }));
    await screen.findByText("It is on its way to the venue.");
    expect(screen.getByRole("link", { name: "All that happened to this order" }).getAttribute("href")).toBe(`/orders/${WAITING.order}`);
    screen.getByRole("link", { name: "What waits now" });
    now({ "GET /v1/approvals/{order}": refused(404, "not_found"), "GET /v1/orders/{order}/approval": { answer: "released", why: "" } as never, "GET /v1/orders/{order}/why": { ...became, state: "filled", filled: "8", paid_average: "24.9" } as never });
    show(<Approval params={{ order: WAITING.order }} />);
    expect((await screen.findByText(/Bought 8 of 8 GOOG at/)).textContent).toBe("Bought 8 of 8 GOOG at 24.90.");
  });

  it("cannot be approved once it changed, until that was looked at too", async () => {
    const { user, of, now } = opened({ [`POST ${PATH}/approve`]: refused(409, "digest_mismatch") });
    await screen.findByRole("button", { name: "Approve" });
    now({ [`GET ${PATH}`]: { ...SHOWN, digest: "e".repeat(64), quantity: "80" } });
    await user.click(screen.getByRole("button", { name: "Approve" }));
    await screen.findByText("It changed while you looked at it.");
    await screen.findByRole("heading", { name: "Buy 80 GOOG" });
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Approve" }).disabled).toBe(true);
    now({ [`POST ${PATH}/approve`]: { order: WAITING.order, answer: "released", seq: 1, at: 1, decision: null } });
    await user.click(screen.getByRole("button", { name: "I have looked" }));
    await user.click(screen.getByRole("button", { name: "Approve" }));
    await screen.findByText("Approved: the order may go out.");
    expect(of(`POST ${PATH}/approve` as never).map(({ body }) => body)).toEqual([{ digest: WAITING.digest }, { digest: "e".repeat(64) }]);
  });

  it("shows what the agent wrote as a quote, and nothing of it to auditors", async () => {
    const thought = "f".repeat(64);
    const answers: Answers = { [`GET ${PATH}`]: { ...SHOWN, thought }, "GET /v1/texts/{digest}": { digest: thought, standing: "kept", text: "<b>Approve me</b>" } };
    const { of, unmount } = opened(answers);
    expect((await screen.findByText("<b>Approve me</b>")).closest("blockquote")).not.toBeNull();
    expect(of("GET /v1/texts/{digest}")[0]?.params).toMatchObject({ digest: thought, seq: "17" });
    unmount();
    opened(answers, { ...ANN, role: "auditor" });
    await screen.findByText("Auditors do not read what agents wrote.");
  });

  it("leads on to what waits next", async () => {
    const next = { ...WAITING, order: "r1a2b3c4d-18", quantity: "3" };
    const { user } = opened({ "GET /v1/approvals": page({ ...WAITING }, next), [`POST ${PATH}/approve`]: { order: WAITING.order, answer: "released", seq: 1, at: 1, decision: null } });
    await user.click(await screen.findByRole("button", { name: "Approve" }));
    expect((await screen.findByRole("link", { name: /^Next: Buy 3 GOOG/ })).getAttribute("href")).toBe("/approvals/r1a2b3c4d-18");
  });

  it("is declined with a reason", async () => {
    const { user, of } = opened({ [`POST ${PATH}/decline`]: { seq: 1, at: 1, events: [] } });
    await user.type(await screen.findByLabelText("Why not"), "too close");
    await user.click(screen.getByRole("button", { name: "Decline" }));
    await screen.findByText("Declined: nothing goes out.");
    expect(of(`POST ${PATH}/decline` as never)[0]?.body).toEqual({ why: "too close" });
  });

  it("says which rules denied it when it was judged again", async () => {
    const finding = { rule: "approval_drift_max_bps", subject: "agent:momentum", limit: "10", actual: "60", unit: "bps" };
    const decision = { verdict: "deny", findings: [finding, { ...FOUND }] };
    const { user } = opened({ [`POST ${PATH}/approve`]: { order: WAITING.order, answer: "denied", seq: 1, at: 1, decision } } as never);
    await user.click(await screen.findByRole("button", { name: "Approve" }));
    await screen.findByText("Judged again and denied: nothing goes out.");
    expect(screen.getAllByRole("listitem").map(({ textContent }) => textContent)).toEqual(["Drift while an order waits, of agent momentum: 60 bps (0.6 %); the limit is 10 bps (0.1 %)"]);
  });

  it("may be answered once more where it is not known what came of it", async () => {
    const { user } = opened({ [`POST ${PATH}/approve`]: broken });
    await user.click(await screen.findByRole("button", { name: "Approve" }));
    await screen.findByText(/It is not known whether this took effect\..*Press again: it acts once\./);
  });

  it.each(["not_held", "gone"])("says how it ended where somebody was quicker (%s)", async (how) => {
    const over = { order: WAITING.order, state: "denied", answer: "declined", why: "no", needed: 0, quorum: 0, approved: 0, expires_in_s: null, until: null } as const;
    const answers: Answers = { "GET /v1/orders/{order}/approval": over, [`POST ${PATH}/approve`]: refused(409, "not_held") };
    const { user } = opened(how === "gone" ? { ...answers, [`GET ${PATH}`]: refused(404, "not_found") } : answers);
    if (how === "not_held") await user.click(await screen.findByRole("button", { name: "Approve" }));
    await screen.findByText(new RegExp(`${how === "gone" ? "^" : "Somebody was quicker, or its time was up\\. "}Order ${WAITING.order} does not wait for approval\\. It was declined\\. What was said: no`));
  });

  it("offers no answer to who may give none, and no approval to whose would not count", async () => {
    const { unmount } = opened({}, { ...ANN, role: "auditor" });
    await screen.findByText("You see this as auditor; others answer it.");
    unmount();
    opened({ [`GET ${PATH}`]: { ...SHOWN, yours_counts: false } });
    await screen.findByText("Your approval does not count for this order.");
    await waitFor(() => expect(screen.queryByRole("button", { name: "Approve" })).toBeNull());
  });
});

it("sorts findings by how far each is beyond its limit, exactly", () => {
  const of = (rule: string, actual: string, limit: string): Explained => ({ ...FOUND, rule, actual, limit });
  const sorted = furthest([of("b", "3", "2"), of("word", "GOOG", "GOOG"), of("a", "100", "10"), of("c", "1.000000000000000001", "1")]);
  expect(sorted.map(({ rule }) => rule)).toEqual(["a", "b", "c", "word"]);
});
