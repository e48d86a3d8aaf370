"""How fast a file of real agents' orders is replayed against real prices."""

from __future__ import annotations

import os
from pathlib import Path

from remit.bench.table import Row, Skipped
from remit.bench.timing import CPU, Round, in_turns
from remit.feeds.bars import merge, open_files
from remit.replay.mandates import from_preset
from remit.replay.rows import read_orders
from remit.replay.run import Settings, run

DATA = Path(os.environ.get("REMIT_DATA", "../shared/data"))
ORDERS = "agent_orders.jsonl.gz"
BARS = tuple(
    f"bars_{name}.csv.gz" for name in ("us_hourly", "us_daily", "astock_hourly", "astock_daily", "crypto_daily")
)
PRESET = "starter"
LIFTED = ("confidence_min",)


def replay(rounds: int, data: Path = DATA) -> list[Row | Skipped]:
    """The whole file, under a preset and as ordered, beside reading the orders and the bars alone."""
    missing = [name for name in (ORDERS, *BARS) if not (data / name).is_file()]
    if missing:
        return [Skipped("replay", f"there is no {data / missing[0]}: set REMIT_DATA to the folder of the data")]

    def bars() -> list[Path]:
        return [data / name for name in BARS]

    def replayed() -> int:
        orders = read_orders(data / ORDERS)
        run(orders, open_files(bars()), Settings(from_preset(PRESET, LIFTED)), seed=bytes(32))
        return len(orders.rows)

    def read() -> int:
        orders = read_orders(data / ORDERS)
        for _ in merge(open_files(bars())):
            pass
        return len(orders.rows)

    took = in_turns({"replay": Round(replayed), "read": Round(read)}, rounds, CPU, warm=False)
    return [
        Row(group="replay", name="orders", ns=took["replay"].ns, unit="/s",
            beside="reading orders and bars alone", beside_ns=took["read"].ns, noise=took["replay"].noise,
            note="every mark of the bars included; each order under the preset and as it was ordered"),
    ]
