import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";
import { ANN, page } from "../../testing/house";
import { api, broken, refused } from "../../testing/fake";
import { show } from "../../testing/show";
import { reload } from "../limits/drafts";
import { compared, EXPIRY, FIRST, LIMITS, ROGUE, RULES, SECOND } from "../limits/fixtures";
import type { Comparing as Drafts, ProposalRow } from "../../api/schema";
import Mandate from "./Mandate";
import Mandates from "./Mandates";

afterEach(() => {
  sessionStorage.clear();
  reload();
});

const editor = (me = ANN) => show(<Mandate params={{ subject: "agent%3Arogue" }} />, { at: "/mandates/agent%3Arogue", me });
const order = (): Promise<HTMLInputElement> => screen.findByRole("textbox", { name: "Largest order" });
/** Press what can be pressed as soon as the draft is compared. */
const publish = async (user: ReturnType<typeof show>["user"], name: string): Promise<void> => {
  await waitFor(() => expect(screen.getByRole("button", { name }).hasAttribute("disabled")).toBe(false));
  await user.click(screen.getByRole("button", { name }));
};
const draftOf = async (user: ReturnType<typeof show>["user"], value: string): Promise<void> => {
  const field = await order();
  await write(user, field, value);
};

/** Put a text in at once: letter by letter takes long, and nothing here is about letters. */
const write = async (user: ReturnType<typeof show>["user"], field: HTMLElement, text: string): Promise<void> => {
  await user.clear(field);
  await user.paste(text);
};

describe("the list", () => {
  it("says who has which mandate, and who has none", async () => {
    api(LIMITS);
    show(<Mandates />);
    const row = (await screen.findByRole("rowheader", { name: "Agent rogue" })).closest("tr");
    expect(row?.textContent).toContain("In force");
    screen.getByText(/every order of theirs is denied: Agent idle/);
  });
  it("makes drafts of a preset and publishes nothing", async () => {
    const { of } = api({ ...LIMITS, "POST /v1/mandates/draft": { "agent:rogue": { order_notional_max: "100" } } });
    const { user } = show(<Mandates />);
    await user.click(await screen.findByRole("button", { name: "Make drafts for everybody" }));
    await screen.findByText("Your draft");
    expect(of("PUT /v1/mandates/{subject}")).toEqual([]);
  });
});

