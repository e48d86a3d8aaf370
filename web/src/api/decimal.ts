// Exact numbers. The API writes prices, quantities and money as decimal text, and text they stay: what has to be summed or
// compared goes through whole numbers at a scale of 10^-18, as in the kernel. No parseFloat, no Number, anywhere near money.

const SCALE = 18;
const ONE = 10n ** BigInt(SCALE);
const FORM = /^(-?)(\d+)(?:\.(\d{1,18}))?$/;

/** Whether a text is a decimal as the API writes it. */
export const isDecimal = (text: string): boolean => FORM.test(text);

/** A decimal as a whole number of 10^-18; RangeError where the text is none. */
export function exact(text: string): bigint {
  const found = FORM.exec(text);
  if (!found) throw new RangeError(`not a decimal: ${text}`);
  const [, sign, whole = "", part = ""] = found;
  const value = BigInt(whole + part.padEnd(SCALE, "0"));
  return sign ? -value : value;
}

/** The text of a whole number of 10^-18, with no more places than it needs. */
export function text(value: bigint): string {
  const size = value < 0n ? -value : value;
  const part = (size % ONE).toString().padStart(SCALE, "0").replace(/0+$/, "");
  return `${value < 0n ? "-" : ""}${size / ONE}${part && `.${part}`}`;
}

export const sum = (texts: readonly string[]): string => text(texts.reduce((all, one) => all + exact(one), 0n));

export const difference = (one: string, other: string): string => text(exact(one) - exact(other));

/** So many at a price each; the text of it has no more places than it needs. */
export const product = (one: string, other: string): string => text((exact(one) * exact(other)) / ONE);

/** -1, 0 or 1, as `one` is less than, equal to or more than `other`: what `sort` wants. */
export function compare(one: string, other: string): -1 | 0 | 1 {
  const gap = exact(one) - exact(other);
  return gap < 0n ? -1 : gap > 0n ? 1 : 0;
}

export const sign = (value: string): -1 | 0 | 1 => compare(value, "0");

/** How much of `whole` a part is, in percent and rounded up: for the length of a bar, never for a decision. Null where
 * there is nothing to compare with. */
export function percent(part: string, whole: string): number | null {
  const [one, all] = [exact(part), exact(whole)];
  if (all <= 0n) return null;
  const scaled = one * 100n;
  const ceiling = scaled > 0n ? (scaled + all - 1n) / all : scaled / all;
  return Number(ceiling > 100_000n ? 100_000n : ceiling < -100_000n ? -100_000n : ceiling);
}

/** A decimal rounded to some places, half away from zero: for the eye alone, with the exact text beside it. */
export const rounded = (value: string, places: number): string => stepped(value, places, (step) => step / 2n);

/** The same, always away from zero: what broke its limit by a little must not seem to keep it. The sentences of the API round so. */
export const outward = (value: string, places: number): string => stepped(value, places, (step) => step - 1n);

function stepped(value: string, places: number, more: (step: bigint) => bigint): string {
  const step = 10n ** BigInt(SCALE - places);
  const given = exact(value);
  const size = given < 0n ? -given : given;
  const near = ((size + more(step)) / step) * step;
  const [whole = "0", part = ""] = text(near).split(".");
  const body = places ? `${whole}.${part.padEnd(places, "0")}` : whole;
  return given < 0n && near !== 0n ? `-${body}` : body;
}

/** How many places it takes to see that a number is not zero, and not one of others that it stands beside: at least so many.
 * Without that what broke its limit by a little would look as if it kept it. */
export function placesApart(value: string, others: readonly (string | null | undefined)[], places: number, round = rounded): number {
  const unlike = ["0", ...others].filter((other) => typeof other === "string" && isDecimal(other) && compare(other, value) !== 0) as string[];
  let found = places;
  while (found < SCALE && unlike.some((other) => round(other, found) === round(value, found))) found += 1;
  return found;
}

/** A decimal with its thousands set apart; every other text as it is. */
export function grouped(value: string): string {
  const found = /^(-?)(\d+)(\.\d+)?$/.exec(value);
  if (!found) return value;
  return `${found[1]}${(found[2] ?? "").replace(/\B(?=(\d{3})+$)/g, ",")}${found[3] ?? ""}`;
}

/** A number for the eye: grouped, and rounded to hundredths where it has more places than that; below one to a millionth
 * or further, since of a small quantity hundredths would leave nothing. */
export const brief = (value: string): string => kept(value, (whole, part) => (whole === "0" ? small(part) : 2));

/** A price for the eye: to six digits and at least to hundredths, since a fourth place of a currency or of a chance is money. */
export function priced(value: string): string {
  const shown = kept(value, (whole, part) => (whole === "0" ? small(part) : Math.max(PLACES - whole.length, 2)));
  const places = (shown.split(".")[1] ?? "").length;
  return isDecimal(value) && places < 2 ? grouped(rounded(value, 2)).replace(/^-/, "−") : shown;
}

const PLACES = 6;

/** The places of what is below one: two digits of it are shown, however small it is. */
const small = (part: string): number => Math.min(Math.max(PLACES, part.search(/[1-9]/) + 2), SCALE);

/** Rounded to what `places` says of its whole part, with no zeros beyond hundredths that say nothing. */
function kept(value: string, places: (whole: string, part: string) => number): string {
  if (!isDecimal(value)) return value;
  const [whole = "0", part = ""] = value.replace("-", "").split(".");
  const shown = part.length > 2 ? rounded(value, places(whole, part)).replace(/(\.\d\d\d*?)0+$/, "$1") : value;
  return grouped(shown).replace(/^-/, "−");
}
