"""Rows of the past: prices, equity and the levels of exits.

What is kept beside the journal is told only after the guard has told the caller the same of now, by their own token.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import msgspec

from remit.doors.history import past
from remit.doors.history.bars import Bar
from remit.doors.history.file import Leg
from remit.doors.http.call import Call
from remit.doors.http.problem import Problem
from remit.doors.http.routes.journal import SEES_ALL
from remit.doors.http.routes.world import ANYONE
from remit.doors.http.shapes import history as s
from remit.doors.http.table import READERS, TOLD, Do, Route
from remit.kernel.numbers import NANOSECONDS, text


async def past_prices(call: Call) -> bytes:
    """Return what an instrument's price was."""
    asked: s.PastPrices = call.params
    await call.read("marks", instrument=asked.instrument)  # whoever may not see prices is told so by the guard

    def answer() -> bytes:
        found = past.prices(call.app.state.settings.home, asked.instrument, _span(asked))
        bars = [
            {"at": at_s * NANOSECONDS, **{name: text(value) for name, value in bar._asdict().items()}}
            for at_s, bar in found.of.get("price", ())
        ]
        return _told(call, found, instrument=asked.instrument, bars=bars)

    return await asyncio.to_thread(answer)


async def past_equity(call: Call) -> bytes:
    """Return what an account's equity was."""
    asked: s.PastEquity = call.params
    accounts = {row["name"]: row for row in await call.read("accounts")}
    if asked.account not in accounts:
        raise Problem("unknown_account", f"account {asked.account} is not known", "See GET /v1/accounts")
    currency = accounts[asked.account]["currency"]

    def answer() -> bytes:
        found = past.equity(call.app.state.settings.home, asked.account, _span(asked))
        cash = dict(found.of.get("cash", ()))
        points = [
            {
                "at": at_s * NANOSECONDS,
                "equity": text(bar.close),
                "high": text(bar.high),
                "low": text(bar.low),
                "cash": _last(cash.get(at_s)),
            }
            for at_s, bar in found.of.get("equity", ())
        ]
        return _told(call, found, account=asked.account, currency=currency, points=points)

    return await asyncio.to_thread(answer)


async def past_exits(call: Call) -> bytes:
    """Return where the legs of an instrument's exits stood."""
    asked: s.PastPrices = call.params
    await call.read("exits", instrument=asked.instrument)
    sees = await _sees(call)

    def answer() -> bytes:
        found = past.legs(call.app.state.settings.home, asked.instrument, _span(asked), sees)
        legs = []
        for name, leg in found.legs.items():
            points = [{"at": at_s * NANOSECONDS, "level": text(bar.close)} for at_s, bar in found.of[name]]
            if points:
                legs.append({"exit": leg.exit, "kind": leg.kind, "agent": leg.agent, "points": points})
        return _told(call, found, instrument=asked.instrument, legs=legs)

    return await asyncio.to_thread(answer)


async def _sees(call: Call) -> Callable[[Leg], bool]:
    """Return whether the caller sees an exit, also one that is over: as the guard says of those that stand."""
    me = await call.read("self")
    role = me["role"]
    if role in SEES_ALL:
        return lambda leg: True
    if role == "owner":
        agents = {row["name"] for row in await call.read("agents")}
        return lambda leg: leg.agent in agents
    if role == "client":
        return lambda leg: leg.client == me["name"]
    return lambda leg: leg.agent == me["agent"]


def _span(asked: s.SpanQuery) -> past.Span:
    return past.Span(asked.since, asked.until, asked.step_s, time.time_ns())


def _last(bar: Bar | None) -> str | None:
    return None if bar is None else text(bar.close)


def _told(call: Call, found: past.Past, **more: Any) -> bytes:
    keeping = getattr(call.app.state, "history", None)
    fault = found.fault or ("nothing keeps the history here" if keeping is None else keeping.fault)
    common = {"step_s": found.step_s, "known_from": found.known_from, "fault": fault}
    return msgspec.json.encode({**common, **more})


ROUTES = (
    Route(
        "GET", "/v1/history/prices", "past_prices", "What an instrument's price was: bars of the marks that counted.",
        "history", ANYONE, Do(past_prices), s.PastPrices, answer=s.PriceHistory,
    ),
    Route(
        "GET", "/v1/history/equity", "past_equity", "What an account's equity was.", "history", READERS,
        Do(past_equity), s.PastEquity, answer=s.EquityHistory,
    ),
    Route(
        "GET", "/v1/history/exits", "past_exits", "Where the stops and targets of exits stood.", "history", TOLD,
        Do(past_exits), s.PastPrices, answer=s.ExitHistory,
    ),
)  # fmt: skip
