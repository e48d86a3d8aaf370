import { screen, waitFor, within } from "@testing-library/react";
import type { UserEvent } from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { DriftRow, HaltRow, KillRow, Me, Reconciled } from "../../api/schema";
import { api, broken, refused, type Answers } from "../../testing/fake";
import { ANN, HALT, HOUSE, LINE, NOON, page, STATUS } from "../../testing/house";
import { show } from "../../testing/show";
import { keptFrom } from "./causes";
import { meaning } from "./Drifts";
import Halts from "./Halts";
import { KillSwitch } from "./KillSwitch";
import { standing } from "./Venues";

const ENTERED = { seq: 18, at: NOON, events: [] };
const AGREES: Reconciled = {
  connection: "street", account: "main", venue: "paper", ready: true, why: "", clock_skew_ms: 0, reconciled_at: NOON, age_s: 3, silent: 0, shown: "",
  drifts: [], kept: [], unknown: [], halts: [], tolerance: {},
};
const DRIFT: DriftRow = { item: "AAPL", kind: "position", book: "10", venue: "8", difference: "-2", since: NOON, rounds: 2, bucket: "large", why: "" };
const DIFFERS: Reconciled = { ...AGREES, ready: false, why: "book and venue differ: remit reconcile show street", shown: "4be0643f1d98", drifts: [DRIFT], halts: ["H-9-1"] };
const BY_BOOK: HaltRow = { ...HALT, id: "H-9-1", subject: "connection:street", cause: "drift", because: "the venue shows something else than the book", rule: "reconcile", limit: "", actual: "AAPL: book 10, venue 8" };
const KILL: KillRow = {
  halt: "H-20-1", subject: "firm", rule: "kill", at: NOON, connection: "street", venue: "paper", link_up: true, asked: 4, over: 3, working: 1, unknown: 0,
  cancel_all: "waiting", tries: 1, told_at: NOON, answered_at: null, flatten: false, open: 0,
};
const QUIET = {
  ...HOUSE, "GET /v1/reconcile": page(AGREES), "GET /v1/kills": page<KillRow>(), "GET /v1/clients": page(), "GET /v1/orders": page(),
  "GET /v1/connections": page(...STATUS.connections),
  "GET /v1/agents": page({
    name: "rogue", account: "main", owner: "ann", paused: [], halted: [], capabilities: [], connections: ["street"], mandate: 1, clients: [], orders_live: 0,
    orders_today: 0, positions: 0, currency: "USD", pnl: "0", pnl_today: "0",
  }),
} satisfies Answers;
const fill = async (user: UserEvent, field: HTMLElement, text: string): Promise<void> => {
  await user.click(field);
  await user.paste(text);
};
const card = (name: string): HTMLElement => screen.getByRole("article", { name: new RegExp(name) });

describe("what is in force", () => {
  it("says that nothing stops trading, and that book and venues agree", async () => {
    api(QUIET);
    show(<Halts />);
    await screen.findByText("Nothing stops trading");
    await screen.findByText("Book and venue agree.");
    expect(screen.getByText(/asked to buy 8 GOOG/)).toBeTruthy();
  });

  it("shows the limit against the number, and what is left to do", async () => {
    api({ ...QUIET, "GET /v1/halts": page({ ...HALT, unit: "USD", now: "530.4", resume_in_s: 90, age_s: 0 }) });
    show(<Halts />);
    await screen.findByText("It lost more today than it may.");
    const shown = within(card("Agent rogue"));
    expect(shown.getAllByText("528.27")).toHaveLength(1);
    expect(shown.getAllByText("500.00")).toHaveLength(2);
    expect(shown.getByRole("link", { name: "change the limit" }).getAttribute("href")).toBe("/mandates/agent%3Arogue");
    expect(shown.getByText(/Wait for its cooldown/)).toBeTruthy();
  });

  it("says how it stands now where the limit was changed since, before anybody resumes", async () => {
    api({ ...QUIET, "GET /v1/halts": page({ ...HALT, unit: "USD", actual: "501.4512", stands: "464.01", limit_now: "20000", reviewed_by: "ann" }) });
    const { user } = show(<Halts />);
    await screen.findByText("It lost more today than it may.");
    const said = /Limit then500\.00\sUSDWhen it halted501\.46\sUSDNow464\.01\sUSD of 20,000\.00\sUSD/;
    expect(card("Agent rogue").textContent).toMatch(said);
    expect(within(card("Agent rogue")).queryByText("Now, still over")).toBeNull();
    await user.click(screen.getByRole("button", { name: "Resume…" }));
    expect(screen.getByRole("dialog").textContent).toMatch(said);
  });

  it("keeps what it knew when the link breaks", async () => {
    const { now } = api({ ...QUIET, "GET /v1/halts": page(HALT) });
    const { user } = show(<Halts />);
    await screen.findByText("It lost more today than it may.");
    now({ "GET /v1/reconcile": broken, "GET /v1/halts": broken });
    await user.click(screen.getByRole("button", { name: "Ask the venue now" }));
    await waitFor(() => expect(screen.getAllByText(/not fresh/).length).toBe(2));
    expect(screen.getByText("It lost more today than it may.")).toBeTruthy();
  });
});

