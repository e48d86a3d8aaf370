// The names of the API as words for people: rules by their titles, all others without their underscores.

import { TITLES } from "./api/titles";

/** `mark_age_max` as `Oldest price`, `not_reconciled` as `Not reconciled`. */
export function words(name: string): string {
  return capital(TITLES[name] ?? name.replaceAll("_", " "));
}

/** A text with a capital at its head. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `agent:momentum` as `agent momentum`; `firm` as `the firm`. */
export function subjectWords(subject: string): string {
  return subject === "firm" ? "the firm" : subject.replace(":", " ");
}

/** An exit as the API words it, `stop_loss 90, take_profit 108`, with the names of its legs as words. */
export const exitWords = (exit: string): string => exit.replace(/(stop_loss|trailing_stop|take_profit)/g, (leg) => leg.replace("_", " "));

/** A subject at the head of a sentence, or in a list: `Agent momentum`, `The firm`. */
export const whom = (subject: string): string => capital(subjectWords(subject));

const UNITS: { [unit: string]: string } = { quantity: "units", pct: "%", seconds: "s", count: "", name: "", names: "", rate: "", ratio: "", fact: "", text: "", none: "" };

/** A unit of the API as it stands after a number; empty where the number is read without one. */
export const unitWords = (unit: string): string => UNITS[unit] ?? unit;
