import { act, screen } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { instant } from "../api/time";
import { GAUGE } from "../testing/house";
import { show } from "../testing/show";
import { Banner, Badge } from "./Banner";
import { Facts, Quote } from "./Facts";
import { Gauge } from "./Gauge";
import { Figure, measured, Money } from "./Money";
import { numbered, Sentence, Verdict } from "./Verdict";
import { Left, When } from "./When";

const HOSTILE = "<img src=x onerror=\"throw 'markup'\">";

describe("numbers", () => {
  it("rounds money for the eye and keeps it whole in its title", () => {
    const { container } = show(<Money value="-1234.5678" currency="USD" />);
    expect(container.textContent).toBe("−1,234.57\u00a0USD");
    screen.getByTitle("-1234.5678 USD");
  });
  it("marks gain and loss by a sign, not by the colour alone", () => {
    const { container } = show(<><Figure value="5" signed /> <Figure value="-5" signed /> <Figure value="0" signed /></>);
    expect(container.textContent).toBe("+5 −5 0");
  });
  it("says of what is missing that it is not known, and shows words as words", () => {
    const { container } = show(<><Figure value={null} /> <Figure value="10/min" /></>);
    expect(container.textContent).toBe("not known 10/min");
  });
});

describe("a gauge", () => {
  it("says used, reserved and left, with a meter of both", () => {
    show(<Gauge limit={GAUGE} />);
    expect(screen.getByRole("meter", { name: "Capital in use" }).getAttribute("aria-valuenow")).toBe("42");
    expect(document.body.textContent).toContain("Used 2,870.88 · reserved 3,341.28 · left 8,787.84\u00a0USD");
  });
  it("says which number is which: how much of what, and how far beyond it", () => {
    show(<Gauge limit={{ ...GAUGE, headroom: "-58.91", holds: false, percent: 112 }} />);
    expect(document.body.textContent).toContain("agent momentumExceeded112 % of 15,000\u00a0USD");
    expect(document.body.textContent).toContain("over by 58.91\u00a0USD");
  });
  it.each([[{ percent: 80 }, "Near"], [{ holds: false, percent: 134 }, "Exceeded"], [{ missing: "mark of AAPL", used: null }, "Not known: mark of AAPL"]])("%j is %s", (more, words) => {
    show(<Gauge limit={{ ...GAUGE, ...more }} />);
    screen.getByText(new RegExp(words));
  });
  it("draws nothing for a limit that is no number", () => {
    show(<Gauge limit={{ ...GAUGE, limit: "blocked", used: "1", reserved: null, headroom: null, percent: null }} />);
    expect(screen.queryByRole("meter")).toBeNull();
  });
});

describe("time", () => {
  it("counts down, and says when it is over", () => {
    vi.useFakeTimers();
    show(<Left until={instant(Date.now() + 61_400)} over="lapsed" />);
    expect(screen.getByRole("timer").textContent).toBe("1 min 1 s");
    act(() => { vi.advanceTimersByTime(62_000); });
    screen.getByText("lapsed");
  });
  it("tells an instant here, and in UTC in its title", () => {
    show(<When at={1_780_000_000_123_456_789} />);
    screen.getByTitle(/^2026-05-28T20:26:40\.123Z/);
  });
});

describe("words", () => {
  it("says a finding in the sentence of the API, with the rule to look up", () => {
    const { container } = show(
      <Sentence finding={{ rule: "order_notional_max", subject: "agent:a", limit: "4000", actual: "6044.04", unit: "USD", verdict: "deny", retry_after_s: null, plain: "One order may open at most 4,000 USD (agent a); this one opens 6,044.04 USD.", sentence: "" }} />,
    );
    expect(container.textContent).toBe("One order may open at most 4,000 USD (agent a); this one opens 6,044.04 USD. The rule");
  });
  it("names the three verdicts", () => {
    const { container } = show(<><Verdict of="allow" /> <Verdict of="hold" /> <Verdict of="deny" /></>);
    expect(container.textContent).toBe("Allowed Held Denied");
  });
  it("keeps what others wrote text, and says whose it is", () => {
    const { container } = show(<><Quote by="agent rogue">{HOSTILE}</Quote><Badge>{HOSTILE}</Badge><Banner tone="bad" role="alert">{HOSTILE}</Banner></>);
    expect(container.querySelector("img")).toBeNull();
    expect(container.textContent).toContain("Written by agent rogue, not by Remit");
    expect(screen.getByRole("alert").textContent).toBe(HOSTILE);
  });
  it("leaves facts out that are not there", () => {
    const { container } = show(<Facts of={[["Client", ""], ["Agent", "momentum"], ["Exit", null]]} />);
    expect(container.textContent).toBe("Agentmomentum");
  });
});

it.each([
  [{ limit: "500", used: "500.004", headroom: "-0.004", percent: 101, holds: false }, "Used 500.004 · over by 0.004 USD"],
  [{ limit: "500", used: "499.996", headroom: "0.004", percent: 100, holds: true }, "Used 499.996 · left 0.004 USD"],
  [{ limit: "0.0000001", used: "0.0000004", headroom: "-0.0000003", percent: 400, holds: false, unit: "quantity" }, "Used 0.0000004 · over by 0.0000003 units"],
])("shows that what is near a limit is not at it", (limit, said) => {
  const { container } = show(<Gauge limit={{ ...GAUGE, reserved: "0", ...limit }} />);
  expect(container.textContent?.replaceAll("\u00a0", " ")).toContain(said);
});

it("tells a breach by a little in every unit", () => {
  expect([numbered("100.004", "bps", "100"), numbered("30.4", "seconds", "30"), numbered("30", "seconds", "30")]).toEqual(["100.004 bps", "30.4 s", "30 s"]);
  expect([measured("500.0000001", "500"), measured("499.999", "500"), measured("501.4512", "500")]).toEqual(["500.01", "499.999", "501.46"]);
});