describe("ending", () => {
  it("reviews at the limit that halted, and only then resumes", async () => {
    const { of, now } = api({ ...QUIET, "GET /v1/halts": page(HALT), "POST /v1/halts/{halt}/review": ENTERED, "POST /v1/halts/{halt}/resume": refused(409, "still_breached", { detail: "it is still breached" }) });
    const { user } = show(<Halts />);
    await user.click(await screen.findByRole("button", { name: "Review…" }));
    now({ "GET /v1/halts": page({ ...HALT, reviewed_by: "ann", review: "the feed was wrong" }) });
    await fill(user, screen.getByLabelText(/What you looked at/), "the feed was wrong");
    await user.click(screen.getByRole("button", { name: "It is reviewed" }));
    await user.click(await screen.findByRole("button", { name: "Resume…" }));
    expect(of("POST /v1/halts/{halt}/review")[0]).toMatchObject({ params: { halt: HALT.id }, body: { limit: "daily_loss_max", why: "the feed was wrong" } });
    await fill(user, screen.getByLabelText("Why it may go on"), "mended");
    await user.click(screen.getByRole("button", { name: "Resume agent rogue" }));
    await screen.findByText("It is still breached.");
  });

  it("is not offered to who may not", async () => {
    api({ ...QUIET, "GET /v1/halts": page(HALT) });
    show(<Halts />, { me: { ...ANN, role: "approver" } });
    await screen.findByText(/An operator ends it/);
    expect(screen.queryByRole("button", { name: "Review…" })).toBeNull();
  });

  it("ends a pause with a reason", async () => {
    const { of } = api({ ...QUIET, "GET /v1/pauses": page({ subject: "agent:rogue", by: "bob", at: NOON, why: "lunch" }), "POST /v1/pauses/{subject}/end": ENTERED });
    const { user } = show(<Halts />);
    await user.click(await screen.findByRole("button", { name: "End the pause…" }));
    await fill(user, screen.getByLabelText("Why it may go on"), "back");
    await user.click(screen.getByRole("button", { name: "End the pause" }));
    await waitFor(() => expect(of("POST /v1/pauses/{subject}/end")[0]).toMatchObject({ params: { subject: "agent:rogue" }, body: { why: "back" } }));
  });
});

const OWNER: Me = { ...ANN, role: "owner", owner: "desk" };
describe("who may end a halt", () => {
  it.each([
    [HALT, ANN, true],
    [HALT, OWNER, true],
    [{ ...HALT, subject: "firm" }, OWNER, false],
    [{ ...HALT, cause: "kill" }, OWNER, false],
    [{ ...HALT, cause: "kill", by_owner: "desk" }, OWNER, true],
    [HALT, { ...ANN, role: "auditor" } as Me, false],
  ])("%#", (halt, me, may) => expect(keptFrom(halt, me) === "").toBe(may));
});

