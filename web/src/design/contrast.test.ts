// Every colour that is read upon another, in every look: WCAG AA, computed from the tokens themselves.

import { describe, expect, it } from "vitest";
import tokens from "./tokens.css?raw";

const TEXT = [
  ...["text", "soft", "main", "good", "warn", "bad"].flatMap((over) => ["page", "surface", "raised"].map((under) => [over, under])),
  ...["main", "good", "warn", "bad"].flatMap((tone) => [[tone, `${tone}-tint`], ["text", `${tone}-tint`], ["soft", `${tone}-tint`]]),
  ["on-main", "main"], ["on-danger", "danger"], ["on-live", "live"], ["on-training", "training"],
] as [string, string][];
/** What is no text, but has to be seen: borders of fields, the ring of the focus, the filling of a gauge. */
const SHAPES = [
  ["edge", "surface"], ["edge", "page"], ["main", "surface"], ["main", "page"], ["main", "bar"], ["warn", "bar"], ["bad", "bar"],
  ["danger", "surface"],
] as [string, string][];

function pairsOf(block: string): Map<string, [string, string]> {
  const found = block.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);/g);
  return new Map([...found].map(([, name = "", light = "", dark = ""]) => [name, [light, dark]]));
}

function luminance(colour: string): number {
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = parts.map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

const usual = pairsOf(tokens.slice(0, tokens.indexOf('[data-contrast="more"]')));
const more = new Map([...usual, ...pairsOf(tokens.slice(tokens.indexOf('[data-contrast="more"]')))]);

describe.each([["light", usual, 0, 4.5], ["dark", usual, 1, 4.5], ["high contrast, light", more, 0, 7], ["high contrast, dark", more, 1, 7]] as const)(
  "%s",
  (_, colours, side, least) => {
    const colour = (name: string): string => colours.get(name)?.[side] ?? expect.fail(`no colour ${name}`);
    it.each(TEXT)("%s is read upon %s", (over, under) => {
      expect(contrast(colour(over), colour(under))).toBeGreaterThanOrEqual(least);
    });
    it.each(SHAPES)("%s is seen upon %s", (over, under) => {
      expect(contrast(colour(over), colour(under))).toBeGreaterThanOrEqual(3);
    });
  },
);
