import { act, screen, waitFor } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { attended } from "../api/attended";
import { link } from "../api/link";
import { Problem } from "../api/problem";
import { useAct, useAsked } from "../api/use";
import { api, broken, refused, silent } from "../testing/fake";
import { signedIn } from "../api/session";
import { ANN, HALT, HOUSE, page } from "../testing/house";
import { show } from "../testing/show";
import { Asked, Refused } from "./Asked";
import { Button } from "./Button";

function Halts() {
  return <Asked of={useAsked("GET /v1/halts", {})} none="No halt.">{({ items }) => <p>{items.map(({ id }) => id).join()}</p>}</Asked>;
}

it("shows what there is", async () => {
  api({ "GET /v1/halts": page(HALT) });
  show(<Halts />);
  await screen.findByText("H-498-1");
});

it("says that it loads, and then that there is nothing", async () => {
  const { now } = api({ "GET /v1/halts": silent });
  const { unmount } = show(<Halts />);
  screen.getByText("Loading");
  unmount();
  now({ "GET /v1/halts": page() });
  show(<Halts />);
  await screen.findByText("No halt.");
});

it("says what was refused and what to do, and tries again", async () => {
  const { now } = api({ "GET /v1/halts": refused(403, "not_authorised", { detail: "the role feed may not see halts", fix: "ask an operator" }) });
  const { user } = show(<Halts />);
  expect((await screen.findByRole("alert")).textContent).toContain("The role feed may not see halts. Ask an operator.");
  now({ "GET /v1/halts": page(HALT) });
  await user.click(screen.getByRole("button", { name: "Try again" }));
  await screen.findByText("H-498-1");
});

const UNREAD = refused(503, "model_unusable", { detail: "the journal has not been read yet", fix: "try again in a moment", retry_after_s: 2 });
const pass = (seconds: number): Promise<void> => act(async () => { await vi.advanceTimersByTimeAsync(seconds * 1000); });

it("asks again by itself when the door said, says so meanwhile, and shows what comes", async () => {
  vi.useFakeTimers();
  const { now, of } = api({ "GET /v1/halts": UNREAD });
  show(<Halts />);
  await pass(0.1);
  const alert = screen.getByRole("alert");
  expect(alert.textContent).toContain("The journal has not been read yet. Try again in a moment. It is tried again by itself.");
  await pass(1.8);
  expect(of("GET /v1/halts")).toHaveLength(1);
  await pass(0.2);
  expect(of("GET /v1/halts")).toHaveLength(2);
  expect(screen.getByRole("alert")).toBe(alert); // it does not flicker, nor is it read aloud each time
  now({ "GET /v1/halts": page(HALT) });
  await pass(4);
  screen.getByText("H-498-1");
  expect(screen.queryByRole("alert")).toBeNull();
});

it("asks more and more seldom, stops after some minutes, and begins anew with whoever presses", async () => {
  vi.useFakeTimers();
  const { of, now } = api({ "GET /v1/halts": UNREAD });
  show(<Halts />);
  await pass(2 + 4 + 8 + 1);
  expect(of("GET /v1/halts")).toHaveLength(4);
  await pass(3600);
  expect(of("GET /v1/halts")).toHaveLength(11);
  expect(screen.getByRole("alert").textContent).toContain("It was asked 11 times.");
  now({ "GET /v1/halts": page(HALT) });
  screen.getByRole("button", { name: "Try again" }).click();
  await pass(1);
  screen.getByText("H-498-1");
});

it("asks for nothing by itself while nobody is there, nor again what is refused for good", async () => {
  vi.useFakeTimers();
  attended.set(false);
  const { of, now } = api({ "GET /v1/halts": UNREAD });
  const { unmount } = show(<Halts />);
  await pass(60);
  expect(of("GET /v1/halts")).toHaveLength(1);
  unmount();
  attended.set(true);
  now({ "GET /v1/halts": refused(403, "not_authorised") });
  show(<Halts />);
  await pass(60);
  expect(of("GET /v1/halts")).toHaveLength(2);
});

