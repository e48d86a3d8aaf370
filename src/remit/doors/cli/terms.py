"""Terms of an exit as people write them: the flags of `remit order submit` and `remit exit set`."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from remit.doors.cli.call import amount, make
from remit.kernel.exit import ExitTerms, Leg
from remit.kernel.numbers import Price, Quantity

StopLoss = Annotated[str | None, typer.Option("--stop-loss", help="Close once the price is this bad.")]
TakeProfit = Annotated[str | None, typer.Option("--take-profit", help="Close once the price is this good.")]
TrailingStop = Annotated[
    str | None, typer.Option("--trailing-stop", help="Close once the price turns from its best by so much: 5, or 2%.")
]
Activation = Annotated[str | None, typer.Option("--activation", help="Trail only once this price was reached.")]

_PERCENT = re.compile(r"([0-9]{1,2})(?:\.([0-9]{1,2}))?%")


def terms_of(
    stop_loss: str | None,
    take_profit: str | None,
    trailing_stop: str | None,
    activation: str | None,
    quantity: str | None = None,
    slippage_bps: int | None = None,
) -> ExitTerms | None:
    """Return the terms that flags spell, or None where no leg is asked for; wrong usage where they are none."""
    legs: list[Leg] = []
    if stop_loss is not None:
        legs.append(make(Leg, kind="stop_loss", trigger=amount(Price, stop_loss, "--stop-loss")))
    if take_profit is not None:
        legs.append(make(Leg, kind="take_profit", trigger=amount(Price, take_profit, "--take-profit")))
    if trailing_stop is not None:
        trail = _distance(trailing_stop)
        legs.append(make(Leg, kind="trailing_stop", activation=amount(Price, activation, "--activation"), **trail))
    elif activation is not None:
        raise typer.BadParameter("it belongs to --trailing-stop, which is not given", param_hint="--activation")
    if not legs:
        return None
    held = amount(Quantity, quantity, "--quantity")
    terms: ExitTerms = make(ExitTerms, legs=tuple(legs), quantity=held, slippage_bps=slippage_bps)
    return terms


def _distance(written: str) -> dict[str, Any]:
    """Return how far a trailing stop stays behind: `5` is an amount, `2%` or `0.5%` a share of the best price."""
    if not written.endswith("%"):
        return {"offset": amount(Price, written, "--trailing-stop")}
    found = _PERCENT.fullmatch(written)
    bps = 0 if found is None else int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))
    if not bps:
        raise typer.BadParameter(
            f"{written!r} is no distance; write an amount such as 5, or a percentage from 0.01% to 99.99%",
            param_hint="--trailing-stop",
        )
    return {"offset_bps": bps}
