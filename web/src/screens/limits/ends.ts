// When a mandate ends: in a draft as whole seconds since the epoch, in its field as this machine's own time.

import type { MandateRow } from "../../api/schema";
import { now } from "../../api/time";
import type { Texts } from "./values";

/** The field of a mandate that is no rule's: what is not there never ends. */
export const END = "expires_at";

const NS_IN_S = 1e9;
const two = (part: number): string => String(part).padStart(2, "0");

/** The end that a mandate has, as a draft of it begins with; one that is over has none, or it could not be published. */
export function endTexts({ in_force, expires_at }: Pick<MandateRow, "in_force" | "expires_at">): Texts {
  return in_force && expires_at ? { [END]: secondsOf(expires_at) } : {};
}

/** An instant as a draft keeps it: whole seconds are exact here, and an end that is rounded up would loosen. */
export const secondsOf = (at: number): string => String(Math.floor(at / NS_IN_S));

/** What a field shows of a draft's end. */
export function typedEnd(text: string): string {
  if (!/^\d+$/.test(text)) return "";
  const at = new Date(Number(text) * 1000);
  const clock = [at.getHours(), at.getMinutes(), ...(at.getSeconds() ? [at.getSeconds()] : [])].map(two).join(":");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${clock}`;
}

/** What a draft keeps of what a field holds; empty while that is no time. */
export function readEnd(typed: string): string {
  const at = new Date(typed).getTime();
  return typed === "" || Number.isNaN(at) ? "" : String(Math.floor(at / 1000));
}

/** What is wrong with a draft's end; nothing where it never ends. */
export function endFault(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) return "Give a day and a time.";
  return Number(text) * 1000 <= now() ? "That is over already. To stop somebody at once, pause them." : undefined;
}

/** The end that a draft says, as the API takes it: null for none. */
export const endIn = (texts: Texts): number | null => (/^\d+$/.test(texts[END] ?? "") ? Number(texts[END]) * NS_IN_S : null);

/** The end to compare a draft with: nothing where it is that of the version in force, whose fraction of a second no draft keeps. */
export const endToWeigh = (texts: Texts, base: Texts): number | null | undefined =>
  texts[END] !== undefined && texts[END] === base[END] ? undefined : endIn(texts);
