// Rows and columns. On a phone each row is a card with its columns' names; of many rows only those in sight are there.

import { useVirtualizer } from "@tanstack/react-virtual";
import { useRef, type ReactNode } from "react";

export interface Column<Row> {
  head: string;
  cell: (row: Row) => ReactNode;
  /** Numbers stand at the right, one below the other. */
  number?: boolean;
  /** The cell that names the row. */
  names?: boolean;
}

interface TableProps<Row> {
  /** What the table is of, for who cannot see where it stands. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string | number;
}

const MANY = 100;
const ROW_PX = 41;

export function Table<Row>(props: TableProps<Row>) {
  return props.rows.length > MANY ? <Long {...props} /> : (
    <div className="table" role="region" aria-label={props.label} tabIndex={0}>
      <table>
        <Head columns={props.columns} label={props.label} />
        <tbody>{props.rows.map((row) => <tr key={props.keyOf(row)}><Cells row={row} columns={props.columns} /></tr>)}</tbody>
      </table>
    </div>
  );
}

/** A table that scrolls by itself and holds only the rows in sight, with room above and below for all others. */
function Long<Row>({ label, columns, rows, keyOf }: TableProps<Row>) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 20,
    getItemKey: (index) => { const row = rows[index]; return row === undefined ? index : keyOf(row); },
  });
  const shown = virtual.getVirtualItems();
  const above = shown[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (shown.at(-1)?.end ?? 0);
  return (
    <div ref={box} className="table long" role="region" aria-label={label} tabIndex={0}>
      <table aria-rowcount={rows.length + 1}>
        <Head columns={columns} label={label} />
        <tbody>
          {above > 0 && <tr aria-hidden style={{ height: above }} />}
          {shown.map(({ index, key }) => {
            const row = rows[index];
            return row !== undefined && (
              <tr key={key as string | number} data-index={index} aria-rowindex={index + 2} ref={virtual.measureElement}>
                <Cells row={row} columns={columns} />
              </tr>
            );
          })}
          {below > 0 && <tr aria-hidden style={{ height: below }} />}
        </tbody>
      </table>
    </div>
  );
}

function Head<Row>({ columns, label }: { columns: readonly Column<Row>[]; label: string }) {
  return (
    <>
      <caption className="heard">{label}</caption>
      <thead><tr>{columns.map(({ head, number }) => <th key={head} scope="col" className={number ? "right" : ""}>{head}</th>)}</tr></thead>
    </>
  );
}

function Cells<Row>({ row, columns }: { row: Row; columns: readonly Column<Row>[] }) {
  return columns.map(({ head, cell, number, names }) => {
    const Cell = names ? "th" : "td";
    return <Cell key={head} scope={names ? "row" : undefined} data-head={head} className={number ? "right" : ""}>{cell(row)}</Cell>;
  });
}
