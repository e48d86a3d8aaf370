import { screen, within } from "@testing-library/react";
import { beforeEach, expect, test } from "vitest";
import vectors from "../../../../tests/vectors/journal.json";
import type { Explained, Line, OrderShown } from "../../api/schema";
import { dated } from "../../api/time";
import { api, broken, refused } from "../../testing/fake";
import { ANN, HOUSE, LINE, NOON, page } from "../../testing/house";
import { show } from "../../testing/show";
import { keepKey } from "../proof/kept";
import { apart } from "./Decision";
import Order from "./Order";

const SEQ = 257;
const ORDER = `r1a2b3c4d-${SEQ}`;
const SIZE: Explained = {
  rule: "order_notional_max", subject: "agent:rogue", limit: "4000", actual: "5964.48", unit: "USD", verdict: "deny", retry_after_s: null,
  plain: "One order may open at most 4,000 USD (agent rogue); this one opens 6,044.04 USD.", sentence: "The worth of the order at its worst price must be at most 4000 USD.", doc: "docs/rules.md#order_notional_max",
};
const DENIED: OrderShown = {
  order: ORDER, intent: "rogue-7", agent: "rogue", client: "", connection: "street", instrument: "AAPL", side: "buy", type: "market", quantity: "36", filled: "0",
  limit_price: null, worst_price: "165.68", paid_average: null, time_in_force: "day", exit: "", state: "denied", opening: true, worth: "5964.48", currency: "USD",
  at: NOON, changed_at: NOON, by: { name: "rogue", role: "agent", token: "T-1", door: "agents", owner: "ann" }, closes: "", thought: null, verdict: "deny",
  decision: { verdict: "deny", order: ORDER, quantity: "36", worst_price: "165.68", counted_price: "165.68", worth: "5964.48", currency: "USD", reducing: "0", marks: [["AAPL", "163.9", "164.1", "164", NOON - 2e9]] },
  findings: [SIZE], life: [], complete: true,
};
const HELD: OrderShown = {
  ...DENIED, state: "filled", verdict: "hold", thought: "a".repeat(64), exit: "stop_loss 140.95",
  findings: [{ ...SIZE, rule: "approval_notional_min", limit: "2500", actual: "2977.75", verdict: "hold" }],
  life: [{ seq: 300, at: NOON, by: "ada", kind: "approve", event: "approved", state: "", details: { person: "ada" } }],
};
const told: Line = { ...LINE, id: 1, seq: SEQ, order: ORDER, kind: "violation", code: "order_notional_max", said: "agent rogue asked to buy 36 AAPL: denied: order_notional_max: 5,964.48 USD, limit 4,000" };
const HERE = {
  ...HOUSE, "GET /v1/exits": page<never>(), "GET /v1/orders/{order}/why": DENIED, "GET /v1/orders/{order}/timeline": { items: [told], next: null, position: 300 },
  "GET /v1/journal/heads": { key: vectors.key.verifier, newest: { size: 700, root: "", note: "" }, cosigned: null },
  "GET /v1/journal/{seq}/receipt": vectors.receipts.find((one) => one.includes("index 256\n")) as never,
};
const at = { params: { order: ORDER } };

beforeEach(() => keepKey(""));

test("a denial says each rule with its limit, what it was, and how far apart the two are", async () => {
  api(HERE);
  show(<Order {...at} />);
  expect(await screen.findByRole("heading", { name: "Buy 36 AAPL" })).toBeTruthy();
  expect(screen.getByText("One order may open at most 4,000 USD (agent rogue); this one opens 6,044.04 USD.")).toBeTruthy();
  expect(screen.getByText("5,964.48 USD", { selector: "strong" })).toBeTruthy();
  expect(screen.getByText("4,000 USD, of agent rogue")).toBeTruthy();
  expect(screen.getByText("1,964.48 USD too much")).toBeTruthy();
  expect(screen.getByText("agent rogue, by its own program")).toBeTruthy();
  expect(screen.getByText(", 36 at", { exact: false }).textContent).toBe(", 36 at 165.68 each");
  expect(screen.getByText("By how much")).toBeTruthy();
  expect(screen.getByRole("link", { name: "All that was decided of rogue" }).getAttribute("href")).toBe("/decisions?agent=rogue");
  expect(screen.getByText(dated(NOON))).toBeTruthy();
  expect(document.body.textContent).toContain("AAPL 163.90 / 164.10, last 164.00 (2 s old)");
  expect(screen.queryByText("Proven to reduce")).toBeNull();
});

