import { act, screen, waitFor, within } from "@testing-library/react";
import { encode } from "uqr";
import { describe, expect, it, vi } from "vitest";
import type { AgentRow, Budget, ChannelRow, ModelCall, PersonRow, Reconciled, TokenRow } from "../../api/schema";
import { milliseconds } from "../../api/time";
import { type Answers, api, refused } from "../../testing/fake";
import { ANN, HOUSE, NOON, STATUS, page } from "../../testing/house";
import { show } from "../../testing/show";
import Settings from "./Settings";

const SECOND = 1_000_000_000;
const CONNECTION = STATUS.connections[0] ?? (undefined as never);
const AGREED: Reconciled = {
  connection: "street", account: "main", venue: "paper", ready: true, why: "", clock_skew_ms: 0, reconciled_at: NOON - 5 * SECOND, age_s: 5, silent: 0, shown: "", drifts: [],
  kept: [], unknown: [], halts: [],
  tolerance: { window_s: 120, floor: "1", share_bps: 10, rounds: 3, unknown_age_max_s: 300, unknown_count_max: 20, dead_man_s: 60, silent_rounds: 3 },
};
const TOKEN: TokenRow = {
  token: "T-1f2e", prefix: "aB3xY9", role: "agent", name: "momentum", owner: "ann", state: "valid", issued_at: NOON, expires_at: null, last_use: NOON - 60 * SECOND, session: false,
  replaces: "", parent: "",
};
const CHANNEL: ChannelRow = { name: "desk", how: "webhook", where: "hooks.example.com", kinds: ["halts", "approvals"], dry: false, created_at: NOON };
const BUDGET: Budget = {
  subject: "account:main", rule: "ai_spend_daily_max", currency: "USD", spent: null, known: "1.25", unpriced: 1, limit: "50", left: null, holds: false, zone: "UTC", rolls_in_s: 7200,
};
const AGENT: AgentRow = {
  name: "momentum", account: "main", owner: "ann", paused: [], halted: [], capabilities: [], connections: ["street"], mandate: 1, clients: [], orders_live: 0, orders_today: 0, positions: 0,
  currency: "USD", pnl: "0", pnl_today: "0",
};
const CALL: ModelCall = { id: "call-1", agent: "momentum", client: "", provider: "openai", model: "new-one", state: "unpriced", cost_usd: null, amount: null, seq: 9, at: NOON };
const BOB: PersonRow = { name: "bob", role: "approver", owner: "bob", disabled: false, known: true, tokens: 2, password: true, totp: true, passkeys: [{ id: "K1", name: "phone" }] };

const PARTS: Answers = {
  ...HOUSE,
  "GET /v1/connections": page(CONNECTION), "GET /v1/reconcile": page(AGREED), "GET /v1/tokens": page(TOKEN, { ...TOKEN, token: "T-2", prefix: "sess10", session: true, name: "ann", role: "operator" }),
  "GET /v1/agents": page(), "GET /v1/clients": page(), "GET /v1/people": page(BOB), "GET /v1/proposals": page(), "GET /v1/mandates": page(), "GET /v1/rules": page(),
  "GET /v1/channels": page(CHANNEL), "GET /v1/deliveries": page(), "GET /v1/callbacks": page(), "GET /v1/notifications": { position: 9, channels: 1, waiting: 0, overdue: [] },
  "GET /v1/budgets": { budgets: [BUDGET], calls: [CALL], left_out: 0, over: null },
};

const opened = (part: string, answers: Answers = {}, me = ANN) => {
  vi.setSystemTime(milliseconds(NOON));
  const asked = api({ ...PARTS, "GET /v1/session": me, ...answers });
  return { ...asked, ...show(<Settings />, { at: `/settings?part=${part}`, me }) };
};
const told = (): string => document.body.textContent?.replaceAll("\u00a0", " ") ?? "";

