// Names and values in two columns; what is not there is left out.

import type { ReactNode } from "react";

export type Fact = readonly [name: string, value: ReactNode];

export function Facts({ of }: { of: readonly Fact[] }) {
  const known = of.filter(([, value]) => value !== null && value !== undefined && value !== false && value !== "");
  return (
    <dl className="facts">
      {known.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What an agent or anybody outside wrote: a text and nothing else, set apart, so that nobody takes it for the house's word. */
export function Quote({ by, children }: { by: string; children: string }) {
  return (
    <figure className="quote">
      <figcaption className="small soft">Written by {by}, not by Remit</figcaption>
      <blockquote>{children}</blockquote>
    </figure>
  );
}