test.each([
  ["order_notional_max", "4000", "5000", "deny", "1,000 USD too much"], ["confidence_min", "0.6", "0.2", "deny", "0.4 too little"],
  ["approval_notional_min", "2500", "2500", "hold", "exactly at the limit"], ["approval_notional_min", "2500", "2600.5", "hold", "100.5 USD above where people are asked"],
  ["instruments_blocked", "GOOG", "GOOG", "deny", null],
] as const)("%s: limit %s, actual %s", (rule, limit, actual, verdict, says) => {
  expect(apart({ rule, limit, actual, verdict, unit: rule === "confidence_min" ? "" : "USD" })).toBe(says);
});

test("a hold says who approved, and the agent's words stand as a quote", async () => {
  const text = "<b>sure</b> thing";
  api({
    ...HERE, "GET /v1/orders/{order}/why": HELD, "GET /v1/texts/{digest}": { digest: "a".repeat(64), standing: "kept", text },
    "GET /v1/orders/{order}/approval": { order: ORDER, state: "filled", answer: "released", why: "", needed: 0, quorum: 0, approved: 1, expires_in_s: null, until: null },
  });
  show(<Order {...at} />);
  expect(await screen.findByText("ada")).toBeTruthy();
  expect(await screen.findByText(text)).toBeTruthy();
  expect(screen.getByText("It brings: stop loss 140.95.")).toBeTruthy();
  expect(document.querySelector("b")).toBeNull();
});

test("an entry is proved in the page: what was computed, what it proves, and whose key that was", async () => {
  const house = api(HERE);
  const { user } = show(<Order {...at} />);
  await user.click(await screen.findByRole("button", { name: `Verify entry ${SEQ}` }));
  const box = within(screen.getByRole("dialog"));
  expect(await box.findByText(`Entry ${SEQ} holds.`)).toBeTruthy();
  expect(box.getByText("this very server")).toBeTruthy();
  expect(box.getByText(/That this is the journal's key: this server gave it/)).toBeTruthy();
  await user.click(box.getByRole("button", { name: "Show the entry as it stands" }));
  expect(box.getByLabelText("The entry").textContent).toContain(`"seq": ${SEQ}`);
  expect(house.of("GET /v1/journal/{seq}/receipt")[0]?.params.seq).toBe(String(SEQ));
  await user.click(box.getByLabelText("The journal's key, from elsewhere"));
  await user.paste(vectors.key.verifier);
  await user.click(box.getByRole("button", { name: "Check with it" }));
  expect(await box.findByText("you: it is kept in this browser")).toBeTruthy();
  expect(box.queryByText(/this server gave it/)).toBeNull();
});

test("a receipt that does not hold is refused, and so is another journal's under the key that was kept", async () => {
  const forged = vectors.refused.find(({ why }) => why === "the record is another entry's")?.receipt;
  const house = api({ ...HERE, "GET /v1/journal/{seq}/receipt": forged as never });
  const { user, unmount } = show(<Order {...at} />);
  await user.click(await screen.findByRole("button", { name: `Verify entry ${SEQ}` }));
  expect((await screen.findByRole("alert")).textContent).toContain("It does not hold. Entry 257, as it stands here, is not in the journal that was signed.");
  unmount();
  const other = "elsewhere/journal+d4c92c5b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
  house.now({ "GET /v1/journal/{seq}/receipt": HERE["GET /v1/journal/{seq}/receipt"] });
  await expect(keepKey(other)).rejects.toThrow("does not match its own hash");
  const moved = vectors.receipts[0];
  house.now({ "GET /v1/journal/{seq}/receipt": moved as never });
  const again = show(<Order {...at} />);
  await again.user.click(await screen.findByRole("button", { name: `Verify entry ${SEQ}` }));
  expect((await screen.findByRole("alert")).textContent).toContain("not of 257");
});

test("who may not see everything is offered no evidence; an order that is not there is said", async () => {
  const house = api(HERE);
  const owner = show(<Order {...at} />, { me: { ...ANN, role: "owner" } });
  await screen.findByRole("heading", { name: "What was decided" });
  expect(screen.queryByText("Evidence")).toBeNull();
  owner.unmount();
  house.now({ "GET /v1/orders/{order}/why": refused(404, "unknown", { detail: `order ${ORDER} is not known`, fix: "see `remit order list`" }) });
  const gone = show(<Order {...at} />);
  expect((await screen.findByRole("alert")).textContent).toContain("is not known");
  gone.unmount();
  house.now({ "GET /v1/orders/{order}/why": broken });
  show(<Order {...at} />);
  expect((await screen.findByRole("alert")).textContent).toContain("The door does not answer.");
});
