import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";
import type { AgentRow } from "../../api/schema";
import { api, broken, silent } from "../../testing/fake";
import { GAUGE, HALT, HOUSE, LINE, STATUS, WAITING, page } from "../../testing/house";
import { show } from "../../testing/show";
import Overview from "./Overview";

it("says what each account has, what waits, how near the limits are, and what happens", async () => {
  api({
    ...HOUSE,
    "GET /v1/approvals": page(WAITING),
    "GET /v1/journal": ({ params }) => {
      const lines = { allow: { ...LINE, id: 1 }, hold: { ...LINE, id: 2, kind: "approval" as const, said: "one: held for people" }, "": { ...LINE, id: 3, kind: "violation" as const, said: "one violation" } };
      return { items: [lines[(params["verdict"] ?? "") as keyof typeof lines]], next: null, position: 3 };
    },
  });
  show(<Overview />);
  await screen.findByTitle("99934.063428 USD");
  await screen.findByText("+12.50");
  screen.getByRole("link", { name: "Buy 8 GOOG" });
  screen.getByRole("meter", { name: "Capital in use" });
  await screen.findByText("All well");
  expect(screen.getByRole("region", { name: "Decisions" }).textContent).toMatch(/Denied one violation\..*Held one: held for people\..*Allowed Agent momentum asked to buy 8 GOOG/);
});

it("takes all figures of an account from one answer, so that they are of one moment", async () => {
  const [total] = HOUSE["GET /v1/positions"].totals;
  api({ ...HOUSE, "GET /v1/positions": { ...HOUSE["GET /v1/positions"], totals: [{ ...total!, pnl: "-1038.23", pnl_today: "-1038.23", equity: "98961.77" }] } });
  show(<Overview />);
  await screen.findByTitle("98961.77 USD");
  expect(screen.queryByTitle("99934.063428 USD")).toBeNull();
  expect(screen.getAllByText("−1,038.23")).toHaveLength(2);
});

it("says what is wrong", async () => {
  const [street] = STATUS.connections as [typeof STATUS.connections[number]];
  api({
    ...HOUSE,
    "GET /v1/status": {
      ...STATUS, connections: [{ ...street, ready: false, why: "not reconciled" }],
      halts: [HALT],
      unfit: [{ instrument: "AAPL", reason: "quiet", since: 1, why: "no price for 20 s" }],
      levels: [{ subject: "agent:momentum", rule: "capital_max", per: "total", of: "", level: "over" }],
    },
    "GET /v1/exposure": { gauges: [GAUGE], left_out: 0, per_order: [], without_mandate: ["agent:new"] },
  });
  show(<Overview />);
  const wrong = await screen.findByRole("region", { name: "Is anything wrong" });
  await screen.findByText("Connection street");
  expect(wrong.textContent).toMatch(/^Is anything wrongHalted agent rogueConnection street not reconciled.*no price for 20 s.*Capital in use of agent momentum is exceeded$/);
  expect(within(wrong).getAllByRole("link").map((link) => link.getAttribute("href"))).toEqual(["/halts", "/halts", "/positions/AAPL", "/safeguards?rule=capital_max"]);
  screen.getByText(/everything of theirs is denied: agent new/);
});

it("says of a house with nothing in it what is not there", async () => {
  api({ ...HOUSE, "GET /v1/status": { ...STATUS, connections: [], instruments: 0, agents: 0 }, "GET /v1/accounts": page(), "GET /v1/exposure": { gauges: [], left_out: 0, per_order: [], without_mandate: [] }, "GET /v1/journal": { items: [], next: null, position: 0 } });
  show(<Overview />);
  for (const words of [/No account yet/, "No limit is used yet.", "Nothing waits for approval.", "Nothing was decided yet."]) await screen.findByText(words);
  const wrong = screen.getByRole("region", { name: "Is anything wrong" });
  expect(wrong.textContent).toMatch(/Not set up.*Nothing is connected to a venue.*No instrument is known.*No agent may ask/);
  expect(screen.queryByText("All well")).toBeNull();
  expect(screen.getByRole("link", { name: "Set it up" }).getAttribute("href")).toBe("/start");
});

it.each([["loads", silent, "Loading"], ["is disconnected", broken, "The door does not answer."]] as const)("says of each part that it %s", async (_, answer, words) => {
  const asked = ["GET /v1/accounts", "GET /v1/approvals", "GET /v1/exposure", "GET /v1/status", "GET /v1/journal", "GET /v1/positions"] as const;
  api(Object.fromEntries(asked.map((call) => [call, answer])));
  show(<Overview />);
  await waitFor(() => expect(screen.getAllByText(words).length).toBeGreaterThanOrEqual(5));
});

it("leads to the first steps where no agent is set up yet", async () => {
  const { now } = api({ ...HOUSE, "GET /v1/agents": page() });
  const { unmount } = show(<Overview />);
  const way = await screen.findByRole("link", { name: "Begin with the first steps" });
  expect(way.getAttribute("href")).toBe("/start");
  unmount();
  now({ "GET /v1/agents": page({ name: "momentum" } as AgentRow) });
  show(<Overview />);
  await screen.findByText("All well");
  expect(screen.queryByRole("link", { name: "Begin with the first steps" })).toBeNull();
});
