import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import type { AgentRow, ConnectionRow, Effective, OrderRow, Position, RuleRow } from "../../api/schema";
import { api, broken, silent, type Answers } from "../../testing/fake";
import { ANN, GAUGE, HALT, HOUSE, LINE, NOON, STATUS, page } from "../../testing/house";
import { show } from "../../testing/show";
import Agent from "./Agent";
import Agents from "./Agents";
import { answerOf, type Facts } from "./hurt";

const AGENT: AgentRow = {
  name: "momentum", account: "main", owner: "ann", paused: [], halted: [], capabilities: ["place_order"], connections: ["street"], mandate: 1, clients: [], orders_live: 1,
  orders_today: 3, positions: 1, currency: "USD", pnl: "-12", pnl_today: "-12",
};
const limit = (name: string, value: string): Effective["limits"][number] => ({ limit: name, effective: value, unit: "USD", per: "total", from: [{ subject: "agent:momentum", value }], decides: ["agent:momentum"] });
const EFFECTIVE: Effective = {
  path: ["firm", "account:main", "agent:momentum"], missing: [], terms: [],
  limits: [limit("daily_loss_max", "500"), limit("order_notional_max", "4000"), limit("capital_max", "15000"), limit("order_rate_max", "60 per 60 s"), limit("position_duplicate", "blocked")],
};
const RULE: RuleRow = {
  rule: "daily_loss_max", title: "daily loss", kind: "limit", group: "Losses", plain: "A loss of more than {limit} in a day stops trading.", measures: "", exactly: "", asked_of: "", on_breach: "", only: [],
  per: "total", unit: "money", scopes: ["agent"], input: "money", low: null, high: null, choices: [], default: null, unset: "", together: "", doc: "",
};
const STREET: ConnectionRow = { name: "street", account: "main", venue: "paper", environment: "training", fee_bps: 0, ready: true, why: "", clock_skew_ms: 0, dead_man: "" };
const HELD: Position = {
  subject: "agent:momentum", connection: "street", instrument: "MSFT", market: "MSFT", quantity: "10", currency: "USD", cost: "270", cost_average: "27", mark: "25.82", value: "258.2",
  unrealised: "-12", realised: "0", fees: "0", buying: "0", selling: "0", orders: 0, confirmed: "10", protection: "none",
};
const ORDER: OrderRow = {
  order: "r1-7", intent: "i", agent: "momentum", client: "", connection: "street", instrument: "MSFT", side: "buy", type: "limit", quantity: "4", filled: "0", limit_price: "20", worst_price: "20",
  paid_average: null, time_in_force: "day", exit: "", state: "acked", opening: true, worth: "80", currency: "USD", at: NOON, changed_at: NOON,
};
const ANSWERS: Answers = {
  ...HOUSE,
  "GET /v1/agents": page(AGENT), "GET /v1/agents/{agent}": AGENT, "GET /v1/clients": page(), "GET /v1/connections": page(STREET, { ...STREET, name: "gold", environment: "live" }),
  "GET /v1/capabilities": page({ agent: "momentum", capability: "place_order", enabled: true }, { agent: "momentum", capability: "replace_order", enabled: false }),
  "GET /v1/mandates/effective": EFFECTIVE, "GET /v1/mandates": page(), "GET /v1/rules": page(RULE), "GET /v1/orders": page(ORDER), "GET /v1/kills": page(),
  "GET /v1/positions": { ...HOUSE["GET /v1/positions"], positions: [HELD] }, "GET /v1/journal": { items: [LINE], next: null, position: 17 },
};
const ENTERED = { seq: 1, at: NOON, events: [] };
const point = (name: string) => within(screen.getByRole("region", { name }));

it("lists agents and how each stands", async () => {
  api({ ...ANSWERS, "GET /v1/agents": page(AGENT, { ...AGENT, name: "rogue", halted: ["H-1"] }, { ...AGENT, name: "new", mandate: null }) });
  show(<Agents />);
  const row = await screen.findByRole("row", { name: /^momentum/ });
  expect(row.textContent).toMatch(/May trade.*street.*−12\.00/);
  expect(screen.getByRole("row", { name: /^rogue/ }).textContent).toMatch(/Halted/);
  expect(screen.getByRole("row", { name: /^new/ }).textContent).toMatch(/No mandate/);
});

