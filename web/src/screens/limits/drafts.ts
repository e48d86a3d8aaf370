// Drafts of mandates: what was typed and is not published. They outlive a reload and a lost connection, in this tab alone, and
// belong to whoever typed them.

import { session } from "../../api/session";
import { Shared, useShared } from "../../api/shared";
import type { Texts } from "./values";

/** The version that a draft was written against. */
export interface Base {
  etag: string;
  number: number | null;
  texts: Texts;
}

export interface Draft {
  by: string;
  subject: string;
  base: Base;
  texts: Texts;
  preset: string;
}

type Drafts = { readonly [place: string]: Draft };

const PLACE = "remit.drafts";
const placeOf = (by: string, subject: string): string => `${by} ${subject}`;
const held = new Shared<Drafts>(kept());

function kept(): Drafts {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE) ?? "{}") as Drafts;
  } catch {
    return {}; // unreadable, or nothing may be kept here: begin without
  }
}

function hold(drafts: Drafts): void {
  held.set(drafts);
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(drafts));
  } catch {
    // No room, or none allowed: they last as long as the page.
  }
}

const me = (): string => session.get().me?.name ?? "";

/** Hold what was typed for a subject. */
export function draft(subject: string, base: Base, texts: Texts, preset = ""): void {
  hold({ ...held.get(), [placeOf(me(), subject)]: { by: me(), subject, base, texts, preset } });
}

/** Forget the draft of a subject. */
export function drop(subject: string): void {
  const { [placeOf(me(), subject)]: _, ...others } = held.get();
  hold(others);
}

/** Forget all, and take what is kept. For what follows a reload. */
export const reload = (): void => held.set(kept());

/** One's own drafts, by subject. */
export function useDrafts(): { readonly [subject: string]: Draft } {
  const all = Object.values(useShared(held)).filter(({ by }) => by === me());
  return Object.fromEntries(all.map((one) => [one.subject, one]));
}

/** Put a draft upon another version: what was left as it was follows that version, what was changed stays. */
export function upon({ subject, base, texts, preset }: Draft, other: Base): void {
  const fields = new Set([...Object.keys(base.texts), ...Object.keys(texts), ...Object.keys(other.texts)]);
  const merged: Record<string, string> = {};
  for (const field of fields) {
    const value = texts[field] === base.texts[field] ? other.texts[field] : texts[field];
    if (value !== undefined) merged[field] = value;
  }
  draft(subject, other, merged, preset);
}

/** The texts without a field. */
export function without(texts: Texts, field: string): Texts {
  const { [field]: _, ...others } = texts;
  return others;
}

/** The fields in which two mandates are not typed alike. */
export const different = (one: Texts, other: Texts): string[] =>
  [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((field) => one[field] !== other[field]);