describe("stopping", () => {
  it("pauses or halts whom is chosen", async () => {
    const { of } = api({ ...QUIET, "POST /v1/halts": ENTERED });
    const { user } = show(<Halts />);
    await user.click(await screen.findByRole("button", { name: "Pause or halt…" }));
    await screen.findByRole("option", { name: "Account main" });
    await user.selectOptions(screen.getByLabelText("Whom"), "account:main");
    await user.click(screen.getByRole("radio", { name: /^Halt/ }));
    await fill(user, screen.getByLabelText("Why"), "odd prices");
    await user.click(screen.getByRole("button", { name: "Halt account main" }));
    await waitFor(() => expect(of("POST /v1/halts")[0]?.body).toEqual({ subject: "account:main", why: "odd prices" }));
  });

  it("kills only what was typed, and follows it to each venue", async () => {
    const killed = { ...ENTERED, events: [{ event: "halt_raised", halt: "H-20-1" }] };
    const { of } = api({ ...QUIET, "POST /v1/kills": killed, "GET /v1/kills": page(KILL, { ...KILL, halt: "H-1-1", connection: "other" }) });
    const { user } = show(<KillSwitch />);
    await user.click(screen.getByRole("button", { name: "Kill switch" }));
    await fill(user, await screen.findByLabelText("To confirm, type firm"), "frim");
    await fill(user, screen.getByLabelText("Why"), "drill");
    await user.click(screen.getByRole("button", { name: "Kill the firm" }));
    expect(screen.getByRole("alert").textContent).toContain("Type firm");
    expect(of("POST /v1/kills")).toHaveLength(0);
    await user.clear(screen.getByLabelText("To confirm, type firm"));
    await fill(user, screen.getByLabelText("To confirm, type firm"), "firm");
    await user.click(screen.getByRole("checkbox", { name: /Then close its positions/ }));
    await user.click(screen.getByRole("button", { name: "Kill the firm" }));
    await screen.findByText("3 of 4 orders are over, 1 still at work.", { exact: false });
    expect(of("POST /v1/kills")[0]?.body).toEqual({ subject: "firm", why: "drill", flatten: true });
    expect(screen.getByText("Under way")).toBeTruthy();
    expect(screen.queryByText("other")).toBeNull();
  });

  it("says what it closed, and at what price", async () => {
    const sold = { order: "r1-30", intent: "flatten-H-20-1-29-0", connection: "street", side: "sell", quantity: "41", filled: "41", instrument: "MSFT", agent: "rogue", paid_average: "37.1", state: "filled" };
    const killed = { ...HALT, id: "H-20-1", subject: "firm", cause: "kill", flatten: true };
    api({
      ...QUIET, "GET /v1/halts": page(killed), "GET /v1/kills": page({ ...KILL, flatten: true }),
      "GET /v1/orders": page(sold, { ...sold, order: "r1-31", intent: "rogue-9" }, { ...sold, order: "r1-32", connection: "other" }, { ...sold, order: "r1-33", filled: "0", paid_average: null, state: "rejected" }) as never,
    });
    show(<Halts />);
    const closed = await screen.findByRole("list", { name: "What was closed at street" });
    expect(closed.textContent).toBe("Sold 41 MSFT of rogue at 37.10Sell 41 MSFT of rogue: rejected");
    expect(within(closed).getAllByRole("link")[0]?.getAttribute("href")).toBe("/orders/r1-30");
    expect(card("The firm").textContent).not.toContain("are being closed");
  });

  it("counts what a kill would meet", async () => {
    const rogue = { agent: "rogue", client: "", connection: "street" };
    api({ ...QUIET, "GET /v1/orders": page(rogue, { ...rogue, state: "held" }, { ...rogue, agent: "calm" }) as never });
    const { user } = show(<KillSwitch subject="agent:rogue" />);
    await user.click(screen.getByRole("button", { name: "Kill switch" }));
    expect(await screen.findByText(/order works there now/)).toHaveProperty("textContent", "1 order works there now, 1 waits for people, 0 positions are open.");
  });

  it("is not there for who may stop nothing", () => {
    api(QUIET);
    show(<KillSwitch />, { me: { ...ANN, role: "auditor" } });
    expect(screen.queryByRole("button")).toBeNull();
  });
});