it("leads from a budget to the field of the mandate that sets it", async () => {
  opened("budgets", { "GET /v1/budgets": { budgets: [BUDGET, { ...BUDGET, subject: "client:claude", rule: "client_spend_daily_max", spent: "0", known: "0", unpriced: 0, limit: null, holds: true }], calls: [], left_out: 0, over: null } });
  expect((await screen.findByRole("link", { name: "Change of account main" })).getAttribute("href")).toBe("/mandates/account%3Amain?limit=ai_spend_daily_max");
  expect(screen.getByRole("link", { name: "Set a budget of client claude" }).getAttribute("href")).toBe("/mandates/client%3Aclaude?limit=client_spend_daily_max");
});

it("gives the command that adds a chat, with what was chosen in it", async () => {
  const { user } = opened("notifications");
  await user.click(await screen.findByRole("button", { name: "Add a chat or mail…" }));
  const box = within(screen.getByRole("dialog", { name: "Add a chat or mail" }));
  await user.selectOptions(box.getByLabelText("Where"), "mail");
  await user.click(box.getByRole("checkbox", { name: "drift" }));
  expect(box.getByLabelText("Add the channel").textContent).toBe("remit notify add mail - --kind halts --kind approvals --kind alarms --kind limits --kind summary");
  await user.click(box.getByRole("button", { name: "Copy: Add the channel" }));
  await box.findByText("Copied.");
  await user.clear(box.getByLabelText("Name"));
  await user.type(box.getByLabelText("Name"), CHANNEL.name);
  expect(box.queryByLabelText("Add the channel")).toBeNull();
  box.getByText("There is one of this name.");
});

it("connects an account to paper", async () => {
  const { user, of } = opened("connections", { "GET /v1/agents": page(AGENT), "GET /v1/accounts": HOUSE["GET /v1/accounts"], "POST /v1/connections": { seq: 1, at: NOON, events: [] } });
  await user.click(await screen.findByRole("button", { name: "Connect an account…" }));
  const box = within(screen.getByRole("dialog"));
  await box.findByRole("option", { name: "main, USD" });
  await user.click(box.getByRole("button", { name: "Connect it" }));
  await waitFor(() => expect(of("POST /v1/connections")[0]?.body).toEqual({ name: "paper1", account: "main", venue: "paper", environment: "training", fee_bps: 0 }));
  expect(screen.getByLabelText("Exchange the key of street").textContent).toBe('remit vault rotate street --why "a new key"');
  expect(screen.getByLabelText("Exchange the key of momentum").textContent).toBe('remit vault rotate street --agent momentum --why "a new key"');
});

it("has an address for each part, and arrows to go from one to the next", async () => {
  const { user } = opened("none-such");
  await screen.findByText("Ready");
  screen.getByRole("tab", { name: "Connections", selected: true }).focus();
  await user.keyboard("{ArrowRight}");
  await screen.findByRole("tab", { name: "Tokens", selected: true });
  expect(location.search).toBe("?part=tokens");
});

describe("connections", () => {
  it("say what is missing where one is not ready", async () => {
    opened("connections", { "GET /v1/connections": page({ ...CONNECTION, ready: false, why: "the link is down" }) });
    await screen.findByText("Not ready");
    expect(told()).toContain("The link is down. Nothing opens through it meanwhile.");
  });

  it("take a tolerance as a whole, and no nonsense", async () => {
    const call = "PUT /v1/connections/{connection}/tolerance";
    const { user, of } = opened("connections", { [call]: { seq: 1, at: NOON, events: [] } });
    await user.click(await screen.findByRole("button", { name: "Change…" }));
    const rounds = screen.getByLabelText("Rounds that a difference may last");
    await user.clear(rounds);
    await user.type(rounds, "many");
    await user.type(screen.getByLabelText("Why"), "slow venue");
    await user.click(screen.getByRole("button", { name: "Set it" }));
    await screen.findByText("A whole number from 1 to 1000.");
    expect(of(call)).toEqual([]);
    await user.clear(rounds);
    await user.type(rounds, "5");
    await user.click(screen.getByRole("button", { name: "Set it" }));
    await waitFor(() => expect(of(call)[0]?.body).toEqual({ tolerance: { ...AGREED.tolerance, rounds: 5 }, why: "slow venue" }));
  });
});