it("says whether it can hurt, what is out there, and what would stop an order, each with its fact", async () => {
  api(ANSWERS);
  show(<Agent params={{ agent: "momentum" }} />);
  await screen.findByText(/Not with real money. Orders of momentum that keep within its limits reach street/);
  const hurt = screen.getByRole("region", { name: "Can this agent hurt me?" });
  expect(hurt.textContent).toMatch(/1 order of it is at a broker.*orders.*It holds 1 position, worth 258\.2 USD.*Of these, 1 has no stop that is watched: MSFT/);
  await waitFor(() => expect(hurt.textContent).toMatch(/A loss of more than 500 USD in a day stops trading\..*daily_loss_max/));
  await screen.findByText(/Agent momentum asked to buy/);
  expect(point("Its mandate, today").getByRole("meter", { name: "Capital in use" })).toBeTruthy();
});

it("switches a capability off at once, and one that trades on after asking", async () => {
  const { of } = api({ ...ANSWERS, "PUT /v1/agents/{agent}/capabilities/{capability}": ENTERED });
  const { user } = show(<Agent params={{ agent: "momentum" }} />);
  const call = "PUT /v1/agents/{agent}/capabilities/{capability}";
  await user.click(await screen.findByRole("switch", { name: /, place_order/, checked: true }));
  await waitFor(() => expect(of(call)[0]).toMatchObject({ path: "/v1/agents/momentum/capabilities/place_order", body: { enabled: false } }));
  await user.click(screen.getByRole("switch", { name: /replace_order/, checked: false }));
  expect(of(call)).toHaveLength(1);
  await user.click(screen.getByRole("button", { name: "Switch it on" }));
  await waitFor(() => expect(of(call)[1]).toMatchObject({ path: "/v1/agents/momentum/capabilities/replace_order", body: { enabled: true } }));
});

it("ends a grant, and warns of real money where one is given", async () => {
  const { of } = api({ ...ANSWERS, "DELETE /v1/grants/{agent}/{connection}": ENTERED });
  const { user } = show(<Agent params={{ agent: "momentum" }} />);
  await user.click(await screen.findByRole("button", { name: "Grant gold" }));
  screen.getByText("with real money");
  await user.click(screen.getByRole("button", { name: "Cancel" }));
  await user.click(screen.getByRole("button", { name: "End the grant of street" }));
  await user.click(screen.getByRole("button", { name: "End the grant" }));
  await waitFor(() => expect(of("DELETE /v1/grants/{agent}/{connection}")[0]?.path).toBe("/v1/grants/momentum/street"));
});

it("pauses it, with itself chosen", async () => {
  const { of } = api({ ...ANSWERS, "POST /v1/pauses": ENTERED });
  const { user } = show(<Agent params={{ agent: "momentum" }} />);
  await user.click(await screen.findByRole("button", { name: "Pause or halt…" }));
  await user.type(screen.getByLabelText("Why"), "a look");
  await user.click(screen.getByRole("button", { name: "Pause agent momentum" }));
  await waitFor(() => expect(of("POST /v1/pauses")[0]?.body).toEqual({ subject: "agent:momentum", why: "a look" }));
});

it("shows a halt with its review, and only its own", async () => {
  const halt = { ...HALT, subject: "agent:momentum" };
  api({ ...ANSWERS, "GET /v1/agents/{agent}": { ...AGENT, halted: [halt.id] }, "GET /v1/halts": page(halt, { ...HALT, id: "H-9" }), "GET /v1/status": { ...STATUS, halts: [halt] } });
  show(<Agent params={{ agent: "momentum" }} />);
  const stopped = await screen.findByRole("region", { name: "What stops it" });
  await within(stopped).findByRole("button", { name: "Review…" });
  expect(within(stopped).getAllByRole("article")).toHaveLength(1);
  await screen.findByText(/Hardly. Nothing of momentum that adds risk/);
});

it("lets who may not change it look only", async () => {
  api(ANSWERS);
  show(<Agent params={{ agent: "momentum" }} />, { me: { ...ANN, role: "auditor" } });
  expect((await screen.findByRole("switch", { name: /, place_order/ })).hasAttribute("disabled")).toBe(true);
  for (const name of [/Grant/, /End/, /Pause/, /Kill/, /Cancel/]) expect(screen.queryByRole("button", { name })).toBeNull();
});

