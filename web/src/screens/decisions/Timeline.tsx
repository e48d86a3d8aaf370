// The lines themselves: only those in sight are there, however many are held, and the window scrolls them.

import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Line } from "../../api/schema";
import { Asked, Refused } from "../../parts/Asked";
import { Button } from "../../parts/Button";
import { useLines, type Filter, type Lines } from "./lines";
import { Said } from "./Said";

const ROW_PX = 66;
const NEAR_END = 30;
const AT_TOP_PX = 40;

export function Timeline({ filter }: { filter: Filter }) {
  const lines = useLines(filter);
  const hasNone = lines.rows.length === 0 && lines.fresh === 0;
  return (
    <section className="section flush decisions" aria-label="Lines of the journal">
      <Asked of={lines.head} empty={() => hasNone} none="Nothing in the journal fits. Choose fewer filters, or wait: what happens is shown at once.">
        {() => <Shown lines={lines} />}
      </Asked>
    </section>
  );
}

/** Whether nobody reads: the window is at its top, and neither the pointer nor the focus is among the lines. */
function useIdle(box: React.RefObject<HTMLElement | null>): () => boolean {
  const over = useRef(false);
  useEffect(() => {
    const [shown, moved] = [box.current, (event: Event) => { over.current = event.type === "pointerenter"; }];
    shown?.addEventListener("pointerenter", moved);
    shown?.addEventListener("pointerleave", moved);
    return () => {
      shown?.removeEventListener("pointerenter", moved);
      shown?.removeEventListener("pointerleave", moved);
    };
  }, [box]);
  return () => window.scrollY <= AT_TOP_PX && !over.current && !box.current?.contains(document.activeElement);
}

function Shown({ lines }: { lines: Lines }) {
  const list = useRef<HTMLOListElement>(null);
  const isIdle = useIdle(list);
  const { rows, fresh, show, older, hasOlder, isFetching, problem } = lines;
  useEffect(() => {
    if (fresh !== 0 && isIdle()) show();
  });
  const jump = (): void => {
    show();
    window.scrollTo({ top: 0 });
  };
  return (
    <>
      <div className="decisions-fresh" role="status">
        {fresh !== 0 && <Button tone="main" onClick={jump}>{fresh === null ? "Many" : fresh} new</Button>}
      </div>
      <Rows rows={rows} list={list} onEnd={problem ? null : older} />
      <div className="decisions-end small soft">
        <Refused problem={problem} again={older} busy={isFetching} />
        {!problem && (isFetching ? <span role="status">Older lines are fetched</span> : hasOlder ? <Button onClick={older}>Older</Button> : "These are all.")}
      </div>
    </>
  );
}

interface RowsProps {
  rows: readonly Line[];
  list: React.RefObject<HTMLOListElement | null>;
  /** What is done as the end comes near. */
  onEnd: (() => void) | null;
}

export function Rows({ rows, list, onEnd }: RowsProps) {
  const [above, setAbove] = useState(0);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PX,
    overscan: 12,
    scrollMargin: above,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  useLayoutEffect(() => {
    const top = (list.current?.getBoundingClientRect().top ?? 0) + window.scrollY;
    if (Math.abs(top - above) > 1) setAbove(top);
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - NEAR_END && window.scrollY > 0) onEnd?.();
  }, [last, rows.length, onEnd]);
  return (
    <ol ref={list} className="plain decisions-lines" style={{ height: virtual.getTotalSize() }}>
      {shown.map(({ index, key, start }) => {
        const line = rows[index];
        return line && (
          <li key={key as number} ref={virtual.measureElement} data-index={index} aria-setsize={-1} aria-posinset={index + 1} style={{ transform: `translateY(${start - above}px)` }}>
            <Said line={line} />
          </li>
        );
      })}
    </ol>
  );
}