describe("tokens", () => {
  it("are told by their first characters, sessions only when asked for", async () => {
    const { user } = opened("tokens");
    await screen.findByText("aB3xY9…");
    expect(told()).toContain("1 min ago");
    expect(screen.queryByText("sess10…")).toBeNull();
    await user.click(screen.getByLabelText("Sessions and those that are over, too"));
    await screen.findByText("sess10…");
  });

  it("are issued with the owner that stands behind, shown once", async () => {
    const agent = { name: "momentum", owner: "desk" } as never;
    const { user, of } = opened("tokens", { "GET /v1/agents": page(agent), "POST /v1/tokens": { token: "T-3", secret: "remit_agent_secret", seq: 1, at: NOON } });
    await user.click(await screen.findByRole("button", { name: "Issue a token" }));
    await user.selectOptions(screen.getByLabelText("Name"), await screen.findByRole("option", { name: "momentum" }));
    await user.selectOptions(screen.getByLabelText("It ends"), "never");
    await user.click(screen.getByRole("button", { name: "Issue it" }));
    expect((await screen.findByLabelText<HTMLInputElement>("The token")).value).toBe("remit_agent_secret");
    expect(of("POST /v1/tokens")[0]?.body).toEqual({ role: "agent", name: "momentum", owner: "desk", expires_at: null });
    await user.click(screen.getByRole("button", { name: "I have it" }));
    await waitFor(() => expect(screen.queryByLabelText("The token")).toBeNull());
    await user.click(screen.getByRole("button", { name: "Issue a token" }));
    expect(told()).not.toContain("remit_agent_secret");
  });

  it("are revoked with a reason, and rotated with an overlap", async () => {
    const [revoke, rotate] = ["POST /v1/tokens/{token}/revoke", "POST /v1/tokens/{token}/rotate"] as const;
    const { user, of } = opened("tokens", { [revoke]: { seq: 1, at: NOON, events: [] }, [rotate]: { token: "T-4", secret: "remit_new", seq: 1, at: NOON } });
    await user.click(await screen.findByRole("button", { name: "Rotate aB3xY9 of momentum" }));
    await user.click(screen.getByRole("button", { name: "Rotate" }));
    expect((await screen.findByLabelText<HTMLInputElement>("The token")).value).toBe("remit_new");
    expect(of(rotate)[0]?.body).toEqual({ overlap_s: 86_400, expires_at: NOON + 90 * 86_400 * SECOND });
    await user.click(screen.getByRole("button", { name: "I have it" }));
    await user.click(screen.getByRole("button", { name: "Revoke aB3xY9 of momentum" }));
    await user.type(screen.getByLabelText("Why"), "laptop lost");
    await user.click(screen.getByRole("button", { name: "Revoke" }));
    await waitFor(() => expect(of(revoke)[0]?.body).toEqual({ why: "laptop lost" }));
  });

  it("say when they were used last, though no record tells of that", async () => {
    vi.useFakeTimers({ shouldAdvanceTime: true });
    const { of } = opened("tokens", {}, { ...ANN, role: "auditor" });
    await screen.findByText("aB3xY9…");
    const before = of("GET /v1/tokens").length;
    await act(() => vi.advanceTimersByTimeAsync(21_000));
    expect(of("GET /v1/tokens").length).toBe(before + 1);
    vi.useRealTimers();
  });

  it("are only looked at by who may not issue them", async () => {
    opened("tokens", {}, { ...ANN, role: "auditor" });
    await screen.findByText("aB3xY9…");
    expect(screen.queryByRole("button")).toBeNull();
  });
});

