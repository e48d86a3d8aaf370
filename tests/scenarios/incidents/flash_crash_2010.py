"""The flash crash, 6 May 2010: an algorithm that looked at volume, and at neither price nor time.

A program sold 75,000 E-mini contracts, worth about 4.1 billion USD, at 9 % of the volume of the minute before,
without regard to price or time. A trade of that size had taken five hours before; this one took 20 minutes.
"""

from __future__ import annotations

from tests.kernel.desk import Desk, money, price, quantity, ratio
from tests.scenarios.incidents.incident import Incident, Row, Source, cash, numbers, on_desk, said, tally

from remit.kernel import command as c
from remit.kernel.mandate import Mandate

CONTRACTS = 75_000
DAY = "833333"
"""A day's volume of which 75,000 contracts are 9 %."""


def market(desk: Desk) -> None:
    cash(desk, "100000000000")
    desk.instrument("ES", "1100", kind="perpetual", tick="0.25", multiplier=quantity("50"))
    desk.took(c.SetMargin(instrument="ES", initial=ratio("0.1")))
    desk.took(c.SetVolume(instrument="ES", average_daily=quantity(DAY)))


def slices(desk: Desk) -> str:
    """The 75,000 in 75 pieces over 20 minutes, each a little above the one before."""
    pieces = [
        desk.submit("1000", f"{1085 + number / 4}", side="sell", instrument="ES", after_ns=16 * 10**9)
        for number in range(75)
    ]
    return tally([said(piece) for piece in pieces])


def fallen(desk: Desk) -> str:
    """The market has fallen by 5 % since the last close, and the order asks no more than it gives."""
    for _ in range(2):  # after twenty minutes without a price the first is not believed alone
        desk.mark("ES", "1045", close=price("1100"))
    return said(desk.submit("1000", side="sell", instrument="ES"))


INCIDENT = Incident(
    id="flash_crash_2010",
    title="The flash crash, 6 May 2010",
    told=__doc__,
    sources=(
        Source(
            "Findings Regarding the Market Events of May 6, 2010",
            "staffs of the US Commodity Futures Trading Commission and Securities and Exchange Commission",
            "2010-09-30",
            "https://www.sec.gov/news/studies/2010/marketevents-report.pdf",
        ),
    ),
    proves=("Participation, price collar and what is sold in all bound an order each by itself, market orders too."),
    scene=on_desk(
        (
            "account:main",
            Mandate(participation_max_pct=5, price_collar_bps=200, gross_exposure_max=money("500000000")),
        ),
        prepare=market,
    ),
    rows=(
        Row(
            "75,000 at once, at the market: 9 % of a day",
            lambda desk: numbers(desk.submit(str(CONTRACTS), side="sell", instrument="ES"), "participation_max_pct"),
            "deny: participation_max_pct 9.01, limit 5",
        ),
        Row(
            "1,000 at 5 % under the market",
            lambda desk: said(desk.submit("1000", "1045", side="sell", instrument="ES")),
            "deny: price_collar_bps",
        ),
        Row("75 pieces of 1,000, one every 16 seconds", slices, "9 x allow; 66 x deny: gross_exposure_max"),
        Row(
            "1,000 at the market, which has fallen by 5 % since the last close",
            fallen,
            "deny: price_collar_bps, gross_exposure_max",
        ),
    ),
)
