"""Fills: what a venue did for one order, as both lanes of a replay hand it to the ledgers."""

from __future__ import annotations

from typing import NamedTuple

from remit.kernel.command import Filled
from remit.kernel.names import SIGN


class Fill(NamedTuple):
    """One execution of one order; `signed` is below zero for a sale. Integers at scale 10^-18."""

    order: str
    instrument: str
    signed: int
    price: int
    fee: int


def fill_of(report: Filled, instrument: str, side: str) -> Fill:
    """Return a venue's report of a fill, with what only the order knows."""
    return Fill(report.order, instrument, SIGN[side] * report.quantity, int(report.price), int(report.fee))
