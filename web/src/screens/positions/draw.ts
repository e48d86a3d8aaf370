// Drawing on the canvas. All of lightweight-charts is reached from here alone, so that it is loaded with the first chart.

import {
  CandlestickSeries, createChart, createSeriesMarkers, LineSeries, LineStyle, LineType, TickMarkType, type IChartApi, type ISeriesApi, type Time, type UTCTimestamp,
} from "lightweight-charts";
import { instant, local } from "../../api/time";
import type { Candle, Dot, Drawing, Fill, Line } from "./chart";

export interface Canvas {
  show: (drawing: Drawing) => void;
  end: () => void;
}

type Series = ISeriesApi<"Line">;

/** Put a chart into a box; `places` are those of a price. Error where nothing can be drawn: asked first, since the library
 * would throw only later, where nobody hears it. */
export function begin(box: HTMLElement, places: number): Canvas {
  if (!document.createElement("canvas").getContext("2d")) throw new Error("no canvas to draw on");
  const colour = coloursOf(box);
  const chart = createChart(box, optionsOf(colour));
  const priceFormat = { type: "price" as const, precision: places, minMove: 10 ** -places };
  const slots = chart.addSeries(LineSeries, { ...QUIET, lineVisible: false });
  const prices = chart.addSeries(LineSeries, { color: colour("--main"), lineWidth: 2, priceFormat });
  const candles = chart.addSeries(CandlestickSeries, { ...QUIET, priceFormat });
  const fills = chart.addSeries(LineSeries, { ...QUIET, priceFormat, lineVisible: false });
  const markers = createSeriesMarkers(fills, []);
  const lines = new Map<string, Series>();
  let isTouched = false; // until then all of it is kept in sight
  for (const touch of ["pointerdown", "wheel"]) box.addEventListener(touch, () => { isTouched = true; }, { passive: true });
  return {
    show: (drawing) => {
      slots.setData(drawing.slots.map((time) => ({ time: time as UTCTimestamp }))); // so that equal times are equally far apart
      prices.setData(drawing.prices.map(placed));
      candles.setData(drawing.candles.map(candled));
      const isLine = drawing.slots.length > 0;
      candles.applyOptions(isLine ? { ...QUIET, ...reachColours(colour) } : { lastValueVisible: true, priceLineVisible: true, priceLineColor: colour("--main"), ...candleColours(colour) });
      chart.applyOptions({ timeScale: { secondsVisible: isLine, maxBarSpacing: isLine ? 0 : CANDLE_WIDE_MAX } });
      fills.setData(onePerSecond(drawing.fills));
      const isCrowded = drawing.fills.length > FILL_WORDS_MAX;
      markers.setMarkers(drawing.fills.map((fill) => markerOf(isCrowded ? { ...fill, words: "" } : fill, colour)));
      for (const [of, series] of lines) if (!drawing.lines.some((line) => keyOf(line) === of)) { chart.removeSeries(series); lines.delete(of); }
      for (const line of drawing.lines) {
        const series = lines.get(keyOf(line)) ?? added(chart, line, colour);
        lines.set(keyOf(line), series);
        series.setData(line.dots.map(placed));
      }
      if (!isTouched) chart.timeScale().fitContent();
    },
    end: () => chart.remove(),
  };
}

const CANDLE_WIDE_MAX = 24;
const FILL_WORDS_MAX = 40; // of more than that how much each was stands in the table alone
const QUIET = { lastValueVisible: false, priceLineVisible: false, crosshairMarkerVisible: false };

const placed = ({ time, value }: Dot): { time: UTCTimestamp; value: number } => ({ time: time as UTCTimestamp, value });

/** An exit that is over loses its words, and with them the name at the edge. */
const keyOf = ({ of, words }: Line): string => `${of} ${words}`;

const candled = ({ time, ...rest }: Candle) => ({ time: time as UTCTimestamp, ...rest });

/** A series holds one point for each place; of a buy and a sell the last gives the height, and each its own mark. */
const onePerSecond = (fills: readonly Fill[]) => [...new Map(fills.map((fill) => [fill.time, placed(fill)])).values()];

/** Hollow where it rose, filled where it fell: colour does not say it alone. */
function candleColours(colour: (token: string) => string) {
  const [up, down] = [colour("--good"), colour("--bad")];
  return { upColor: colour("--surface"), borderUpColor: up, wickUpColor: up, downColor: down, borderDownColor: down, wickDownColor: down };
}

function added(chart: IChartApi, { kind, words }: Line, colour: (token: string) => string): Series {
  const token = { stop: "--bad", target: "--good" }[kind];
  return chart.addSeries(LineSeries, {
    ...QUIET, lastValueVisible: words !== "", title: words, color: colour(token), lineWidth: 1, lineStyle: LineStyle.Dashed, lineType: LineType.WithSteps,
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

/** Beside a line: how far the price reached, and no more. */
function reachColours(colour: (token: string) => string) {
  const quiet = colour("--soft");
  return { upColor: quiet, borderUpColor: quiet, wickUpColor: quiet, downColor: quiet, borderDownColor: quiet, wickDownColor: quiet };
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

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const axis = {
  day: new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" }),
  time: new Intl.DateTimeFormat("en-GB", CLOCK),
  second: new Intl.DateTimeFormat("en-GB", { ...CLOCK, second: "2-digit" }),
};
function tickWords(time: Time, kind: TickMarkType): string {
  const form = kind === TickMarkType.TimeWithSeconds ? axis.second : kind === TickMarkType.Time ? axis.time : axis.day;
  return form.format(new Date((time as number) * 1000));
}

function optionsOf(colour: (token: string) => string) {
  const line = { color: colour("--line") };
  return {
    autoSize: true,
    // Its logo is markup from a string, which the page's policy refuses; the line below the chart names and links it instead.
    layout: { attributionLogo: false, background: { color: colour("--surface") }, textColor: colour("--soft"), fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { vertLines: line, horzLines: line },
    rightPriceScale: { borderColor: line.color },
    timeScale: { borderColor: line.color, timeVisible: true, secondsVisible: true, tickMarkFormatter: tickWords },
    localization: { timeFormatter: timeWords },
  };
}