function WithAgain() {
  const asked = useAsked("GET /v1/halts", {});
  return <><Button onClick={() => void asked.refetch()}>Look</Button><Asked of={asked}>{({ items }) => <p>{items[0]?.id}</p>}</Asked></>;
}

it("keeps what it had while nothing answers, and says of when it is", async () => {
  const { now } = api({ "GET /v1/halts": page(HALT) });
  const { user } = show(<WithAgain />);
  await screen.findByText("H-498-1");
  now({ "GET /v1/halts": broken });
  await user.click(screen.getByRole("button", { name: "Look" }));
  await screen.findByText(/not fresh\. The door does not answer\./);
  screen.getByText("H-498-1");
});

it("says of what is away that it is tried again by itself", () => {
  link.set("guard");
  const away = new Problem({ code: "guard_not_running", status: 503, detail: "the guard does not answer", fix: "wait" });
  show(<Refused problem={away} again={() => undefined} />);
  expect(screen.getByRole("alert").textContent).toContain("It is tried again by itself.");
});

function Pausing() {
  const { act, busy, problem } = useAct("POST /v1/pauses");
  return <><Button busy={busy} onClick={() => void act({}, { subject: "agent:a", why: "stop" })}>Pause</Button><Refused problem={problem} /></>;
}

it("sends a change again under the same key while its outcome is not known, and under a new one after that", async () => {
  const { now, of } = api({ ...HOUSE, "POST /v1/pauses": broken });
  const { user } = show(<Pausing />);
  const press = async (): Promise<void> => user.click(screen.getByRole("button", { name: "Pause" }));
  await press();
  await screen.findByText(/The door does not answer/);
  now({ "POST /v1/pauses": { seq: 1, at: 1, events: [] } });
  await press();
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  await press();
  await waitFor(() => expect(of("POST /v1/pauses")).toHaveLength(3));
  const keys = of("POST /v1/pauses").map(({ headers }) => headers.get("idempotency-key"));
  expect(keys[0]).toMatch(/^page-/);
  expect([keys[1] === keys[0], keys[2] === keys[0]]).toEqual([true, false]);
});

function Steps() {
  const [one, other] = [useAct("POST /v1/pauses"), useAct("POST /v1/halts")];
  const go = async (): Promise<void> => {
    await one.act({}, { subject: "agent:a", why: "stop" });
    await other.act({}, { subject: "agent:a", why: "stop" });
  };
  return <><Button onClick={() => void go()}>Go</Button><Refused problem={other.problem} /></>;
}

it("goes on with nothing as somebody else: what takes several steps stops there", async () => {
  const { of } = api({ ...HOUSE, "POST /v1/pauses": () => { signedIn({ ...ANN, name: "bob" }); return { seq: 1, at: 1, events: [] }; } });
  const { user } = show(<Steps />);
  await user.click(screen.getByRole("button", { name: "Go" }));
  await screen.findByText(/You are bob by now/);
  expect([of("POST /v1/pauses").length, of("POST /v1/halts").length]).toEqual([1, 0]);
});

function Publishing({ match }: { match: string }) {
  const { act } = useAct("PUT /v1/mandates/{subject}");
  return <Button onClick={() => void act({ subject: "agent:a" }, { mandate: {}, why: "less" }, { match })}>Publish</Button>;
}

it("takes the same change against another version for another one", async () => {
  const { of } = api({ ...HOUSE, "PUT /v1/mandates/{subject}": broken });
  for (const match of ['"1"', '"1"', '"2"']) {
    const { user, unmount } = show(<Publishing match={match} />);
    await user.click(screen.getByRole("button", { name: "Publish" }));
    unmount();
  }
  const keys = of("PUT /v1/mandates/{subject}").map(({ headers }) => headers.get("idempotency-key"));
  expect([keys[0] === keys[1], keys[1] === keys[2]]).toEqual([true, false]);
});