it("shows a budget that an unpriced call closed, and settles the call", async () => {
  const call = "POST /v1/budgets/{agent}/calls/{call}/settle";
  const { user, of } = opened("budgets", { [call]: { seq: 1, at: NOON, events: [] } });
  await screen.findByText("Used up");
  expect(told()).toContain("1 call has no known price");
  await user.click(screen.getByRole("button", { name: "Settle call-1" }));
  await user.type(screen.getByLabelText("Cost in US dollars"), "4 cents");
  await user.type(screen.getByLabelText("Why"), "the bill");
  await user.click(screen.getByRole("button", { name: "Settle it" }));
  await screen.findByText("An amount of 0 or more, like 0.04.");
  await user.clear(screen.getByLabelText("Cost in US dollars"));
  await user.type(screen.getByLabelText("Cost in US dollars"), "0.04");
  await user.click(screen.getByRole("button", { name: "Settle it" }));
  await waitFor(() => expect(of(call)[0]).toMatchObject({ params: { agent: "momentum", call: "call-1" }, body: { cost: "0.04", why: "the bill" } }));
});

describe("notifications", () => {
  it("begin with the halts that reached nobody, and say where nobody is told", async () => {
    const overdue = [{ channel: "desk", at: NOON - 600 * SECOND, text: "agent rogue is halted.", attempts: 4, fault: "it answered 500" }];
    opened("notifications", { "GET /v1/channels": page(), "GET /v1/notifications": { position: 9, channels: 0, waiting: 1, overdue } });
    await screen.findByText("A halt did not reach desk");
    expect(told()).toContain("10 min ago, 4 attempts): agent rogue is halted. The last attempt: it answered 500");
    expect(told()).toContain("Nobody is told of halts and approvals");
  });

  it("say whether a channel took a test", async () => {
    const { user } = opened("notifications", { "POST /v1/channels/{channel}/test": { delivered: false, why: "it answered 404" } });
    await user.click(await screen.findByRole("button", { name: "Test desk" }));
    await screen.findByText("desk did not take the test. It answered 404.");
  });

  it("show a webhook's secret once, and what refused one", async () => {
    const { user, of, now } = opened("notifications", { "POST /v1/channels": refused(400, "url_not_safe", { detail: "10.0.0.1 is private", fix: "list it" }) });
    await user.click(await screen.findByRole("button", { name: "Add a webhook" }));
    await user.type(screen.getByLabelText("Name"), "desk-2");
    await user.type(screen.getByLabelText("Address"), "https://10.0.0.1/x");
    await user.click(screen.getByRole("button", { name: "Add it" }));
    await screen.findByText("10.0.0.1 is private.");
    now({ "POST /v1/channels": { channel: CHANNEL, secret: "whsec_1" } });
    await user.click(screen.getByRole("button", { name: "Add it" }));
    expect((await screen.findByLabelText<HTMLInputElement>("The secret")).value).toBe("whsec_1");
    expect(of("POST /v1/channels")[0]?.body).toEqual({ name: "desk-2", url: "https://10.0.0.1/x", kinds: ["halts", "approvals", "alarms", "drift", "limits", "summary"] });
  });
});

