import { screen, waitFor, within } from "@testing-library/react";
import type { UserEvent } from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import type { AgentRow, Decided, InstrumentRow, MandateRow, OrderShown, Preset } from "../../api/schema";
import { api, refused, type Answers } from "../../testing/fake";
import { ANN, HOUSE, NOON, page, STATUS } from "../../testing/house";
import { show } from "../../testing/show";
import { COUNT, LOSS, ORDER, RATE } from "../limits/fixtures";
import { free } from "./Connect";
import Start from "./Start";

const ENTERED = { seq: 18, at: NOON, events: [] };
const STARTER: Preset = {
  preset: "starter", purpose: "A first account with one or a few small agents.", needs: [],
  settings: [
    { scope: "agent", field: "order_notional_max", value: "100", where: "both" }, { scope: "agent", field: "order_rate_max", value: { count: 10, per_s: 60 }, where: "both" },
    { scope: "account", field: "daily_loss_max", value: "500", where: "live" },
  ],
};
const DESK: Preset = { preset: "institutional", purpose: "A firm's desk.", needs: ["blocked", "calendar"], settings: [] };
const bare = (subject: string): MandateRow => ({ subject, number: null, mandate: null, in_force: false, currency: "USD" });
const limited = (subject: string): MandateRow => ({ ...bare(subject), number: 1, mandate: {}, in_force: true });
const AGENT: AgentRow = {
  name: "momentum", account: "main", owner: "ann", paused: [], halted: [], capabilities: ["place_order"], connections: ["street"], mandate: 1, clients: [], orders_live: 0,
  orders_today: 0, positions: 0, currency: "USD", pnl: "0", pnl_today: "0",
};
/** Where nothing was set up yet. */
const EMPTY = {
  ...HOUSE, "GET /v1/status": { ...STATUS, currency: "", connections: [] }, "GET /v1/accounts": page(), "GET /v1/mandates": page(), "GET /v1/connections": page(), "GET /v1/agents": page(),
  "GET /v1/orders": page(), "GET /v1/instruments": page(), "GET /v1/presets": page(STARTER, DESK), "GET /v1/rules": page(ORDER, LOSS, RATE, COUNT),
  "POST /v1/firm": ENTERED, "POST /v1/accounts": ENTERED, "POST /v1/connections": ENTERED, "POST /v1/agents": ENTERED, "PUT /v1/grants/{agent}/{connection}": ENTERED,
  "PUT /v1/agents/{agent}/capabilities/{capability}": ENTERED, "PUT /v1/mandates/{subject}": ENTERED,
  "POST /v1/mandates/draft": ({ body }) => Object.fromEntries((body?.subjects ?? []).map((subject) => [subject, { order_notional_max: "100" }])),
  "GET /v1/mandates/{subject}": ({ params }) => bare(params["subject"] ?? ""),
  "POST /v1/tokens": { token: "T-9", secret: "remit_agent_once", seq: 19, at: NOON },
} satisfies Answers;
/** Where everything stands but a denial. */
const FULL = {
  ...EMPTY, "GET /v1/status": STATUS, "GET /v1/accounts": HOUSE["GET /v1/accounts"], "GET /v1/mandates": page(limited("firm"), limited("account:main"), limited("agent:momentum")),
  "GET /v1/connections": page(...STATUS.connections), "GET /v1/agents": page(AGENT), "GET /v1/mandates/{subject}": ({ params }) => limited(params["subject"] ?? ""),
} satisfies Answers;
const posted = (sent: { call: string }[]): string[] => sent.filter(({ call }) => !call.startsWith("GET") && !call.endsWith("draft")).map(({ call }) => call);
const fill = async (user: UserEvent, field: HTMLElement, text: string): Promise<void> => {
  await user.clear(field);
  await user.click(field);
  await user.paste(text);
};
const open = (user: UserEvent, number: number): Promise<void> => screen.findByRole("button", { name: new RegExp(`Open step ${number}`) }).then((button) => user.click(button));

