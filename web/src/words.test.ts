import { expect, it } from "vitest";
import { subjectWords, words } from "./words";

it.each([["daily_loss_max", "Daily loss, at most"], ["price_collar_bps", "Price collar, in bps"], ["concentration_max_pct", "Concentration, in %, at most"], ["hours_active", "Hours active"], ["max", "Max"]])("%s is %s", (name, said) => {
  expect(words(name)).toBe(said);
});
it("names subjects as people do", () => {
  expect([subjectWords("firm"), subjectWords("agent:momentum")]).toEqual(["the firm", "agent momentum"]);
});
