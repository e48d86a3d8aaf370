// The picture of one instrument. It is drawn on a canvas, so what it shows is also said in words, and stands in the tables below.

import { useEffect, useRef, useState, type ReactNode } from "react";
import { useShared } from "../../api/shared";
import { duration } from "../../api/time";
import { look } from "../../design/look";
import type { Drawing } from "./chart";
import type { Canvas } from "./draw";

interface ChartProps {
  drawing: Drawing;
  /** What it shows, in words. */
  words: string;
  /** Places of a price. */
  places: number;
  /** What is known, and since when. */
  children?: ReactNode;
}

const shapeWords = ({ slots, candles, step }: Drawing): string => {
  if (slots.length === 0) return `each candle: ${duration(step)}, hollow where the price rose`;
  return candles.length > 0 ? "line: the last price, upright: how far it reached within a minute" : "line: the last price";
};

export function Chart({ drawing, words, places, children }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<Canvas | null>(null);
  const now = useRef(drawing);
  const [isLost, setLost] = useState(false);
  const chosen = useLook();
  useEffect(() => {
    let isOver = false;
    void import("./draw").then(({ begin }) => {
      if (isOver || !box.current) return;
      canvas.current = begin(box.current, places);
      canvas.current.show(now.current);
    }).catch(() => setLost(true));
    return () => {
      isOver = true;
      canvas.current?.end();
      canvas.current = null;
    };
  }, [chosen, places]);
  useEffect(() => {
    now.current = drawing;
    canvas.current?.show(drawing);
  }, [drawing]);
  return (
    <figure className="stack tight positions-figure">
      {isLost ? <p className="soft">No chart can be drawn here; the tables below say the same.</p> : <div ref={box} role="img" aria-label={words} className="positions-chart" />}
      <figcaption className="small soft">
        <p><span className="good">▲ bought</span> · <span className="bad">▼ sold</span> · {shapeWords(drawing)} · dashed: where stops and targets stood.</p>
        {children}
        <p>Drawn with <a href="https://www.tradingview.com/" rel="noreferrer">TradingView Lightweight Charts™</a>, copyright (c) 2026 TradingView, Inc., under the Apache License 2.0.</p>
      </figcaption>
    </figure>
  );
}

/** What the colours follow: the choice, and the system's own where that is the choice. */
function useLook(): string {
  const chosen = useShared(look);
  const [isDark, setDark] = useState(false);
  useEffect(() => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const tell = (): void => setDark(system.matches);
    tell();
    system.addEventListener("change", tell);
    return () => system.removeEventListener("change", tell);
  }, []);
  return `${chosen} ${isDark}`;
}
