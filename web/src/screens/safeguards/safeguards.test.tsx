import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Comparing as Drafts } from "../../api/schema";
import { ANN, GAUGE, page } from "../../testing/house";
import { api, refused, silent } from "../../testing/fake";
import { show } from "../../testing/show";
import { EXPIRY, LIMITS, ROGUE, RULES } from "../limits/fixtures";
import Safeguards from "./Safeguards";

const use = { ...GAUGE, subject: "agent:rogue", rule: "order_rate_max", limit: "5", unit: "count", used: "4", reserved: "0", headroom: "1", percent: 80 };
const HOUSE = { ...LIMITS, "GET /v1/exposure": { gauges: [use], left_out: 0, per_order: [], without_mandate: ["agent:idle"] } };
const open = (me = ANN, at = "/safeguards") => show(<Safeguards />, { at, me });
const opened = async (value: string) => {
  const { user } = open();
  await user.click(await screen.findByRole("button", { name: "Change Largest order of Agent rogue" }));
  const field = await screen.findByRole("textbox", { name: "Largest order" });
  await write(user, field, value);
  return { user, field };
};

/** Put a text in at once: letter by letter takes long, and nothing here is about letters. */
const write = async (user: ReturnType<typeof show>["user"], field: HTMLElement, text: string): Promise<void> => {
  await user.clear(field);
  await user.paste(text);
};

describe("what is set", () => {
  it("is told in plain sentences, with whom it is for and what is used", async () => {
    api(HOUSE);
    open();
    expect((await screen.findByText(/One order may open/)).textContent).toBe("One order may open at most 4,000 USD.");
    expect(screen.getByText(/Orders come no faster/).textContent).toBe("Orders come no faster than 5 a minute.");
    expect(screen.getByRole("meter").getAttribute("aria-valuenow")).toBe("80");
    screen.getByText("Near");
    screen.getByText(/every order is denied: Agent idle/);
    expect(screen.queryByText(/A loss of more/)).toBeNull();
  });
  it("counts by its default where nobody set it", async () => {
    api({ ...HOUSE, "GET /v1/rules": page(...RULES, EXPIRY) });
    show(<Safeguards />);
    expect((await screen.findByText(/An order waits at most/)).textContent).toBe("An order waits at most 5 min for people.");
    screen.getByText("Not set, and counts as 5 min: Agent rogue");
  });
  it("says until when it is in force, and where that is set", async () => {
    api({ ...HOUSE, "GET /v1/mandates": page({ ...ROGUE, expires_at: new Date("2030-01-02T03:04").getTime() * 1e6 }) });
    show(<Safeguards />);
    const region = await screen.findByRole("region", { name: "Until when" });
    expect(region.textContent).toContain("Agent rogue: every order is denied from 2 Jan 2030, 03:04:00 on.");
    expect(within(region).getByRole("link", { name: "Change the end" }).getAttribute("href")).toBe("/mandates/agent%3Arogue?limit=expires_at");
  });
  it("stands before the rest, which is one press away", async () => {
    api(HOUSE);
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: /Show the rest/ }));
    expect(screen.getByText(/A loss of more/).textContent).toBe("A loss of more than … in a day stops trading.");
    within(screen.getByRole("region", { name: "Always checked" })).getByText("There is a mark.");
  });
  it("and what is not are searched together", async () => {
    api(HOUSE);
    const { user } = open();
    await write(user, await screen.findByLabelText("Search"), "loss day");
    screen.getByText(/A loss of more/);
    expect(screen.queryByText(/One order may open/)).toBeNull();
  });
  it("stands while nothing is known of its use", async () => {
    api({ ...HOUSE, "GET /v1/exposure": silent });
    open();
    await screen.findByText(/One order may open/);
    expect(screen.queryByRole("meter")).toBeNull();
  });
  it("is explained at an address of its own", async () => {
    api(HOUSE);
    open(ANN, "/safeguards?rule=daily_loss_max");
    within(await screen.findByRole("dialog", { name: "Daily loss" })).getByText("docs/rules.md#daily_loss_max");
  });
  it("is not changed by who may not", async () => {
    api(HOUSE);
    open({ ...ANN, role: "auditor" });
    await screen.findByText(/One order may open/);
    expect(screen.queryByRole("button", { name: /Change|Set/ })).toBeNull();
  });
});