describe("a draft", () => {
  it("that tightens is published with a reason, against the version it was written against", async () => {
    const { of } = api(LIMITS);
    const { user } = editor();
    await draftOf(user, "2500");
    await screen.findAllByText("Tighter");
    await publish(user, "Publish…");
    await write(user, screen.getByRole("textbox", { name: "Why" }), "less room");
    await user.click(screen.getByRole("button", { name: "Publish" }));
    await screen.findByText(/Nothing differs from what is in force/);
    const [sent] = of("PUT /v1/mandates/{subject}");
    expect(sent?.body).toEqual({ mandate: { order_notional_max: "2500", order_rate_max: { count: 5, per_s: 60 } }, why: "less room", preset: "starter", expires_at: null });
  });
  it("that loosens takes the subject's name, typed", async () => {
    const { of } = api(LIMITS);
    const { user } = editor();
    await draftOf(user, "9000");
    await publish(user, "Publish what loosens…");
    await write(user, screen.getByRole("textbox", { name: "Why" }), "more room");
    screen.getByText(/^More will be allowed than now\./);
    await write(user, screen.getByLabelText("To confirm, type rogue"), "rouge");
    await user.click(screen.getByRole("button", { name: "Publish" }));
    screen.getByText("Type rogue, exactly as it stands.");
    expect(of("PUT /v1/mandates/{subject}")).toEqual([]);
  });
  it("says what a tighter limit does to what is used now", async () => {
    const [change] = compared([["daily_loss_max", "1000", "400", "tighter"]]).changes;
    const near = { field: "positions_max", before: 9, after: 5, way: "tighter", now: "4", holds: true };
    api({ ...LIMITS, "POST /v1/mandates/diff": { items: [compared([], { changes: [{ ...change!, now: "501.6412", holds: false }, near] })], next: null } as never });
    const { user } = editor();
    await draftOf(user, "2500");
    expect((await screen.findByText(/Now it stands at 501.65 USD, beyond the new limit:/)).parentElement?.textContent).toMatch(/: this halts at once\.$/);
    screen.getByText("Now it stands at 4.");
  });
  it("says what is wrong before anything is sent", async () => {
    const { of } = api(LIMITS);
    const { user } = editor();
    await draftOf(user, "a lot");
    await screen.findByText("Write a number, such as 250 or 0.5.");
    await screen.findByText(/Not to be read as it stands: Largest order/);
    expect(of("POST /v1/mandates/diff").map(({ body }) => (body as Drafts).mandates["agent:rogue"]?.order_notional_max)).toEqual(["4000"]);
  });
  it("outlives a reload and a lost connection", async () => {
    const { now } = api(LIMITS);
    const first = editor();
    await draftOf(first.user, "2500");
    first.unmount();
    reload();
    const { user } = editor();
    expect((await order()).value).toBe("2500");
    now({ "PUT /v1/mandates/{subject}": broken });
    await publish(user, "Publish…");
    await write(user, screen.getByRole("textbox", { name: "Why" }), "less room");
    await user.click(screen.getByRole("button", { name: "Publish" }));
    await screen.findByText(/The door does not answer/);
    expect((await order()).value).toBe("2500");
  });
  it("is kept where somebody else published meanwhile, whose version is shown and taken in", async () => {
    const { now } = api(LIMITS);
    const first = editor();
    await draftOf(first.user, "2500");
    first.unmount();
    const third = { ...SECOND, number: 3, why: "slower", by: { name: "bob", role: "operator" as const }, changed: { order_rate_max: [{ count: 5, per_s: 60 }, { count: 2, per_s: 60 }] as [unknown, unknown] } };
    now({ "GET /v1/mandates/{subject}": { ...ROGUE, number: 3, mandate: { order_notional_max: "4000", order_rate_max: { count: 2, per_s: 60 } } }, "GET /v1/mandates/{subject}/history": page(FIRST, SECOND, third) });
    const { user } = editor();
    const banner = await screen.findByText("Somebody else published meanwhile.");
    await within(banner.closest<HTMLElement>("[role=alert]")!).findByText("slower");
    expect((await screen.findByRole("button", { name: "Publish…" })).hasAttribute("disabled")).toBe(true);
    await user.click(screen.getByRole("button", { name: "Take theirs into my draft" }));
    expect((await order()).value).toBe("2500");
    expect(screen.getByRole<HTMLInputElement>("textbox", { name: "Rate of orders" }).value).toBe("2/min");
    expect(screen.queryByText("Somebody else published meanwhile.")).toBeNull();
  });
  it("is tried on the orders of the last days: which verdicts turn, with their numbers", async () => {
    api(LIMITS);
    const { user } = editor();
    await draftOf(user, "9000");
    await user.click(await screen.findByRole("button", { name: "Try it" }));
    await screen.findByText(/^430 orders were judged again: 1 would go further than they did\./);
    screen.getByText(/^40 of them stay denied because agent rogue was halted then \(H-1\): .* With 5,000 it would not have been halted\./);
    expect(screen.getByRole("link", { name: "buy 12 GOOG" }).getAttribute("href")).toBe("/orders/r1-9");
    screen.getByText("6,044.04 USD");
  });
  it("waits its turn while another question is worked on", async () => {
    const { now } = api({ ...LIMITS, "POST /v1/mandates/what-if": refused(503, "busy", { retry_after_s: 0 }) });
    const { user } = editor();
    await draftOf(user, "9000");
    await user.click(await screen.findByRole("button", { name: "Try it" }));
    await screen.findByText(/this one is next/);
    now({ "POST /v1/mandates/what-if": LIMITS["POST /v1/mandates/what-if"] });
    await screen.findByText(/430 orders/);
  });
  it("says where a second person must confirm, and that it waits then", async () => {
    const asked = page(compared([["order_notional_max", "4000", "9000", "looser"]], { second_person: "firm" }));
    api({ ...LIMITS, "POST /v1/mandates/diff": asked, "PUT /v1/mandates/{subject}": { seq: 1, at: 1, events: [{ event: "proposed", proposal: "C-20" }] } });
    const { user } = editor();
    await draftOf(user, "9000");
    await screen.findAllByText(/the firm asks for a second person/);
    await publish(user, "Publish what loosens…");
    screen.getByRole("button", { name: "Propose" });
  });
  it("of an old version can be made again, and limits are added and taken away", async () => {
    api(LIMITS);
    const { user } = editor();
    await user.click(await screen.findByRole("button", { name: "Restore as a draft: version 1" }));
    expect(document.activeElement?.id).toBe("draft");
    expect((await order()).value).toBe("1000");
    expect(screen.queryByRole("textbox", { name: "Rate of orders" })).toBeNull();
    await write(user, screen.getByLabelText("Search the limits that are not set"), "quorum");
    await user.click(screen.getByRole("button", { name: "Set People who approve" }));
    screen.getByRole("textbox", { name: "Several people approve from" });
    await user.click(screen.getByRole("button", { name: "Take away People who approve" }));
    expect(screen.queryByRole("textbox", { name: "Several people approve from" })).toBeNull();
  });
  it("shows lint's word beside the limit that it is about", async () => {
    const note = { weight: "warning", code: "never_binds", subject: "agent:rogue", fields: ["order_notional_max"], numbers: [], sentence: "It can never bind.", fix: "Lower it." };
    api({ ...LIMITS, "POST /v1/mandates/lint": page(note) });
    editor();
    const item = (await screen.findByText(/It can never bind/)).closest(".mandate-limit");
    expect(item?.textContent).toContain("One order may open");
  });
});

