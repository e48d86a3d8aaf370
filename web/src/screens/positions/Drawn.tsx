// The chart of one instrument over a range that is chosen: the past as it was kept, going on live.

import { useMemo, useState } from "react";
import type { InstrumentRow, MarkRow } from "../../api/schema";
import { sentence } from "../../api/problem";
import { duration } from "../../api/time";
import { useAsked } from "../../api/use";
import { Refused, Waiting } from "../../parts/Asked";
import { Banner } from "../../parts/Banner";
import { Button } from "../../parts/Button";
import { When } from "../../parts/When";
import { Chart } from "./Chart";
import { chartWords, drawingOf } from "./chart";
import { type Past, RANGE_NAMES, RANGES, type Range, usePast } from "./past";
import { useSeen } from "./seen";

const MOST = 1000;
const FILLS = 200;

export function Drawn({ row: { name, tick }, mark }: { row: InstrumentRow; mark: MarkRow | undefined }) {
  const [range, setRange] = useState<Range>("hour");
  const orders = useAsked("GET /v1/orders", { instrument: name, limit: FILLS }).data?.items;
  const exits = useAsked("GET /v1/exits", { instrument: name, limit: MOST }).data?.items;
  const { prices, past, fault } = usePast(name, range);
  const seen = useSeen();
  const told = useMemo(() => ({ mark, orders: orders ?? [], exits: exits ?? [], seen, past, range }), [mark, orders, exits, seen, past, range]);
  const drawing = useMemo(() => drawingOf(name, told), [name, told]);
  const isEmpty = drawing.prices.length === 0 && drawing.candles.length === 0;
  return (
    <div className="stack tight">
      <Ranges chosen={range} choose={setRange} />
      <Refused problem={prices.error} again={() => void prices.refetch()} busy={prices.isFetching} />
      {fault && <Banner tone="warn" role="status">Not all of the past can be shown. {sentence(fault)}</Banner>}
      {prices.isPending ? <Waiting /> : isEmpty ? <p className="none soft">No price was kept yet, and none was seen.</p> : (
        <Chart key={range} drawing={drawing} words={chartWords(name, told)} places={(tick.split(".")[1] ?? "").length}>
          <Known past={past} />
        </Chart>
      )}
    </div>
  );
}

function Ranges({ chosen, choose }: { chosen: Range; choose: (range: Range) => void }) {
  return (
    <div className="row" role="group" aria-label="How far back">
      {RANGE_NAMES.map((range) => (
        <Button key={range} tone={range === chosen ? "main" : "plain"} aria-pressed={range === chosen} onClick={() => choose(range)}>{RANGES[range].label}</Button>
      ))}
    </div>
  );
}

function Known({ past: { known_from, step_s } }: { past: Past }) {
  return (
    <p>
      {known_from === null ? "No price was kept yet: this is what the page has seen since it was loaded." : <>Every price that counted, kept since <When at={known_from} />, by {duration(step_s)}; the latest as this page sees it.</>}
      {" "}Stops and targets are looked at once a minute. Nothing in between is made up.
    </p>
  );
}
