"""`remit feed`: give the guard prices, from files or from an exchange's public ones."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Fault, Json, caller, token_of
from remit.doors.cli.run import part

app = typer.Typer(no_args_is_help=True, help="Give the guard prices: recorded bars, or an exchange's public ones.")
SAID_EVERY = 100


@app.command("bars")
def bars(
    files: Annotated[list[Path], typer.Argument(help="CSV or CSV.gz: ts,instrument,open,high,low,close,volume.")],
    speed: Annotated[int, typer.Option(min=1, help="So many times faster than they happened.")] = 60,
    spread_bps: Annotated[int, typer.Option(min=0, max=19_999, help="The assumed distance from bid to ask.")] = 0,
    stay: Annotated[bool, typer.Option("--stay", help="After the last bar tell its prices on, until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """Play recorded bars as if they were made now, until they end or Ctrl-C; a paper venue beside the guard hears them.

    What is held and has no price for a minute is unfit: nothing opens in it. With --stay the last prices stand.

    ```
    remit feed bars hourly.csv.gz --speed 600 --spread-bps 4
    remit feed bars examples/prices.csv --speed 100000 --stay
    ```
    """
    stays = (lambda: show.say("the bars are over; their last prices stand until Ctrl-C")) if stay else None
    _feed("feed_bars", files, speed=speed, spread_bps=spread_bps, stays=stays)


@app.command("live")
def live(
    exchange: Annotated[str, typer.Argument(help="The exchange, as ccxt names it, such as kraken.")],
    symbols: Annotated[list[str], typer.Argument(help="INSTRUMENT=SYMBOL, such as BTC-USD=BTC/USD; several.")],
    poll_s: Annotated[int, typer.Option(min=1, max=30, help="Ask for prices every so many seconds.")] = 5,
    json: Json = False,
) -> None:
    """Pass an exchange's public prices on until Ctrl-C. It needs the extra `live`, and no key.

    ```
    remit feed live kraken BTC-USD=BTC/USD ETH-USD=ETH/USD
    ```
    """
    named: dict[str, str] = {}
    for said in symbols:
        name, equals, symbol = said.partition("=")
        if not equals or not name or not symbol:
            raise Fault("usage", f"{said!r} is not INSTRUMENT=SYMBOL", "Write for example BTC-USD=BTC/USD", status=2)
        named[name] = symbol
    _feed("feed_live", exchange, named, poll_s=poll_s)


def _feed(name: str, *asked: Any, **how: Any) -> None:
    run: Callable[..., None] = part("remit.up", name)
    settings = caller().settings
    count = 0

    def told(marks: int) -> None:
        nonlocal count
        count = marks
        if marks % SAID_EVERY == 1 and not caller().json:
            show.say(f"{show.counted(marks, 'price')} told", "dim")

    try:
        with contextlib.suppress(KeyboardInterrupt):  # told to stop: what was told so far is said below
            run(settings.home, settings.socket, token_of(settings), *asked, **how, told=told)
    except (OSError, ValueError) as fault:
        raise Fault("feed", str(fault), "Correct the file or the option it names") from None
    if not show.json({"prices": count}):
        show.say(f"{show.counted(count, 'price')} told in all", "green")
