// Numbers: rounded for the eye where they are long, with all their places for whoever asks.

import { brief, grouped, isDecimal, outward, placesApart, priced, rounded, sign } from "../api/decimal";
import { unitWords } from "../words";

interface FigureProps {
  /** Decimal text of the API; null where it is not known. */
  value: string | null | undefined;
  unit?: string;
  /** Places shown; all of them where it is not said. */
  places?: number | undefined;
  /** A plus before what is above zero, and the colour of gain or loss. */
  signed?: boolean;
}

/** A quantity, price or amount, always in full in its title. */
export function Figure({ value, unit = "", places, signed = false }: FigureProps) {
  if (value === null || value === undefined) return <span className="soft">not known</span>;
  if (!isDecimal(value)) return <span>{value}</span>;
  const shown = grouped(places === undefined ? value : rounded(value, places));
  const side = sign(value);
  const tone = !signed || side === 0 ? "" : side > 0 ? " good" : " bad";
  return (
    <span className={`number${tone}`} title={`${value} ${unit}`.trim()}>
      {signed && side > 0 ? "+" : ""}
      {shown.replace(/^-/, "−")}
      {unit && <small className="unit">{"\u00a0"}{unit}</small>}
    </span>
  );
}

/** An amount of a currency, to the hundredth. */
export function Money({ value, currency, signed = false }: { value: string | null | undefined; currency?: string; signed?: boolean }) {
  return <Figure value={value} unit={currency ?? ""} places={2} signed={signed} />;
}

interface AmountProps {
  value: string | null;
  unit: string;
  /** Leave the unit to what stands beside it. */
  bare?: boolean;
  /** What it stands beside: where the two differ they look different. */
  beside?: string | null;
}

/** A number of a limit in its unit: money to the hundredth, all else in brief, since a share has eighteen places. */
export function Amount({ value, unit, bare = false, beside }: AmountProps) {
  const said = unitWords(unit);
  if (value === null || !isDecimal(value)) return <Figure value={value} />;
  const places = placesApart(value, [beside], 2);
  if (/^[A-Z]{3}$/.test(said)) return <Figure value={value} unit={bare ? "" : said} places={places} />;
  const shown = places > 2 && beside ? grouped(rounded(value, places)).replace(/^-/, "−") : brief(value);
  return <span className="number" title={`${value} ${said}`.trim()}>{shown}{said && !bare && <small className="unit">{"\u00a0"}{said}</small>}</span>;
}

/** What was measured against a limit that it broke: rounded away from zero, as the sentences of the API have it. */
export function Measured({ value, unit, limit }: { value: string; unit: string; limit: string }) {
  const said = unitWords(unit);
  return <span className="number" title={`${value} ${said}`.trim()}>{measured(value, limit)}{said && <small className="unit">{"\u00a0"}{said}</small>}</span>;
}

/** The same as a text, without its unit. */
export function measured(value: string, limit: string): string {
  if (!isDecimal(value)) return value;
  return grouped(outward(value, placesApart(value, [limit], 2, outward))).replace(/\.00$/, "").replace(/^-/, "−");
}

/** A price or an average of prices: as many places as are money. */
export function Price({ value }: { value: string | null | undefined }) {
  if (value === null || value === undefined) return <Figure value={null} />;
  return <span className="number" title={value}>{priced(value)}</span>;
}
