import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { link } from "../api/link";
import { signedIn } from "../api/session";
import { instant } from "../api/time";
import { api, broken, refused } from "../testing/fake";
import { ANN, HALT, HOUSE, STATUS } from "../testing/house";
import { Named } from "../screens/sign-in/SignIn";
import { App } from "./App";

const NOBODY = refused(401, "token_missing");
const at = (place: string): void => history.replaceState(null, "", place);

describe("who is there", () => {
  it("shows the way in to nobody, and the screen asked for after it", async () => {
    at("/approvals");
    const { now } = api({ ...HOUSE, "GET /v1/session": NOBODY, "POST /v1/session/password": { person: "ann", role: "operator", expires_at: 1, csrf: "c" } });
    const user = userEvent.setup({ delay: null });
    render(<App />);
    await user.type(await screen.findByLabelText("Name"), "ann");
    await user.type(screen.getByLabelText("Password"), "correct horse battery");
    now({ "GET /v1/session": ANN });
    await user.click(screen.getByRole("button", { name: "Sign in" }));
    await screen.findByText("Nothing waits for approval.");
    screen.getByText("ann, operator");
  });

  it("follows the stream by the new session where the same person signs in again, and stays", async () => {
    at("/approvals");
    api(HOUSE);
    const asked = vi.fn(fetch);
    vi.stubGlobal("fetch", asked);
    const streams = () => asked.mock.calls.filter(([address]) => address === "/v1/events").map(([, options]) => options?.signal?.aborted);
    render(<App />);
    await waitFor(() => expect(streams()).toEqual([false]));
    act(() => signedIn({ ...ANN, token: "T-2" }));
    await waitFor(() => expect(streams()).toEqual([true, false]));
    screen.getByText("ann, operator");
  });

  it("takes the code of remit open out of the address, and comes in by it", async () => {
    at("/#code=00ff");
    const { of } = api({ ...HOUSE, "POST /v1/session/code": { person: "ann", role: "operator", expires_at: 1, csrf: "c" } });
    render(<App />);
    await screen.findByText("ann, operator");
    expect([location.hash, of("POST /v1/session/code")[0]?.body]).toEqual(["", { code: "00ff" }]);
  });

  it.each([["127.0.0.1", "8420", "localhost:8420"], ["[::1]", "", "localhost"]])("leads from %s to where the page has its name", (hostname, port, name) => {
    render(<Named at={{ protocol: "http:", hostname, port, pathname: "/halts" }} />);
    expect(screen.getByRole("link", { name }).getAttribute("href")).toBe(`http:\u002f/${name}/halts`);
  });

  it("asks for a new password, and for the code of an app, when the guard does", async () => {
    const { now } = api({ "GET /v1/session": NOBODY, "POST /v1/session/password": refused(401, "password_change_needed", { detail: "somebody else set this password" }) });
    const user = userEvent.setup({ delay: null });
    render(<App />);
    await user.type(await screen.findByLabelText("Name"), "bob");
    await user.type(screen.getByLabelText("Password"), "first of all words");
    await user.click(screen.getByRole("button", { name: "Sign in" }));
    await user.type(await screen.findByLabelText("New password (12 characters or more)"), "one");
    await user.type(screen.getByLabelText("New password again"), "other");
    await user.click(screen.getByRole("button", { name: "Sign in" }));
    screen.getByText("The two new passwords differ.");
    now({ "POST /v1/session/password": refused(401, "second_factor_needed", { more: { factors: ["totp"] } }) });
    await user.clear(screen.getByLabelText("New password again"));
    await user.type(screen.getByLabelText("New password again"), "one");
    await user.click(screen.getByRole("button", { name: "Sign in" }));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText("Code of your app")));
    expect((screen.getByLabelText("Password") as HTMLInputElement).value).toBe("first of all words");
  });

  it("says that a session is over, keeps the address, and forgets what was seen", async () => {
    at("/approvals");
    const { now } = api(HOUSE);
    const user = userEvent.setup({ delay: null });
    render(<App />);
    await screen.findByText("Nothing waits for approval.");
    now({ "POST /v1/session/sign-out": refused(401, "token_revoked") });
    await user.click(screen.getByRole("button", { name: "Sign out" }));
    await screen.findByText("You are signed out. Your session has ended: sign in again.");
    expect(location.pathname).toBe("/approvals");
  });
});