it.each([["loads", silent, "Loading"], ["is disconnected", broken, "The door does not answer."]] as const)("says that it %s", async (_, answer, words) => {
  api({ ...ANSWERS, "GET /v1/agents": answer, "GET /v1/agents/{agent}": answer, "GET /v1/journal": answer });
  show(<><Agents /><Agent params={{ agent: "momentum" }} /></>);
  await waitFor(() => expect(screen.getAllByText(words)).toHaveLength(3));
});

it("says where to begin without an agent", async () => {
  api({ ...ANSWERS, "GET /v1/agents": page() });
  show(<Agents />);
  await screen.findByText(/No agent yet/);
});

// What the answer is made of

const FACTS: Facts = { agent: AGENT, status: { ...STATUS, connections: [STREET] }, effective: EFFECTIVE, gauges: [GAUGE], mandates: [], orders: [], positions: [] };
const PAUSE = { subject: "account:main", by: "ann", at: NOON, why: "" };
const LIVE = { ...STREET, environment: "live" as const };
const DRIFT = { ...HALT, subject: "connection:street", cause: "drift", because: "the venue shows something else than the book", rule: "reconcile" };

it.each<[string, Partial<Facts>, string, RegExp[]]>([
  ["it trades in training", {}, "training", []],
  ["one connection is live", { status: { ...FACTS.status, connections: [LIVE] } }, "real", []],
  ["place_order is off", { agent: { ...AGENT, capabilities: [] } }, "nothing", [/capability place_order/]],
  ["place_order is off, and orders that work may be changed", { agent: { ...AGENT, capabilities: ["replace_order"] }, orders: [ORDER] }, "reducing", [/capability place_order/]],
  ["nothing is granted", { agent: { ...AGENT, connections: [] } }, "nothing", [/grants/]],
  ["its account is paused", { status: { ...FACTS.status, pauses: [PAUSE] } }, "nothing", [/pause of account:main/]],
  ["a loss halted it", { status: { ...FACTS.status, halts: [{ ...HALT, subject: "firm" }] } }, "reducing", [/halt H-498-1/]],
  ["a person killed it", { status: { ...FACTS.status, halts: [{ ...HALT, subject: "agent:momentum", cause: "kill" }] } }, "nothing", [/halt H-498-1/]],
  ["another is halted", { status: { ...FACTS.status, halts: [HALT] } }, "training", []],
  ["its connection is halted for drift", { status: { ...FACTS.status, halts: [DRIFT] } }, "nothing", []],
  ["its connection is not ready", { status: { ...FACTS.status, connections: [{ ...STREET, ready: false, why: "not reconciled" }] } }, "reducing", []],
  ["a mandate is missing", { effective: { ...EFFECTIVE, missing: ["firm"] } }, "nothing", [/mandate_present/]],
  ["a mandate has lapsed", { mandates: [{ subject: "agent:momentum", number: 1, mandate: null, in_force: false, currency: "USD" }] }, "nothing", [/mandate_present/]],
  ["no price is to be trusted", { status: { ...FACTS.status, unfit: [{ instrument: "MSFT", reason: "quiet", since: 1, why: "" }] } }, "reducing", [/mark_fresh/]],
  ["one price of several is not", { status: { ...FACTS.status, instruments: 2, unfit: [{ instrument: "MSFT", reason: "quiet", since: 1, why: "" }] } }, "training", []],
  ["a limit is exceeded", { status: { ...FACTS.status, levels: [{ subject: "agent:momentum", rule: "capital_max", per: "total", of: "", level: "over" }] } }, "reducing", [/capital_max of agent:momentum/]],
])("answers where %s", (_, more, verdict, stops) => {
  const answer = answerOf({ ...FACTS, ...more });
  expect(answer.verdict).toBe(verdict);
  expect(answer.stops).toHaveLength(stops.length);
  stops.forEach((fact, index) => expect(answer.stops[index]?.fact).toMatch(fact));
});

it("says what no limit bounds", () => {
  const { gaps } = answerOf({ ...FACTS, effective: { ...EFFECTIVE, limits: [limit("capital_max", "1")] } });
  expect(gaps.map(({ fact }) => fact)).toEqual(["no daily_loss_max, no drawdown_max", "no order_notional_max, no order_quantity_max", "no order_rate_max, no orders_per_day_max, no message_rate_max"]);
});