describe("a change", () => {
  it("that tightens applies with a reason alone", async () => {
    const { of } = api(HOUSE);
    const { user } = await opened("2500");
    await screen.findByText("Tighter");
    await write(user, screen.getByRole("textbox", { name: "Why" }), "less room");
    await user.click(screen.getByRole("button", { name: "Apply" }));
    await waitFor(() => expect(of("PUT /v1/mandates/{subject}")).toHaveLength(1));
    expect(of("PUT /v1/mandates/{subject}")[0]?.body).toMatchObject({ mandate: { order_notional_max: "2500", order_rate_max: { count: 5, per_s: 60 } }, why: "less room" });
    expect(of("POST /v1/mandates/what-if")).toEqual([]);
    expect(screen.queryByRole("dialog")).toBeNull();
  });
  it("that loosens shows what it opens, and asks", async () => {
    const { of } = api(HOUSE);
    const { user } = await opened("9000");
    await screen.findByText(/1 would go further than they did/);
    await write(user, screen.getByRole("textbox", { name: "Why" }), "more room");
    await user.click(screen.getByRole("button", { name: "Loosen it" }));
    screen.getByText("It loosens: say that you want that.");
    expect(of("PUT /v1/mandates/{subject}")).toEqual([]);
    await user.click(screen.getByRole("checkbox"));
    await user.click(screen.getByRole("button", { name: "Loosen it" }));
    await waitFor(() => expect(of("PUT /v1/mandates/{subject}")).toHaveLength(1));
  });
  it("that loosens is wanted of one draft alone, once it was to be seen what that opens", async () => {
    const { of, now } = api(HOUSE);
    const { user, field } = await opened("9000");
    await write(user, screen.getByRole("textbox", { name: "Why" }), "more room");
    await screen.findByText(/1 would go further than they did/);
    await user.click(screen.getByRole("checkbox", { name: "I have seen what it opens, and want it looser." }));
    await user.clear(field);
    await write(user, field, "9000000");
    await screen.findByText("9,000,000 USD", { selector: ".limits-changes strong" });
    expect(screen.getByRole<HTMLInputElement>("checkbox").checked).toBe(false);
    await user.click(screen.getByRole("button", { name: "Loosen it" }));
    expect(of("PUT /v1/mandates/{subject}")).toEqual([]);
    now({ "POST /v1/mandates/what-if": refused(503, "journal_unreadable") });
    await user.type(field, "0");
    await screen.findByText("90,000,000 USD", { selector: ".limits-changes strong" });
    const waits = await screen.findByRole<HTMLInputElement>("checkbox", { name: "First see what it opens: try it above." });
    expect([waits.checked, waits.disabled]).toEqual([false, true]);
    await user.click(screen.getByRole("button", { name: "Try it" }));
    await user.click(await screen.findByRole("checkbox", { name: "What it opens could not be worked out. I want it looser all the same." }));
    await user.click(screen.getByRole("button", { name: "Loosen it" }));
    await waitFor(() => expect(of("PUT /v1/mandates/{subject}")).toHaveLength(1));
    expect(of("PUT /v1/mandates/{subject}")[0]?.body).toMatchObject({ mandate: { order_notional_max: "90000000" } });
  });
  it("that takes it away loosens", async () => {
    const { of } = api(HOUSE);
    const { user } = open();
    await user.click(await screen.findByRole("button", { name: "Change Largest order of Agent rogue" }));
    await user.click(await screen.findByRole("button", { name: "Take this safeguard away" }));
    await screen.findByText("not set");
    await screen.findByRole("button", { name: "Loosen it" });
    expect((of("POST /v1/mandates/diff").at(-1)?.body as Drafts).mandates["agent:rogue"]).toEqual({ order_rate_max: { count: 5, per_s: 60 } });
  });
  it("keeps what was typed where somebody else published meanwhile", async () => {
    const { now } = api({ ...HOUSE, "PUT /v1/mandates/{subject}": refused(412, "mandate_changed") });
    const { user, field } = await opened("2500");
    now({ "GET /v1/mandates/{subject}": { ...ROGUE, number: 3 } });
    await screen.findByText("Tighter");
    await write(user, screen.getByRole("textbox", { name: "Why" }), "less room");
    await user.click(screen.getByRole("button", { name: "Apply" }));
    await screen.findByText(/Somebody else published meanwhile/);
    expect((field as HTMLInputElement).value).toBe("2500");
  });
  it("of a limit that is not set asks for whom", async () => {
    api(HOUSE);
    const { user } = open();
    await write(user, await screen.findByLabelText("Search"), "daily loss");
    await user.click(screen.getByRole("button", { name: "Set: Daily loss" }));
    await user.selectOptions(within(screen.getByRole("dialog")).getByLabelText("For whom"), "agent:rogue");
    await screen.findByRole("textbox", { name: "Daily loss" });
  });
});