describe("somebody else in the same browser", () => {
  const BOB = { ...ANN, name: "bob", owner: "bob", role: "approver" as const, csrf: "b".repeat(64) };
  const opened = async (): Promise<UserEvent> => {
    at("/halts");
    const user = userEvent.setup({ delay: null });
    render(<App />);
    await user.click(await screen.findByRole("button", { name: "Pause or halt…" }));
    await user.type(await screen.findByLabelText("Why"), "ann says so");
    return user;
  };

  it("gets nothing of what was typed before, and is told who they are", async () => {
    const { now, sent } = api(HOUSE);
    await opened();
    const before = sent.length;
    now({ "GET /v1/session": BOB, "POST /v1/session/code": { person: "bob", role: "approver", expires_at: 1, csrf: BOB.csrf } });
    location.hash = "#code=00ff";
    await screen.findByText("You are bob now, approver: this browser was signed in anew. What ann began here is dropped.");
    screen.getByText("bob, approver");
    expect(screen.queryByLabelText("Why")).toBeNull();
    await waitFor(() => expect(sent.slice(before).map(({ call }) => call)).toContain("GET /v1/halts")); // and sees what bob may see
  });

  it("is noticed as soon as somebody comes back to the tab", async () => {
    const { now } = api(HOUSE);
    await opened();
    now({ "GET /v1/session": BOB });
    document.dispatchEvent(new Event("visibilitychange"));
    await screen.findByText("bob, approver");
    expect(screen.queryByLabelText("Why")).toBeNull();
  });

  it("is not acted for by what another tab had begun", async () => {
    const { now, of } = api(HOUSE);
    const user = await opened();
    now({ "GET /v1/session": BOB, "POST /v1/pauses": refused(403, "csrf_refused"), "POST /v1/halts": refused(403, "csrf_refused") });
    await user.click(within(screen.getByRole("dialog")).getByRole("button", { name: /^(Pause|Halt) / }));
    await screen.findByText("bob, approver");
    expect([of("POST /v1/pauses").length + of("POST /v1/halts").length, screen.queryByLabelText("Why")]).toEqual([1, null]);
  });

  it("an answer that only passes ends nobody's session", async () => {
    const { now, of } = api(HOUSE);
    await opened();
    now({ "GET /v1/session": refused(503, "busy") });
    document.dispatchEvent(new Event("visibilitychange"));
    await waitFor(() => expect(of("GET /v1/session")).toHaveLength(2));
    screen.getByText("ann, operator");
  });
});

describe("a session whose time is over", () => {
  it("ends by itself, though no door says so, and leaves nothing to be seen", async () => {
    at("/approvals");
    api(HOUSE);
    render(<App />);
    await screen.findByText("Nothing waits for approval.");
    api({ "GET /v1/session": broken });
    act(() => signedIn({ ...ANN, expires_at: instant(Date.now() + 50) }));
    await screen.findByText("You are signed out. Your session has ended: sign in again.");
    expect([screen.queryByText("Nothing waits for approval."), location.pathname]).toEqual([null, "/approvals"]);
  });
});

describe("the frame", () => {
  it.each([["training", "No real money moves"], ["live", "Real money moves"]])("says on every screen that it is %s", async (environment, words) => {
    api({ ...HOUSE, "GET /v1/status": { ...STATUS, environment } });
    render(<App />);
    await waitFor(() => expect(screen.getByRole("note", { name: "Mode" }).textContent).toBe(`${environment.toUpperCase()} ${words}`));
  });

  it("takes the mode for live until it is known", async () => {
    api({ ...HOUSE, "GET /v1/status": broken });
    render(<App />);
    expect((await screen.findByRole("note", { name: "Mode" })).textContent).toContain("Take it for real money until it is known");
  });

  it("says what stops trading, and counts what waits", async () => {
    const pause = { subject: "agent:momentum", by: "ann", at: HALT.at, why: "lunch" };
    api({ ...HOUSE, "GET /v1/status": { ...STATUS, halts: [HALT], pauses: [pause], approvals: 4 } });
    render(<App />);
    const stops = within(await screen.findByRole("list", { name: "What stops trading" }));
    await stops.findByText("Agent rogue.");
    expect(screen.getByRole("list", { name: "What stops trading" }).textContent).toContain("It lost more today than it may: 528.27, the limit is 500.");
    stops.getByText("Agent momentum");
    screen.getAllByRole("link", { name: /^Approvals.*4.*waiting$/ });
    stops.getByText("1 halted, 1 paused");
    await userEvent.click(stops.getByRole("button", { name: "Show" }));
    expect(stops.getByRole("button", { name: "Hide" }).getAttribute("aria-expanded")).toBe("true");
  });

  it("marks where one is in the menu, on what is reached from there too", async () => {
    const marked = (): (string | null)[] => [...document.querySelectorAll(".menu [aria-current]")].map((one) => `${one.textContent} ${one.getAttribute("aria-current")}`);
    api(HOUSE);
    at("/orders/r1-17");
    const { unmount } = render(<App />);
    await screen.findByText("ann, operator");
    expect(marked()).toEqual(["Decisions true"]);
    unmount();
    at("/halts");
    render(<App />);
    await screen.findByText("ann, operator");
    expect(marked()).toEqual(["Halts page"]);
  });

  it("says what is away, and goes on when it is back", async () => {
    api(HOUSE);
    render(<App />);
    await screen.findByText("ann, operator");
    act(() => link.set("door"));
    await screen.findByText("Disconnected");
    expect(screen.getByRole("alert").textContent).toContain("the door does not answer");
    act(() => link.set("guard"));
    await screen.findByText("Guard away");
    act(() => link.set("well"));
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("says that nothing stands at an address without a screen", async () => {
    at("/nowhere");
    api(HOUSE);
    render(<App />);
    await screen.findByText("There is nothing here");
  });

  it("looks as it is chosen to, and keeps that", async () => {
    api(HOUSE);
    const user = userEvent.setup({ delay: null });
    render(<App />);
    await user.selectOptions((await screen.findAllByLabelText("How it looks"))[0] as HTMLElement, "contrast");
    expect([document.documentElement.dataset["contrast"], localStorage.getItem("remit.look")]).toEqual(["more", "contrast"]);
  });
});
