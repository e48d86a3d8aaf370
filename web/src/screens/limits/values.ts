// The values of limits: as a mandate holds them, as they are typed, and as they are shown. What a field takes the API says
// (`/v1/rules`); here it is only read and written.

import { grouped, isDecimal } from "../../api/decimal";
import type { Mandate, RuleRow } from "../../api/schema";
import { duration } from "../../api/time";
import { numbered } from "../../parts/Verdict";
import { words } from "../../words";

/** What is typed, by field; a field that is not there is not set. */
export type Texts = { readonly [field: string]: string };
export type Read = { value: unknown } | { fault: string };

interface Rate {
  count: number;
  per_s: number;
}

const PERIODS: { readonly [unit: string]: number } = { s: 1, min: 60, h: 3600, d: 86_400 };
const NAMED: { readonly [seconds: number]: string } = { 1: "a second", 60: "a minute", 3600: "an hour", 86_400: "a day" };
const RATE = /^(\d+)\s*(?:\/|in|per)\s*(\d+)?\s*(s|min|h|d)$/;
/** Commas set thousands apart; any other comma may be meant as a point, and is asked about. */
const THOUSANDS = /^\d{1,3}(,\d{3})+(\.\d*)?$/;
const WAIT = /^(\d+)\s*(s|min|h|d)?$/;
const NAME = /^[^\s,@]+$/;
const HOURS = /^\S+ \S+ \S+$/;

/** Read what was typed for a field; `fault` says what is wrong with it. */
export function read(rule: RuleRow, typed: string): Read {
  const text = typed.trim();
  switch (rule.input) {
    case "money": case "quantity": case "ratio": return decimalOf(text);
    case "whole": return rule.unit === "seconds" ? waitOf(text, rule) : wholeOf(text, rule);
    case "wait": return rule.choices.includes(text) ? { value: text } : waitOf(text, rule);
    case "rate": return rateOf(text);
    case "names": return namesOf(text, rule);
    case "word": return rule.choices.includes(text) ? { value: text } : { fault: `Choose ${rule.choices.join(" or ")}.` };
    default: return text ? { value: text } : { fault: "Give a time zone, such as Europe/Berlin." };
  }
}

function decimalOf(text: string): Read {
  const plain = THOUSANDS.test(text) ? text.replaceAll(",", "") : text;
  if (/^-?\d*,\d*$/.test(plain)) return { fault: `Write a point and not a comma: ${plain.replace(",", ".")}.` };
  if (!isDecimal(plain)) return { fault: text ? "Write a number, such as 250 or 0.5." : "Give a value, or take the limit away." };
  if (plain.startsWith("-")) return { fault: "It must not be below zero." };
  return { value: shortest(plain) };
}

/** The one way in which a decimal is written: no zero that says nothing. */
const shortest = (text: string): string => text.replace(/^0+(?=\d)/, "").replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");

function wholeOf(text: string, rule: RuleRow): Read {
  if (!/^\d{1,13}$/.test(text)) return { fault: text ? "Write a whole number." : "Give a value, or take the limit away." };
  return bounded(Number(text), rule);
}

function waitOf(text: string, rule: RuleRow): Read {
  const found = WAIT.exec(text);
  if (!found) return { fault: `Write seconds, or a time such as 5 min, 2 h or 1 d${rule.choices.length ? `, or ${rule.choices.join(" or ")}` : ""}.` };
  return bounded(Number(found[1]) * (PERIODS[found[2] ?? "s"] ?? 1), rule);
}

function bounded(value: number, { low, high }: RuleRow): Read {
  if (low !== null && value < low) return { fault: `It must be at least ${low}.` };
  if (high !== null && value > high) return { fault: `It must be at most ${grouped(String(high))}.` };
  return { value };
}

function rateOf(text: string): Read {
  const found = RATE.exec(text);
  const [count, per] = [Number(found?.[1] ?? 0), Number(found?.[2] ?? 1) * (PERIODS[found?.[3] ?? ""] ?? 0)];
  if (!found) return { fault: "Write a rate, such as 10/min, 2/s or 100/5 min." };
  if (count < 1 || count > 1_000_000) return { fault: "The count must be from 1 to 1,000,000." };
  return per < 1 || per > 86_400 ? { fault: "The time must be from 1 s to 1 d." } : { value: { count, per_s: per } };
}

/** Names, sorted and each once. A window of hours is one name, in which a mandate has `@` where people write a space. */
function namesOf(text: string, rule: RuleRow): Read {
  const names = text.split(/[,;\n]/).map((name) => name.trim().replace(/\s+/g, " ")).filter(Boolean);
  const isHours = rule.rule === "hours_active";
  const odd = names.find((name) => !NAME.test(name) && !(isHours && HOURS.test(name)));
  if (odd) return { fault: isHours ? `${odd} is no calendar; write America/New_York mon-fri 09:30-16:00.` : `${odd} is no name; set names apart by commas.` };
  const strange = rule.choices.length > 0 && names.find((name) => !rule.choices.includes(name));
  if (strange) return { fault: `${strange} is none of ${rule.choices.join(", ")}.` };
  return { value: [...new Set(names.map((name) => name.replaceAll(" ", "@")))].sort() };
}

