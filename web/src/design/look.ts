// How the page looks: as the system prefers, light, dark or in high contrast. The choice is this browser's alone.

import { Shared } from "../api/shared";

export const LOOKS = { system: "As the system", light: "Light", dark: "Dark", contrast: "High contrast" } as const;
export type Look = keyof typeof LOOKS;

const KEPT = "remit.look";
export const look = new Shared<Look>("system");

/** Take the kept choice, and follow the system's wish for contrast. */
export function takeLook(): void {
  const kept = localStorage.getItem(KEPT);
  look.set(kept !== null && Object.hasOwn(LOOKS, kept) ? (kept as Look) : "system");
  matchMedia("(prefers-contrast: more)").addEventListener("change", show);
  show();
}

export function chooseLook(chosen: Look): void {
  localStorage.setItem(KEPT, chosen);
  look.set(chosen);
  show();
}

function show(): void {
  const { dataset } = document.documentElement;
  const chosen = look.get();
  const wantsMore = chosen === "contrast" || (chosen === "system" && matchMedia("(prefers-contrast: more)").matches);
  dataset["look"] = chosen;
  dataset["contrast"] = wantsMore ? "more" : "usual";
}