describe("until when", () => {
  const later = "2030-01-02T03:04";
  const set = async (value: string): Promise<void> => {
    fireEvent.change(await screen.findByLabelText("Ends"), { target: { value } });
  };
  const endOf = (call: { body: unknown } | undefined): unknown => (call?.body as Drafts).expires_at?.["agent:rogue"];
  it("is set in this machine's time, compared, and published", async () => {
    const { of } = api({ ...LIMITS, "POST /v1/mandates/diff": ({ body }) => page(compared(body?.expires_at?.["agent:rogue"] ? [["expires_at", null, body.expires_at["agent:rogue"], "tighter"]] : [])) });
    const { user } = editor();
    await user.click(await screen.findByRole("button", { name: "Let it end at a time" }));
    await screen.findByText("Give a day and a time.");
    await set(later);
    await waitFor(() => expect(endOf(of("POST /v1/mandates/diff").at(-1))).toBe(new Date(later).getTime() * 1e6));
    await screen.findAllByText("Tighter");
    expect(screen.getByText("never").closest("li")?.textContent).toBe("Ends Tighternever → 2 Jan 2030, 03:04:00");
    await publish(user, "Publish…");
    await write(user, screen.getByRole("textbox", { name: "Why" }), "for a while");
    await user.click(screen.getByRole("button", { name: "Publish" }));
    await waitFor(() => expect(of("PUT /v1/mandates/{subject}")[0]?.body).toMatchObject({ expires_at: new Date(later).getTime() * 1e6, why: "for a while" }));
  });
  it("that becomes never is a loosening, which takes the subject's name", async () => {
    const ending = { ...ROGUE, expires_at: new Date(later).getTime() * 1e6 };
    const { of } = api({ ...LIMITS, "GET /v1/mandates/{subject}": ending, "POST /v1/mandates/diff": ({ body }) => page(compared(body?.expires_at ? [["expires_at", ending.expires_at, null, "looser"]] : [])) });
    const { user } = editor();
    expect((await screen.findByLabelText<HTMLInputElement>("Ends")).value).toBe(later);
    expect(endOf(of("POST /v1/mandates/diff").at(-1))).toBeUndefined();
    await user.click(screen.getByRole("button", { name: "Let it never end" }));
    await publish(user, "Publish what loosens…");
    screen.getByLabelText("To confirm, type rogue");
    expect(endOf(of("POST /v1/mandates/diff").at(-1))).toBeNull();
  });
  it("cannot be over already", async () => {
    api(LIMITS);
    const { user } = editor();
    await user.click(await screen.findByRole("button", { name: "Let it end at a time" }));
    await set("2020-01-01T00:00");
    await screen.findByText(/To stop somebody at once, pause them/);
    await screen.findByText(/Not to be read as it stands: Ends/);
  });
});

