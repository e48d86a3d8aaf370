import { describe, expect, it, vi } from "vitest";
import { END, endFault, endIn, endTexts, endToWeigh, readEnd, secondsOf, typedEnd } from "./ends";

const AT = new Date(2026, 11, 31, 18, 30).getTime() / 1000;

describe("when a mandate ends", () => {
  it("is typed in this machine's own time and kept in whole seconds", () => {
    expect(typedEnd(String(AT))).toBe("2026-12-31T18:30");
    expect(typedEnd(String(AT + 5))).toBe("2026-12-31T18:30:05");
    expect([readEnd("2026-12-31T18:30"), readEnd(""), readEnd("2026-13-99T00:00")]).toEqual([String(AT), "", ""]);
    expect([typedEnd(""), typedEnd("soon")]).toEqual(["", ""]);
  });
  it("is kept as it is, a fraction of a second earlier and never later", () => {
    const at = AT * 1e9 + 900_000_000;
    expect(secondsOf(at)).toBe(String(AT));
    const base = endTexts({ in_force: true, expires_at: at });
    expect([base, endIn(base), endToWeigh(base, base)]).toEqual([{ [END]: String(AT) }, AT * 1e9, undefined]);
    expect([endToWeigh({}, base), endToWeigh({ [END]: String(AT + 60) }, base)]).toEqual([null, (AT + 60) * 1e9]);
  });
  it("that is over is not taken over", () => {
    expect(endTexts({ in_force: false, expires_at: AT * 1e9 })).toEqual({});
    expect([endIn({}), endToWeigh({}, {})]).toEqual([null, null]);
  });
  it("lies ahead", () => {
    vi.setSystemTime(AT * 1000);
    expect([endFault(undefined), endFault(""), endFault(String(AT)), endFault(String(AT + 60))]).toEqual([undefined, "Give a day and a time.", expect.stringMatching(/over already/), undefined]);
  });
});