describe("the start", () => {
  it("says what each preset means in words and numbers, and what one still needs", async () => {
    api(EMPTY);
    show(<Start />);
    const card = (await screen.findByText("A first account with one or a few small agents.")).closest("label") as HTMLElement;
    await waitFor(() => expect(within(card).getAllByRole("listitem").map(({ textContent }) => textContent)).toEqual(["One order may open at most 100 USD.", "A loss of more than 500 USD in a day stops trading. Only where money is live."]));
    screen.getByText(/Amounts are shown in USD, and count in the currency that you choose/);
    screen.getByText("A firm's desk");
    expect(screen.getByText(/It needs a block-list and the hours of an exchange of yours/)).toBeTruthy();
  });

  it("asks for what a preset needs, and drafts with it", async () => {
    const { of } = api({ ...EMPTY, "GET /v1/accounts": HOUSE["GET /v1/accounts"], "GET /v1/mandates": page(bare("firm")) });
    const { user } = show(<Start />);
    await user.click(await screen.findByRole("radio", { name: /institutional/ }));
    await fill(user, screen.getByLabelText("When positions may be opened"), "mon-fri 9-5");
    await user.click(screen.getByRole("button", { name: "Publish institutional" }));
    screen.getByText("Write it like America/New_York mon-fri 09:30-16:00.");
    expect(of("POST /v1/mandates/draft")).toEqual([]);
    await fill(user, screen.getByLabelText("When positions may be opened"), "Europe/Berlin mon-fri 09:00-17:30");
    await fill(user, screen.getByLabelText("What nobody may trade"), "GME, AMC");
    await user.click(screen.getByRole("button", { name: "Publish institutional" }));
    await waitFor(() => expect(of("POST /v1/mandates/draft")[0]?.body).toEqual({ preset: "institutional", subjects: ["firm"], calendar: "Europe/Berlin@mon-fri@09:00-17:30", blocked: ["GME", "AMC"] }));
  });

  it("lets every step be skipped", async () => {
    const { sent } = api(EMPTY);
    const { user } = show(<Start />);
    for (let step = 1; step <= 4; step++) await user.click(await screen.findByRole("button", { name: "Skip this step" }));
    expect(screen.queryByRole("button", { name: "Skip this step" })).toBeNull();
    expect(posted(sent)).toEqual([]);
  });

  it("says what is there already, and opens what is not", async () => {
    api(FULL);
    show(<Start />);
    await screen.findByText("In force for the firm, account main, agent momentum.");
    screen.getByText("Connected: street of account main.");
    await screen.findByRole("button", { name: "Send an order that is far too large" });
    expect(screen.getAllByText("Done")).toHaveLength(3);
  });

  it("tells who is no operator that they can only look", async () => {
    api(FULL);
    show(<Start />, { me: { ...ANN, role: "approver" } });
    await screen.findByText(/An operator sets this up/);
  });
});

describe("limits", () => {
  it("are published for who has none, against the version that was seen", async () => {
    const { of } = api({ ...FULL, "GET /v1/mandates": page(limited("firm"), bare("agent:momentum")), "GET /v1/mandates/{subject}": ({ params }) => bare(params["subject"] ?? "") });
    const { user } = show(<Start />);
    await user.click(await screen.findByRole("button", { name: "Publish starter" }));
    await waitFor(() => expect(of("PUT /v1/mandates/{subject}")).toHaveLength(1));
    expect(of("PUT /v1/mandates/{subject}")[0]).toMatchObject({ params: { subject: "agent:momentum" }, body: { preset: "starter", mandate: { order_notional_max: "100" } } });
  });
});

