import { expect, it, vi } from "vitest";
import { ago, duration, instant, local, milliseconds, now, tellClock, utc } from "./time";

const AT = 1_780_000_000_123_456_789; // beyond what a number holds exactly

it("keeps an instant to less than a microsecond", () => {
  expect(utc(AT)).toBe("2026-05-28T20:26:40.123Z");
  expect(Math.abs(milliseconds(AT) - 1_780_000_000_123.4568)).toBeLessThan(0.001);
  expect(instant(1_780_000_000_123)).toBe(1_780_000_000_123_000_000);
});

it.each([[0, "0 s"], [45, "45 s"], [59.9, "59 s"], [200, "3 min 20 s"], [7500, "2 h 5 min"], [349_200, "4 d 1 h"], [-5, "0 s"]])("%d s is %s", (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

it("names the day of what is not today", () => {
  const now = milliseconds(AT) + 65_000;
  expect(local(AT, now)).toMatch(/^\d\d:\d\d:40$/);
  expect(local(AT, now + 86_400_000 * 3)).toMatch(/^2[89] May.* \d\d:\d\d:40$/);
  expect(ago(AT, now)).toBe("1 min 5 s ago");
});

it("goes by the door's clock where this machine's is wrong", () => {
  vi.useFakeTimers({ now: Date.parse("2026-06-01T12:00:00Z") });
  tellClock("Mon, 01 Jun 2026 12:00:01 GMT");
  expect(now()).toBe(Date.now());
  tellClock("Mon, 01 Jun 2026 12:10:00 GMT");
  expect(now() - Date.now()).toBe(600_500);
  tellClock(null);
  expect(now() - Date.now()).toBe(600_500);
  tellClock("Mon, 01 Jun 2026 12:00:00 GMT");
  expect(now()).toBe(Date.now());
});
