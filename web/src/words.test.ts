import { expect, it } from "vitest";
import { subjectWords, unitWords, words } from "./words";

it.each([["daily_loss_max", "Daily loss"], ["price_collar_bps", "Price collar"], ["concentration_max_pct", "Share of one market"], ["hours_active", "Hours of trading"], ["max", "Max"], ["expires_at", "Ends"], ["ai_spend_daily_max", "AI spend a day"], ["approval_expiry_s", "Wait for people"]])("%s is %s", (name, said) => {
  expect(words(name)).toBe(said);
});
it("names subjects as people do", () => {
  expect([subjectWords("firm"), subjectWords("agent:momentum")]).toEqual(["the firm", "agent momentum"]);
});
it("says units only where somebody reads them", () => {
  expect(["USD", "bps", "quantity", "pct", "count", "names"].map(unitWords)).toEqual(["USD", "bps", "units", "%", "", ""]);
});
