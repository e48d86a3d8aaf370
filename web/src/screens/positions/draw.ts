// Drawing on the canvas. All of lightweight-charts is reached from here alone, so that it is loaded with the first chart.

import { createChart, createSeriesMarkers, LineSeries, LineStyle, LineType, type IChartApi, type ISeriesApi, type Time, type UTCTimestamp } from "lightweight-charts";
import { instant, local } from "../../api/time";
import type { Dot, Drawing, Fill, Line } from "./chart";

export interface Canvas {
  show: (drawing: Drawing) => void;
  end: () => void;
}

type Series = ISeriesApi<"Line">;

/** Put a chart into a box; `places` are those of a price. */
export function begin(box: HTMLElement, places: number): Canvas {
  const colour = coloursOf(box);
  const chart = createChart(box, optionsOf(colour));
  const priceFormat = { type: "price" as const, precision: places, minMove: 10 ** -places };
  const prices = chart.addSeries(LineSeries, { color: colour("--main"), lineWidth: 2, priceFormat });
  const fills = chart.addSeries(LineSeries, { ...QUIET, priceFormat, lineVisible: false });
  const markers = createSeriesMarkers(fills, []);
  const lines = new Map<string, Series>();
  let isTouched = false; // until then all of it is kept in sight
  for (const touch of ["pointerdown", "wheel"]) box.addEventListener(touch, () => { isTouched = true; }, { passive: true });
  return {
    show: (drawing) => {
      prices.setData(drawing.prices.map(placed));
      fills.setData(onePerSecond(drawing.fills));
      markers.setMarkers(drawing.fills.map((fill) => markerOf(fill, colour)));
      for (const [of, series] of lines) if (!drawing.lines.some((line) => line.of === of)) { chart.removeSeries(series); lines.delete(of); }
      for (const line of drawing.lines) {
        const series = lines.get(line.of) ?? added(chart, line, colour);
        lines.set(line.of, series);
        series.setData(line.dots.map(placed));
      }
      if (!isTouched) chart.timeScale().fitContent();
    },
    end: () => chart.remove(),
  };
}

const QUIET = { lastValueVisible: false, priceLineVisible: false, crosshairMarkerVisible: false };

const placed = ({ time, value }: Dot): { time: UTCTimestamp; value: number } => ({ time: time as UTCTimestamp, value });

/** A series holds one point for each second; of several fills the last gives the height, and each its own mark. */
const onePerSecond = (fills: readonly Fill[]) => [...new Map(fills.map((fill) => [fill.time, placed(fill)])).values()];

function added(chart: IChartApi, { kind, words }: Line, colour: (token: string) => string): Series {
  const token = { stop: "--bad", target: "--good" }[kind];
  return chart.addSeries(LineSeries, {
    ...QUIET, lastValueVisible: true, title: words, color: colour(token), lineWidth: 1, lineStyle: LineStyle.Dashed, lineType: LineType.WithSteps,
    ...(kind === "target" ? { autoscaleInfoProvider: () => null } : {}), // far away it would press all else into a line
  });
}

function markerOf({ time, side, words }: Fill, colour: (token: string) => string) {
  const isBuy = side === "buy";
  return {
    time: time as UTCTimestamp, text: words, position: isBuy ? ("belowBar" as const) : ("aboveBar" as const),
    shape: isBuy ? ("arrowUp" as const) : ("arrowDown" as const), color: colour(isBuy ? "--good" : "--bad"), size: 0.7,
  };
}

/** The tokens as the browser resolves them here, light or dark. */
function coloursOf(box: HTMLElement): (token: string) => string {
  const { color } = getComputedStyle(box);
  return (token) => {
    box.style.color = `var(${token})`;
    const found = getComputedStyle(box).color || color;
    box.style.color = "";
    return found;
  };
}

const timeWords = (time: Time): string => local(instant((time as number) * 1000));

function optionsOf(colour: (token: string) => string) {
  const line = { color: colour("--line") };
  return {
    autoSize: true,
    // Its logo is markup from a string, which the page's policy refuses; the line below the chart names and links it instead.
    layout: { attributionLogo: false, background: { color: colour("--surface") }, textColor: colour("--soft"), fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { vertLines: line, horzLines: line },
    rightPriceScale: { borderColor: line.color },
    timeScale: { borderColor: line.color, timeVisible: true, secondsVisible: true, tickMarkFormatter: timeWords },
    localization: { timeFormatter: timeWords },
  };
}
