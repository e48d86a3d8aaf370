import { screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import type { Explained, WaitingShown } from "../../api/schema";
import { milliseconds } from "../../api/time";
import { type Answers, api, broken, refused } from "../../testing/fake";
import { ANN, HOUSE, NOON, WAITING, page } from "../../testing/house";
import { show } from "../../testing/show";
import Approval from "./Approval";
import Approvals from "./Approvals";
import { furthest } from "./row";

const FOUND: Explained = {
  rule: "approval_notional_min", subject: "account:main", limit: "2500", actual: "3341.28", unit: "USD", verdict: "hold", retry_after_s: null,
  sentence: "An order worth 2500 USD or more waits for a person.",
};
const SHOWN: WaitingShown = { ...WAITING, findings: [FOUND] };
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
  await screen.findByRole("link", { name: "buy 8 GOOG" });
  for (const words of ["3,341.28", "5 min", "417.66", "11,658.72 of 15,000", "721.75 bps, from 413.52 to 443.36; no limit on it", "training: no real money"]) {
    expect(container.textContent?.replaceAll("\u00a0", " ")).toContain(words);
  }
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
    expect(screen.getAllByRole("listitem").map(({ textContent }) => textContent)).toEqual(["approval_drift_max_bps of agent:momentum: 60 bps; the limit is 10 bps"]);
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