describe("people", () => {
  it("are added", async () => {
    const { user, of } = opened("people", { "POST /v1/people": { seq: 1, at: NOON, events: [] } });
    await user.click(await screen.findByRole("button", { name: "Add a person" }));
    await user.type(screen.getByLabelText("Name"), "kim");
    await user.click(screen.getByRole("button", { name: "Add them" }));
    await waitFor(() => expect(of("POST /v1/people")[0]?.body).toEqual({ name: "kim", role: "approver" }));
  });

  it("are shut out, get a first password, and lose a factor that was lost", async () => {
    const [set, app, first] = ["PUT /v1/people/{person}", "DELETE /v1/people/{person}/totp", "POST /v1/people/{person}/password"] as const;
    const { user, of } = opened("people", {
      [set]: { seq: 1, at: NOON, events: [] }, [app]: { person: "bob", totp: false, signed_out: 1 }, [first]: { person: "bob", must_change: true, signed_out: 0 },
    });
    await user.click(await screen.findByRole("button", { name: "Change bob" }));
    const dialog = within(screen.getByRole("dialog"));
    await user.click(dialog.getByRole("button", { name: "Take the app away" }));
    await screen.findByText("The app of bob is worth nothing any more. 1 session has ended.");
    await user.type(dialog.getByLabelText("First password"), " twelve blanks ");
    await user.click(dialog.getByRole("button", { name: "Set it" }));
    await waitFor(() => expect(of(first)[0]?.body).toEqual({ password: " twelve blanks " }));
    const told = await screen.findByText(/^Tell bob this password in person\./);
    expect(told.closest("form")?.contains(dialog.getByRole("button", { name: "Set it" }))).toBe(true);
    expect(screen.queryByText(/The app of bob is worth nothing/)).toBeNull();
    await user.type(dialog.getByLabelText("Why"), "left");
    await user.click(dialog.getByRole("button", { name: "Shut out" }));
    await waitFor(() => expect(of(set)[0]?.body).toEqual({ role: "approver", disabled: true, why: "left" }));
  });
});

describe("you", () => {
  it("set a password that was typed twice alike", async () => {
    const { user, of } = opened("you", { "POST /v1/me/password": { person: "ann", must_change: false, signed_out: 0 } });
    await user.type(await screen.findByLabelText("Present password"), "correct horse battery");
    await user.type(screen.getByLabelText("New password"), "plough the narrow field");
    await user.type(screen.getByLabelText("New password again"), "plough");
    await user.click(screen.getByRole("button", { name: "Set it" }));
    await screen.findByText("The two new passwords differ.");
    await user.type(screen.getByLabelText("New password again"), " the narrow field");
    await user.click(screen.getByRole("button", { name: "Set it" }));
    await waitFor(() => expect(of("POST /v1/me/password")[0]?.body).toEqual({ password: "plough the narrow field", current: "correct horse battery" }));
  });

  it("set up an app by a QR code, its secret in groups of four, or its link", async () => {
    const app = { person: "ann", secret: "JBSWY3DPEHPK3PXPJB", uri: "otpauth://totp/Remit:ann?secret=JBSWY3DPEHPK3PXPJB" };
    const { user, of } = opened("you", { "POST /v1/me/totp": app, "POST /v1/me/totp/confirm": { person: "ann", totp: true } });
    await user.click(await screen.findByRole("button", { name: "Set one up" }));
    expect((await screen.findByLabelText("The app's secret")).textContent).toBe("JBSW Y3DP EHPK 3PXP JB");
    await user.click(screen.getByRole("button", { name: "Copy the secret" }));
    await screen.findByText("Copied.");
    expect(await navigator.clipboard.readText()).toBe(app.secret);
    expect(screen.getByRole("link", { name: "Open the app on this device" }).getAttribute("href")).toBe(app.uri);
    const drawn = await screen.findByRole("img", { name: "The app's secret as a QR code" });
    const { size, data } = encode(app.uri, { ecc: "M", border: 4 });
    expect(drawn.getAttribute("viewBox")).toBe(`0 0 ${size} ${size}`);
    expect(drawn.querySelector("path")?.getAttribute("d")?.split("z").length).toBe(data.flat().filter(Boolean).length + 1);
    await user.type(screen.getByLabelText("Code that the app shows now"), "287082");
    await user.click(screen.getByRole("button", { name: "Use this app" }));
    await waitFor(() => expect(of("POST /v1/me/totp/confirm")[0]?.body).toEqual({ code: "287082" }));
  });
  it("are told where one is no person of the book", async () => {
    opened("you", {}, { ...ANN, known: false });
    await screen.findByText(/ann is no person of the book yet, and only people have credentials/);
  });
});