/** A value as it is typed. */
export function typed(rule: RuleRow, value: unknown): string {
  if (isRate(value)) return `${value.count}/${periodOf(value.per_s)}`;
  if (Array.isArray(value)) return value.map((name) => String(name).replaceAll("@", " ")).join(", ");
  return rule.unit === "seconds" && typeof value === "number" ? timeOf(value) : String(value);
}

function periodOf(seconds: number): string {
  const [unit, each] = largest(seconds);
  return seconds === each ? unit : `${seconds / each} ${unit}`;
}

const timeOf = (seconds: number): string => { const [unit, each] = largest(seconds); return `${seconds / each} ${unit}`; };

/** The largest unit that a time is a whole number of. */
function largest(seconds: number): [string, number] {
  return (seconds > 0 && Object.entries(PERIODS).reverse().find(([, each]) => seconds % each === 0)) || ["s", 1];
}

const isRate = (value: unknown): value is Rate => typeof value === "object" && value !== null && "per_s" in value;

const UNITS: { readonly [unit: string]: string } = { pct: " %", quantity: " units" };

/** A value as people read it, with its unit. */
export function shown(rule: RuleRow, value: unknown, currency: string): string {
  if (value === null || value === undefined) return "not set";
  if (isRate(value)) return `${grouped(String(value.count))} ${NAMED[value.per_s] ?? `in ${duration(value.per_s)}`}`;
  if (rule.input === "rate") return numbered(String(value), rule.unit);
  if (Array.isArray(value)) return value.length ? value.map((name) => String(name).replaceAll("@", " ")).join(", ") : "nothing";
  if (rule.input === "word" || rule.input === "zone") return String(value);
  if (rule.input === "wait") return value === "review" || value === 0 ? "a review" : `${duration(Number(value))}, and a review`;
  if (rule.unit === "seconds") return duration(Number(value));
  if (rule.unit === "bps") return `${grouped(String(value))} bps (${Number(value) / 100} %)`;
  if (rule.unit === "money") return `${grouped(String(value))} ${currency}`;
  return grouped(String(value)) + (UNITS[rule.unit] ?? "");
}

/** What stands beside the input: the unit, and how it may be written. */
export function hint(rule: RuleRow, currency: string): string {
  switch (rule.input) {
    case "money": return `in ${currency}`;
    case "quantity": return "in units: shares, coins or contracts";
    case "ratio": return rule.rule.startsWith("confidence") ? "from 0 to 1, such as 0.6" : "a number, such as 1.5";
    case "rate": return "such as 10/min, 2/s or 100/5 min";
    case "wait": return `a time such as 30 min, or ${rule.choices.join(" or ")}`;
    case "word": return "";
    case "zone": return "such as UTC or Europe/Berlin";
    case "names":
      if (rule.rule === "hours_active") return "calendars or hours, set apart by commas: America/New_York mon-fri 09:30-16:00";
      return rule.choices.length ? `of ${rule.choices.join(", ")}` : "set apart by commas; nothing here means that nothing is on the list";
    default: return { seconds: "a time such as 30 s, 5 min or 2 h", bps: "in bps: 100 bps are 1 %", pct: "in %", count: "a whole number" }[rule.unit] ?? "";
  }
}

/** What is typed as a mandate, and what is wrong with it, by field. */
export function mandateOf(rules: readonly RuleRow[], texts: Texts): { mandate: Mandate; faults: Texts } {
  const mandate: Record<string, unknown> = {};
  const faults: Record<string, string> = {};
  for (const rule of rules) {
    const text = texts[rule.rule];
    if (text === undefined) continue;
    const found = read(rule, text);
    if ("fault" in found) faults[rule.rule] = found.fault;
    else mandate[rule.rule] = found.value;
    if (rule.together && texts[rule.together] === undefined) faults[rule.rule] ??= `Set ${words(rule.together)} too: the two go together.`;
  }
  return { mandate: mandate as Mandate, faults };
}

/** A mandate as it would be typed. */
export function textsOf(rules: readonly RuleRow[], mandate: Mandate | null): Texts {
  const values = (mandate ?? {}) as Record<string, unknown>;
  const set = rules.filter(({ rule }) => values[rule] !== undefined && values[rule] !== null);
  return Object.fromEntries(set.map((rule) => [rule.rule, typed(rule, values[rule.rule])]));
}

/** The scope of a subject: `agent` of `agent:momentum`. */
export const scopeOf = (subject: string): string => subject.split(":")[0] ?? "";


/** Whether a rule answers to what is searched for. */
export const matches = (rule: RuleRow, wanted: string): boolean =>
  wanted.toLowerCase().split(/\s+/).every((word) => `${rule.rule} ${words(rule.rule)} ${rule.plain} ${rule.group} ${rule.measures}`.toLowerCase().includes(word));

/** What stands in an address as it was meant: the router leaves `%3A` and `%2F` as they are. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
