import { screen, waitFor, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import type { Me, PersonRow, TokenRow } from "../../api/schema";
import { session } from "../../api/session";
import { milliseconds } from "../../api/time";
import { type Answers, api, refused } from "../../testing/fake";
import { ANN, HOUSE, NOON, page } from "../../testing/house";
import { show } from "../../testing/show";
import Settings from "./Settings";

const MINUTE = 60_000_000_000;
const since = (token: string, minutes: number): Me["sessions"][number] => ({ token, issued_at: NOON - minutes * MINUTE, last_use: NOON });
const OLD: Me = { ...ANN, totp: true, sessions: [since("T-1", 40)] };
const NEW: Me = { ...OLD, token: "T-2", sessions: [since("T-1", 40), since("T-2", 0)] };
const ENTERED = { seq: 18, at: NOON, events: [] };
const IN = { person: "ann", role: "operator", expires_at: NOON, csrf: "d" } as const;
const BOB: PersonRow = { name: "bob", role: "approver", owner: "bob", disabled: false, known: true, tokens: 0, password: false, totp: false, passkeys: [] };

const opened = (part: string, me: Me, answers: Answers = {}) => {
  vi.setSystemTime(milliseconds(NOON));
  const asked = api({ ...HOUSE, "GET /v1/session": me, "GET /v1/people": page(BOB), "GET /v1/proposals": page(), ...answers });
  return { ...asked, ...show(<Settings />, { at: `/settings?part=${part}`, me }) };
};
const field = (label: string): HTMLInputElement => screen.getByLabelText<HTMLInputElement>(label);

it("says until when a password may be set before one types it", async () => {
  opened("you", { ...ANN, sessions: [since("T-1", 5)] });
  const part = within(await screen.findByRole("region", { name: "Password" }));
  await part.findByText(/^Open until .*, 15 minutes after you signed in\./);
  expect(screen.queryByRole("form", { name: "Sign in again" })).toBeNull();
});

it("lets one sign in again in place, and keeps what was typed", async () => {
  const { user, of, now } = opened("people", OLD, { "POST /v1/session/password": IN, "POST /v1/people/{person}/password": { person: "bob", must_change: true, signed_out: 0 } });
  await user.click(await screen.findByRole("button", { name: "Change bob" }));
  await screen.findByText(/First sign in again/); // before anything is typed
  await user.type(field("First password"), "plough the narrow field");
  await user.type(field("Your password now"), "correct horse battery");
  await user.type(field("Code of your app"), "287 082");
  now({ "GET /v1/session": NEW });
  await user.click(screen.getByRole("button", { name: "Sign in again" }));
  await waitFor(() => expect(screen.queryByRole("form", { name: "Sign in again" })).toBeNull());
  expect(of("POST /v1/session/password")[0]?.body).toEqual({ person: "ann", password: "correct horse battery", code: "287082" });
  expect(field("First password").value).toBe("plough the narrow field");
  await user.click(screen.getByRole("button", { name: "Set it" }));
  await waitFor(() => expect(of("POST /v1/people/{person}/password")[0]?.body).toEqual({ password: "plough the narrow field" }));
});

it("does not end the page where the guard asks to sign in again", async () => {
  const fresh: Me = { ...ANN, sessions: [since("T-1", 1)] };
  const { user, of, now } = opened("you", fresh, { "POST /v1/me/password": refused(401, "sign_in_again"), "POST /v1/session/password": refused(401, "sign_in_failed", { detail: "this does not sign in" }) });
  await user.type(await screen.findByLabelText("Present password"), "correct horse battery");
  await user.type(field("New password"), "plough the narrow field");
  await user.type(field("New password again"), "plough the narrow field");
  await user.click(screen.getByRole("button", { name: "Set it" }));
  await user.type(await screen.findByLabelText("Your password now"), "wrong");
  await user.click(screen.getByRole("button", { name: "Sign in again" }));
  await screen.findByText("This does not sign in.");
  expect(session.get().me?.name).toBe("ann");
  now({ "POST /v1/session/password": IN, "POST /v1/me/password": { person: "ann", must_change: false, signed_out: 1 } });
  await user.click(screen.getByRole("button", { name: "Sign in again" }));
  await waitFor(() => expect(screen.queryByLabelText("Your password now")).toBeNull());
  await user.click(screen.getByRole("button", { name: "Set it" }));
  await waitFor(() => expect(of("POST /v1/me/password")).toHaveLength(2));
  expect(of("POST /v1/me/password")[1]?.body).toEqual({ password: "plough the narrow field", current: "correct horse battery" });
});

it("leads to remit open who has nothing to sign in with, and sees that they came back", async () => {
  const { now } = opened("you", { ...OLD, password: false, totp: false });
  await screen.findAllByText("remit open");
  const back = { ...NEW, password: false, totp: false };
  now({ "GET /v1/session": back });
  document.dispatchEvent(new Event("visibilitychange"));
  session.set({ me: back, said: "" });
  await waitFor(() => expect(screen.queryByText(/First sign in again/)).toBeNull());
});

it("adds a first operator to the book by one button, and leads to password and second factor", async () => {
  const first: Me = { ...ANN, name: "owner", owner: "owner", known: false, password: false };
  let known = false;
  const { user, of } = opened("you", first, { "GET /v1/session": () => ({ ...first, known }), "POST /v1/people": () => { known = true; return ENTERED; } });
  expect(screen.queryByLabelText("New password")).toBeNull();
  await user.click(await screen.findByRole("button", { name: "Add yourself" }));
  await screen.findByLabelText("New password");
  screen.getByRole("button", { name: "Set one up" });
  expect(of("POST /v1/people")[0]?.body).toEqual({ name: "owner", role: "operator" });
  expect(screen.queryByRole("button", { name: "Add yourself" })).toBeNull();
});

it("sends who is no operator to one", async () => {
  opened("you", { ...ANN, role: "approver", known: false });
  await screen.findByText(/An operator adds you under People/);
  expect(screen.queryByRole("button", { name: "Add yourself" })).toBeNull();
});

it("shows no service as a person", async () => {
  opened("people", ANN, { "GET /v1/people": page(BOB, { ...BOB, name: "doors", owner: "doors", role: "auditor", known: false, tokens: 1 }) });
  await screen.findByText(/The doors, which carry this page, read by a token of their own/);
  expect(within(screen.getByRole("table", { name: "People" })).queryByText(/doors/)).toBeNull();
});

it("tells sessions apart, and ends all but the one that looks", async () => {
  const row = (token: string, prefix: string, parent: string): TokenRow => ({
    token, prefix, role: "operator", name: "ann", owner: "ann", state: "valid", issued_at: NOON, expires_at: null, last_use: null, session: true, replaces: "", parent,
  });
  const call = "POST /v1/tokens/{token}/revoke";
  const { user, of } = opened("you", { ...ANN, sessions: [since("T-1", 1), since("T-2", 40), since("T-3", 90)] }, { "GET /v1/tokens": page(row("T-1", "here00", ""), row("T-2", "open00", "T-0"), row("T-3", "page00", "")), [call]: ENTERED });
  const lines = (): string[] => within(screen.getByRole("region", { name: "Your sessions" })).getAllByRole("listitem").map(({ textContent }) => textContent ?? "");
  await waitFor(() => expect(lines()[1]).toMatch(/open00….*by remit open since .*last used/));
  expect(lines()[0]).toMatch(/here00….*this one.*by signing in on a page/);
  await user.click(screen.getByRole("button", { name: "End all but this one" }));
  await waitFor(() => expect(of(call).map(({ params }) => params["token"])).toEqual(["T-2", "T-3"]));
});