it("is opened at the limit that a link asks for, once", async () => {
  api(LIMITS);
  const { user } = show(<Mandate params={{ subject: "agent%3Arogue" }} />, { at: "/mandates/agent%3Arogue?limit=positions_max" });
  const field = await screen.findByRole("textbox", { name: "Positions at once" });
  expect(document.activeElement).toBe(field);
  expect(location.search).toBe("");
  await user.click(screen.getByRole("button", { name: "Take away Positions at once" }));
  expect(screen.queryByRole("textbox", { name: "Positions at once" })).toBeNull();
});

it("says what counts where nothing is set, and whose word decides", async () => {
  const waits = (subject: string, value: number, is_set = false) => ({ subject, value, is_set });
  api({
    ...LIMITS, "GET /v1/rules": page(...RULES, EXPIRY),
    "GET /v1/mandates/effective": {
      path: ["firm", "agent:rogue"], missing: [], limits: [],
      terms: [
        { term: "approval_expiry_s", effective: 300, unit: "seconds", together: true, from: [waits("firm", 300), waits("agent:rogue", 3600, true)], decides: ["firm"] },
        { term: "loss_cooldown", effective: null, unit: "seconds", together: false, from: [waits("firm", 0), waits("agent:rogue", 86_400, true)], decides: [] },
      ],
    },
  });
  editor();
  const row = (await screen.findByRole("rowheader", { name: "Wait for people" })).closest("tr");
  expect(row?.textContent).toBe("Wait for people5 minthe firm: not set: counts as 5 min, which decidesagent rogue: 1 h");
  expect(screen.getByText("each has its own").closest("tr")?.textContent).toContain("agent rogue: 1 d, and a review");
});

it("explains a limit by its documentation", async () => {
  api(LIMITS);
  const { user } = editor();
  await user.click(await screen.findByRole("button", { name: "What it means: Largest order" }));
  within(screen.getByRole("dialog", { name: "Largest order" })).getByText("docs/rules.md#order_notional_max");
});

it("lets who may not publish look, and no more", async () => {
  api(LIMITS);
  editor({ ...ANN, role: "auditor" });
  expect((await order()).readOnly).toBe(true);
  screen.getByText(/You see this as auditor/);
  expect(screen.queryByRole("button", { name: /Restore/ })).toBeNull();
});

const WAITS: ProposalRow = {
  proposal: "C-20", subject: "agent:rogue", number: 2, stale: false, changes: compared([["order_notional_max", "4000", "9000", "looser"]]).changes, loosens: ["order_notional_max"],
  mandate: { order_notional_max: "9000" }, expires_at: null, preset: "", why: "more room", by: { name: "bob", role: "operator" }, asked_for_by: "firm", digest: "d".repeat(64), yours_counts: true,
  at: 1, until: 4e18, expires_in_s: 900,
};

describe("a change that waits", () => {
  it("is confirmed by the digest that was shown, after its name is typed", async () => {
    const { of } = api({ ...LIMITS, "GET /v1/proposals": page(WAITS), "POST /v1/proposals/{proposal}/confirm": { seq: 1, at: 1, events: [] } });
    const { user } = show(<Mandates />);
    await user.click(await screen.findByRole("button", { name: "Confirm…" }));
    await write(user, screen.getByLabelText("To confirm, type C-20"), "C-20");
    await user.click(screen.getByRole("button", { name: "Confirm" }));
    await waitFor(() => expect(of("POST /v1/proposals/{proposal}/confirm")[0]?.body).toEqual({ digest: WAITS.digest }));
  });
  it("is not confirmed by who proposed it, nor where it was overtaken", async () => {
    api({ ...LIMITS, "GET /v1/proposals": page({ ...WAITS, yours_counts: false }, { ...WAITS, proposal: "C-21", stale: true }) });
    show(<Mandates />);
    await screen.findByText(/You cannot confirm it/);
    screen.getByText(/Another version came between/);
    expect(screen.queryByRole("button", { name: "Confirm…" })).toBeNull();
  });
});