describe("book and venues", () => {
  it.each([
    [AGREES, "Agree"],
    [DIFFERS, "Differs"],
    [{ ...AGREES, drifts: [{ ...DRIFT, bucket: "small" }] }, "Differs a little"],
    [{ ...AGREES, drifts: [{ ...DRIFT, bucket: "in_transit" }] }, "In transit"],
    [{ ...AGREES, silent: 2 }, "No answer"],
    [{ ...AGREES, ready: false, reconciled_at: null, why: "its link is down" }, "Never compared"],
    [{ ...AGREES, unknown: [{ order: "o-1", since: NOON, age_s: 400 }] }, "Orders not known"],
  ] as [Reconciled, string][])("says how a connection stands: %#", (row, word) => expect(standing(row)[1]).toBe(word));

  it("says what each difference means", () => {
    expect(meaning(DRIFT)).toContain("as many AAPL");
    expect(meaning({ ...DRIFT, kind: "order", item: "x-1", book: "0", venue: "1" })).toContain("cancel it there");
    expect(meaning({ ...DRIFT, bucket: "in_transit" })).toContain("under way");
  });

  it("lets an operator say who is right, and ends the halt with it", async () => {
    const { of, sent } = api({
      ...QUIET, "GET /v1/halts": page(BY_BOOK), "GET /v1/reconcile": page(DIFFERS), "POST /v1/reconcile/{connection}/adopt": ENTERED,
      "POST /v1/halts/{halt}/review": ENTERED, "POST /v1/halts/{halt}/resume": ENTERED, "POST /v1/reconcile/{connection}/ask": ENTERED,
    });
    const { user } = show(<Halts />);
    await user.click(await screen.findByRole("button", { name: "Say who is right…" }));
    expect(screen.getByText(/the book goes from/).textContent).toBe("position AAPL: the book goes from 10 to 8");
    await fill(user, screen.getByLabelText("To confirm, type street"), "street");
    await fill(user, screen.getByLabelText(/How you know/), "the statement shows 8");
    await user.click(screen.getByRole("button", { name: "The venue is right" }));
    await waitFor(() => expect(of("POST /v1/reconcile/{connection}/ask")).toHaveLength(1));
    expect(of("POST /v1/reconcile/{connection}/adopt")[0]?.body).toEqual({ truth: "venue", why: "the statement shows 8", shown: "4be0643f1d98" });
    expect(sent.filter(({ call }) => call.startsWith("POST")).map(({ call }) => call.split("/").at(-1))).toEqual(["adopt", "review", "resume", "ask"]);
  });

  it("says where something else differs by now, and goes no further", async () => {
    const { of } = api({ ...QUIET, "GET /v1/reconcile": page(DIFFERS), "POST /v1/reconcile/{connection}/adopt": refused(409, "not_as_shown", { detail: "something else differs by now" }) });
    const { user } = show(<Halts />);
    await user.click(await screen.findByRole("button", { name: "Say who is right…" }));
    await user.click(screen.getByRole("radio", { name: /The book is right/ }));
    await fill(user, screen.getByLabelText("To confirm, type street"), "street");
    await fill(user, screen.getByLabelText(/How you know/), "their page lags");
    await user.click(screen.getByRole("button", { name: "The book is right" }));
    await screen.findByText("Something else differs by now.");
    expect(of("POST /v1/reconcile/{connection}/ask")).toHaveLength(0);
  });
});

describe("history", () => {
  it("tells of differences where they are asked for", async () => {
    const { of } = api({ ...QUIET, "GET /v1/journal": ({ params }) => ({ items: [{ ...LINE, said: `lines of ${params["kind"]}` }], next: null, position: 17 }) });
    const { user } = show(<Halts />);
    await screen.findByText("lines of halt");
    await user.selectOptions(screen.getByLabelText("Of"), "drift");
    await screen.findByText("lines of drift");
    expect(of("GET /v1/journal")[0]?.params["latest"]).toBe("true");
  });
});
