// The differences of one connection, row by row, each with what it means.

import type { DriftRow } from "../../api/schema";
import { Badge, type Tone } from "../../parts/Banner";
import { Figure } from "../../parts/Money";
import { Table, type Column } from "../../parts/Table";
import { When } from "../../parts/When";

const BUCKETS: { [bucket in DriftRow["bucket"]]: [Tone, string] } = {
  in_transit: ["plain", "In transit"],
  small: ["warn", "Small"],
  large: ["bad", "Large"],
};

/** What a difference means, and what follows from it. */
export function meaning({ kind, item, bucket, rounds, book, why }: DriftRow): string {
  const more = why ? ` ${why}.` : "";
  if (bucket === "in_transit") return `A report that is under way explains it: it arrives, or grows old and is shown.${more}`;
  if (kind === "order") {
    return book === "0"
      ? `${item} works at the venue, and the book never placed it: cancel it there, then ask again.${more}`
      : `${item} works in the book, and the venue does not know it.${more}`;
  }
  if (bucket === "small") return `Watched, seen in ${rounds} ${rounds === 1 ? "round" : "rounds"}: if it stays it counts as large.${more}`;
  const what = kind === "cash" ? `as much ${item}` : `as many ${item}`;
  return `The venue does not hold ${what} as the book says. Somebody traded, paid in or out past Remit, or a report was lost.${more}`;
}

const works = (value: string): string => (value === "0" ? "not there" : "works");

const COLUMNS: readonly Column<DriftRow>[] = [
  { head: "What", names: true, cell: ({ kind, item }) => <>{kind} {item}</> },
  { head: "Book", number: true, cell: ({ kind, book }) => (kind === "order" ? works(book) : <Figure value={book} />) },
  { head: "Venue", number: true, cell: ({ kind, venue }) => (kind === "order" ? works(venue) : <Figure value={venue} />) },
  { head: "Difference", number: true, cell: ({ kind, difference }) => (kind === "order" ? "" : <strong><Figure value={difference} signed /></strong>) },
  { head: "Weight", cell: ({ bucket }) => <Badge tone={BUCKETS[bucket][0]}>{BUCKETS[bucket][1]}</Badge> },
  { head: "Since", cell: ({ since }) => <When at={since} /> },
  { head: "What it means", cell: (row) => <span className="halts-meaning">{meaning(row)}</span> },
];

export function Drifts({ connection, rows }: { connection: string; rows: readonly DriftRow[] }) {
  return <Table label={`What differs on ${connection}`} columns={COLUMNS} rows={rows} keyOf={({ kind, item }) => `${kind} ${item}`} />;
}