describe("paper", () => {
  it("makes the firm, an account and a connection, with limits", async () => {
    const { sent, of } = api(EMPTY);
    const { user } = show(<Start />);
    await open(user, 2);
    await user.click(await screen.findByRole("button", { name: "Connect paper" }));
    await waitFor(() => expect(of("PUT /v1/mandates/{subject}")).toHaveLength(2));
    expect(posted(sent).slice(0, 3)).toEqual(["POST /v1/firm", "POST /v1/accounts", "POST /v1/connections"]);
    expect(of("POST /v1/accounts")[0]?.body).toEqual({ name: "desk", owner: "ann", environment: "training", currency: "USD" });
    expect(of("POST /v1/connections")[0]?.body).toEqual({ name: "paper1", account: "desk", venue: "paper", environment: "training" });
  });

  it("adds to what is there, and leaves it as it is", async () => {
    const { sent } = api(FULL);
    const { user } = show(<Start />);
    await open(user, 2);
    await user.click(await screen.findByRole("button", { name: "Connect paper" }));
    await waitFor(() => expect(posted(sent)).toEqual(["POST /v1/connections"]));
  });

  it("finds a free name", () => expect([free([]), free(["paper1", "paper3"])]).toEqual(["paper1", "paper2"]));
});

describe("an agent", () => {
  it("is added with what it needs, and its token is shown once", async () => {
    const { sent, of, now } = api({ ...FULL, "GET /v1/agents": page(), "GET /v1/mandates/{subject}": ({ params }) => bare(params["subject"] ?? "") });
    const { user } = show(<Start />);
    await fill(user, await screen.findByLabelText("Name of the agent"), "reversion");
    now({ "GET /v1/agents": page() });
    await user.click(screen.getByRole("button", { name: "Add the agent" }));
    expect(await screen.findByLabelText("The token of reversion")).toHaveProperty("value", "remit_agent_once");
    expect(posted(sent)).toEqual([
      "POST /v1/agents", "PUT /v1/grants/{agent}/{connection}", "PUT /v1/agents/{agent}/capabilities/{capability}", "PUT /v1/mandates/{subject}", "POST /v1/tokens",
    ]);
    expect(of("POST /v1/tokens")[0]?.body).toEqual({ role: "agent", name: "reversion", owner: "ann" });
    now({ "GET /v1/agents": page({ ...AGENT, name: "reversion" }) });
    await open(user, 4);
    await open(user, 3);
    expect(screen.getByLabelText("The token of reversion")).toBeTruthy(); // it does not go by itself
  });

  const added = async (instruments: { items: InstrumentRow[]; next: null }) => {
    const asked = api({ ...FULL, "GET /v1/agents": page(), "GET /v1/instruments": instruments, "POST /v1/instruments": ENTERED, "POST /v1/marks": { taken: true } });
    const { user } = show(<Start />);
    await fill(user, await screen.findByLabelText("Name of the agent"), "reversion");
    await user.click(screen.getByRole("button", { name: "Add the agent" }));
    return { ...asked, user };
  };

  it("gets a command that works in this house as it stands: what has a price, and the whole token by Copy", async () => {
    const priced = (name: string, last: string | null): InstrumentRow =>
      ({ name, kind: "equity", venue: "paper", currency: "USD", category: "technology", tick: "0.01", lot: "1", market: "open", trading: "open", last, unfit: "" });
    const { user } = await added(page(priced("NONE", null), priced("GOOG", "417"), priced("INTC", "38.5")));
    const command = await screen.findByLabelText("Send one order");
    await user.click(screen.getByRole("button", { name: "Copy: Send one order" }));
    const copied = await navigator.clipboard.readText();
    expect(copied).toBe(command.textContent);
    expect(copied).toContain("export REMIT_TOKEN=remit_agent_once\n");
    expect(copied).toContain(`'{"instrument":"INTC","side":"buy","quantity":"1","confidence":"0.8"}'`);
  });

  it("gets it once the connection was compared with the venue, since every order before is denied", async () => {
    const { now } = await added(page());
    now({ "GET /v1/connections": page(...STATUS.connections.map((one) => ({ ...one, ready: false }))) });
    await screen.findByText(/still compared with the venue/, {}, { timeout: 5000 });
    now({ "GET /v1/connections": page(...STATUS.connections) });
    await screen.findByRole("button", { name: /Give PRACTICE a price/ }, { timeout: 5000 });
  });

  it("gets one of an instrument to practise with where no prices come in, once it has one", async () => {
    const { user, of } = await added(page());
    await user.click(await screen.findByRole("button", { name: /Give PRACTICE a price/ }));
    expect((await screen.findByLabelText("Send one order")).textContent).toContain('"instrument":"PRACTICE"');
    expect(of("POST /v1/instruments")).toHaveLength(1);
    expect(of("POST /v1/marks")[0]?.body).toMatchObject({ marks: [{ instrument: "PRACTICE", bid: "9.99", ask: "10.01", last: "10" }] });
  });

  it("goes on where it was refused, and does nothing twice", async () => {
    const { sent, now } = api({ ...FULL, "GET /v1/agents": page(), "POST /v1/tokens": refused(403, "not_authorised", { detail: "an owner may not" }) });
    const { user } = show(<Start />);
    await fill(user, await screen.findByLabelText("Name of the agent"), "momentum");
    await user.click(screen.getByRole("button", { name: "Add the agent" }));
    await screen.findByText("An owner may not.");
    const before = posted(sent).length;
    now({ "GET /v1/agents": page(AGENT), "POST /v1/tokens": EMPTY["POST /v1/tokens"] });
    await user.click(screen.getByRole("button", { name: "Add the agent" }));
    await screen.findByLabelText("The token of momentum");
    expect(posted(sent).slice(before)).toEqual(["POST /v1/tokens"]);
  });
});

