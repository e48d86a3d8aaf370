"""The client over HTTP says and hears what the one at the socket does, against a real guard and door."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.doors.http.conftest import Door, door  # noqa: F401  a fixture

from remit.client import (
    AsyncRemit,
    GuardError,
    GuardGone,
    GuardNotRunning,
    GuardRefused,
    Refused,
    Remit,
    Unclear,
    exit_terms,
)
from remit.client.remote import answer_of


@pytest.fixture
def remote(door: Door) -> Iterator[Remit]:  # noqa: F811
    with Remit(door.processes.secrets["momentum"], url=door.url, patience_s=0) as remit:
        yield remit


@pytest.fixture
def local(door: Door) -> Iterator[Remit]:  # noqa: F811
    with Remit(door.processes.secrets["momentum"], home=door.processes.home) as remit:
        yield remit


def without_age(found: Any) -> Any:
    """An answer as plain JSON, without what changes from one moment to the next."""
    plain = msgspec.json.decode(msgspec.json.encode(found))
    for row in plain if isinstance(plain, list) else [plain]:
        for changing in ("age_s", "at", "expires_in_s", "changed_at"):
            if isinstance(row, dict):
                row.pop(changing, None)
    return plain


def test_every_question_is_answered_alike(remote: Remit, local: Remit) -> None:
    order = remote.place_order("AAPL", "buy", 12, limit_price="95").order
    for ask in (
        lambda remit: remit.get_account(),
        lambda remit: remit.get_positions(),
        lambda remit: remit.get_exposure(),
        lambda remit: remit.get_limits(),
        lambda remit: remit.get_quote("AAPL"),
        lambda remit: remit.search_markets(),
        lambda remit: remit.list_orders(),
        lambda remit: remit.list_orders(live=True, limit=1),
        lambda remit: remit.get_order(order),
        lambda remit: remit.explain_decision(order),
        lambda remit: remit.get_approval(order),
        lambda remit: remit.preview_order("AAPL", "buy", 100, limit_price="95", connection="paper1").findings,
    ):
        assert without_age(ask(remote)) == without_age(ask(local))
    assert remote.get_approval(order).waits


def test_an_order_lives_over_http(remote: Remit) -> None:
    bought = remote.place_order("AAPL", "buy", 3, limit_price="101", id="r-1", thought="it rises")
    again = remote.place_order("AAPL", "buy", 3, limit_price="101", id="r-1")
    assert bought.is_allowed and (again.order, again.repeated) == (bought.order, True)
    for _ in range(100):
        if remote.get_order(bought.order).state == "filled":
            break
    assert [row.quantity for row in remote.get_positions() if row.quantity] == [Decimal(3)]
    named = remote.set_exit("AAPL", exit_terms(stop_loss="90"))
    with pytest.raises(Refused) as refused:
        remote.drop_exit(named)
    assert refused.value.code == "widens_stop"
    resting = remote.place_order("AAPL", "buy", 1, limit_price="95")
    replaced = remote.replace_order(resting.order, 2, "95.5")
    assert replaced.is_allowed
    closed = remote.close_position("AAPL", id="r-close")
    assert closed.is_allowed and remote.close_position("AAPL", id="r-close").repeated
    remote.record_thought("closed it", order=closed.order)
    remote.record_error("nothing")
    remote.report_usage("openai", "gpt-4o", 1000, 100, id="u-1")
    remote.report_usage("openai", "gpt-4o", 1000, 100, id="u-1")
    told = next(row for row in remote.ask("spend")["budgets"] if row["subject"] == "agent:momentum")
    assert Decimal(told["spent"]) == Decimal("0.0035")
    assert remote.cancel_order(bought.order) is False


def test_both_kinds_of_client_and_the_stream(door: Door) -> None:  # noqa: F811
    async def trade() -> None:
        secret = door.processes.secrets["momentum"]
        async with AsyncRemit(secret, url=door.url) as remit:
            denied = await remit.place_order("AAPL", "buy", 100, limit_price="95", id="stream-1")
            assert denied.verdict == "deny"
            async for record in remit.follow(1):
                if record["command"]["body"].get("intent", {}).get("id") == "stream-1":
                    assert record["decision"]["order"] == denied.order
                    return

    asyncio.run(asyncio.wait_for(trade(), 20))


def test_what_goes_wrong_has_the_same_names(door: Door, remote: Remit) -> None:  # noqa: F811
    with Remit("remit_agent_wrong", url=door.url, patience_s=0) as stranger, pytest.raises(GuardRefused) as refused:
        stranger.get_account()
    assert refused.value.code in ("not_authenticated", "token_malformed")
    with Remit("x", url="http://127.0.0.1:9", patience_s=0) as nobody, pytest.raises(GuardNotRunning):
        nobody.get_account()
    with pytest.raises(Refused) as unknown:
        remote.cancel_order("r0-99999")
    assert unknown.value.code == "unknown_order"
    with pytest.raises(GuardError, match="cannot be asked over HTTP"):
        remote.ask("tokens")
    with Remit(door.processes.secrets["momentum"], home=door.processes.home) as local:
        with pytest.raises(Unclear, match="knows no prices"):
            local.report_usage("openai", "gpt-4o", 1, 1)


@pytest.mark.parametrize("url", ["http://remit.example", "ftp://x", "remit.example:8420", "http://10.0.0.1:8420"])
def test_no_token_goes_over_a_network_in_clear(url: str) -> None:
    with pytest.raises(Unclear):
        Remit("x", url=url)


@pytest.mark.parametrize(
    ("status", "content", "fault"),
    [
        (200, b"<html>", GuardGone),
        (502, b"bad gateway", GuardGone),
        (503, b'{"code":"guard_not_running","detail":"no","fix":"start it"}', GuardNotRunning),
        (504, b'{"code":"guard_gone","detail":"no","fix":"again"}', GuardGone),
        (429, b'{"code":"too_many_requests","detail":"slow","fix":"wait","retry_after_s":3,"more":{}}', GuardRefused),
        (500, b"[]", GuardRefused),
    ],
)
def test_whatever_answers_is_named(status: int, content: bytes, fault: type[GuardError]) -> None:
    with pytest.raises(fault):
        answer_of(status, content)
