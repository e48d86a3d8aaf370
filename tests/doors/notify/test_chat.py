"""Chats and mail: apprise itself, with a service of our own in it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apprise
import pytest
from tests.doors.notify.days import busy

from remit.doors.notify import chat
from remit.doors.notify.channels import channel
from remit.doors.notify.errors import ChannelInvalid, ExtraMissing, Undelivered
from remit.doors.notify.notice import Orders, notices_of
from remit.doors.notify.outbox import FILE, Outbox
from remit.doors.notify.run import send
from remit.doors.notify.safe import Sender

NOTICES = [one for record in busy() for one in notices_of(record, Orders(lambda order: None))]


class Service:
    """A chat that keeps what it was sent, and takes it or not."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.takes: bool | Exception = True

        @apprise.decorators.notify(on="remittest", name="a chat for tests")
        def heard(body: str, title: str, notify_type: str, *_: Any, **more: Any) -> bool:
            self.said.append((title, body))
            if isinstance(self.takes, Exception):
                raise self.takes
            return self.takes


@pytest.fixture(scope="module")
def registered() -> Service:
    return Service()


@pytest.fixture
def service(registered: Service) -> Iterator[Service]:
    registered.said.clear()
    registered.takes = True
    yield registered


def test_notices_arrive_together_in_words(service: Service, tmp_path: Path) -> None:
    made = channel("phone", "remittest://key", 0, os.urandom, kinds=["all"])
    with Outbox(tmp_path / FILE) as box:
        box.add(made)
        box.take(busy(), 9 * 10**18)
        due = box.due("phone", 9 * 10**18, chat.TOGETHER_MAX)
        asyncio.run(send(made, [one.notice for one in due], Sender(), "", 0))
    ((title, body),) = service.said
    assert title == f"Remit: {len(due)} notices, {sum(one.notice.urgent for one in due)} urgent"
    assert body.count("\n") == len(due) - 1 and "bought 16 AAPL" in body
    assert all(one.notice.id[4:12] in body for one in due)  # the same on a second delivery


def test_what_came_from_outside_stays_text(service: Service) -> None:
    made = channel("phone", "remittest://key", 0, os.urandom)
    asyncio.run(send(made, NOTICES, Sender(), "", 0))
    ((_, body),) = service.said
    assert "everyone" in body and "@" not in body and "<b>" not in body and "\x1b" not in body
    assert chat.quiet("<!channel> https://a.example [x](y) `z` *w*") == "‹!channel› https:⁄⁄a.example (x)(y) 'z' ∗w∗"


@pytest.mark.parametrize("no", [False, RuntimeError("its own fault"), OSError("the link broke")])
def test_what_a_service_does_not_take_is_undelivered(service: Service, no: bool | Exception) -> None:
    service.takes = no
    with pytest.raises(Undelivered):
        asyncio.run(chat.send("remittest://key", NOTICES[:1]))


@pytest.mark.parametrize(
    "url", ["", "nothing://x", "json://127.0.0.1/", "JSONS://a.example", "xml://a", "form://a", "apprise://a/b",
            "syslog://", "dbus://", "plain text", "://"],
)  # fmt: skip
def test_what_is_no_chat_is_refused(url: str) -> None:
    with pytest.raises(ChannelInvalid):
        channel("phone", url, 0, os.urandom)


def test_a_chat_is_not_signed() -> None:
    with pytest.raises(ChannelInvalid):
        channel("phone", "remittest://key", 0, os.urandom, secret="whsec_" + "A" * 44)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ExtraMissing, match=r"pip install 'remit\[chat\]'"):
        channel("phone", "ntfys://ntfy.sh/topic", 0, os.urandom)
    with pytest.raises(ExtraMissing):
        asyncio.run(chat.send("ntfys://ntfy.sh/topic", NOTICES[:1]))


def test_well_known_services_are_known_and_show_no_secret() -> None:
    for url in (
        "ntfys://ntfy.sh/secret-topic",
        "mailtos://user:pw@gmail.com",
        "slack://TokA0000/TokB0000/TokC00000000000000000000",
    ):
        made = channel("phone", url, 0, os.urandom)
        assert made.how == "chat" and made.shown["where"] == url.partition("://")[0]