const DECIDED: Decided = { verdict: "deny", order: null, seq: null, at: null, repeated: false, preview: true, until: null, decision: {} as Decided["decision"] };
const WHY = {
  order: "r1-9", verdict: "deny", worth: "101000000", currency: "USD",
  findings: [
    { rule: "buying_power", subject: "order", limit: "100000", actual: "101000000", unit: "USD", verdict: "deny", retry_after_s: null, plain: "It needs 101,000,000 USD of free cash; there is 100,000 USD.", sentence: "The cost must fit." },
    { rule: "order_notional_max", subject: "agent:momentum", limit: "100", actual: "101000000", unit: "USD", verdict: "deny", retry_after_s: null, plain: "One order may open at most 100 USD (agent momentum); this one opens 101,000,000 USD.", sentence: "" },
  ],
} as unknown as OrderShown;

const sendIt = async (user: UserEvent): Promise<void> => {
  const button = await screen.findByRole("button", { name: "Send an order that is far too large" });
  await waitFor(() => expect(button.getAttribute("aria-busy")).toBeNull());
  await user.click(button);
};

describe("the first denial", () => {
  it("is tried first, then sent, and every rule in its way is told, people's own first", async () => {
    const { of, sent } = api({
      ...FULL, "POST /v1/instruments": ENTERED, "POST /v1/marks": { taken: true }, "GET /v1/orders/{order}/why": WHY,
      "POST /v1/orders": ({ params }) => (params["preview"] ? DECIDED : { ...DECIDED, order: "r1-9", preview: false }),
    });
    const { user } = show(<Start />);
    await sendIt(user);
    await screen.findByText("2 rules stand in its way:", { exact: false });
    const found = screen.getAllByRole("listitem").map(({ textContent }) => textContent ?? "");
    expect(found[0]).toContain("One order may open at most 100 USD (agent momentum); this one opens 101,000,000 USD.");
    expect(found[1]).toContain("It needs 101,000,000 USD of free cash; there is 100,000 USD.");
    expect(posted(sent)).toEqual(["POST /v1/instruments", "POST /v1/marks", "POST /v1/orders", "POST /v1/orders"]);
    expect(of("POST /v1/orders").map(({ params }) => params["preview"])).toEqual(["true", undefined]);
    expect(screen.getByRole("link", { name: "See its whole story" }).getAttribute("href")).toBe("/orders/r1-9");
  });

  it("sends nothing that would not be denied", async () => {
    const { of } = api({ ...FULL, "POST /v1/instruments": ENTERED, "POST /v1/marks": { taken: true }, "POST /v1/orders": { ...DECIDED, verdict: "hold" } });
    const { user } = show(<Start />);
    await sendIt(user);
    await screen.findByText(/It would not be denied but held for a person, so it was not sent/);
    expect(of("POST /v1/orders")).toHaveLength(1);
  });
});
