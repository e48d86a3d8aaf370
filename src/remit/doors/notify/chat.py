"""Chats and mailboxes, through apprise (the extra `chat`)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from remit.doors.notify.errors import ChannelInvalid, ExtraMissing, Undelivered
from remit.doors.notify.notice import Notice

TOGETHER_MAX = 20
"""Notices in one message: people read no more, and services take so many messages and no more."""
TOTAL_S = 30
_BARRED = frozenset(
    "json jsons xml xmls form forms apprise apprises syslog dbus kde qt glib gnome macosx windows".split()
)
"""What apprise would send anywhere one says, or to this machine's own screen: webhooks are there for the one, and the
other reaches nobody."""
_QUIET = str.maketrans({"@": "(at)", "<": "‹", ">": "›", "`": "'", "*": "∗", "[": "(", "]": ")"})
_threads = ThreadPoolExecutor(4, thread_name_prefix="remit-chat")


def service_of(url: str) -> str:
    """Return which service an address belongs to: all of it that is no secret."""
    return url.partition("://")[0].lower()


def check(url: str) -> None:
    """Return where apprise knows how to send to an address; ChannelInvalid, ExtraMissing."""
    if service_of(url) in _BARRED:
        raise ChannelInvalid(f"{service_of(url)}:// is not for notices", "Use https:// for a signed webhook")
    if not _apprise().Apprise().add(url):
        raise ChannelInvalid("apprise does not know this address", "See its list of services for how it is written")


async def send(url: str, notices: Sequence[Notice]) -> None:
    """Send notices as one message; Undelivered where the service did not take it, ExtraMissing."""
    box = _apprise().Apprise()
    if not box.add(url):
        raise Undelivered("apprise does not know this address", "Remove the channel and add it again")
    title = quiet(title_of(notices))
    body = "\n".join(quiet(line_of(notice)) for notice in notices)
    try:
        async with asyncio.timeout(TOTAL_S):
            taken = await asyncio.get_running_loop().run_in_executor(_threads, _notify, box, title, body)
    except TimeoutError:
        raise Undelivered(f"no answer within {TOTAL_S} s", "See whether the service runs") from None
    if not taken:
        raise Undelivered(f"{service_of(url)} did not take it", "Check the address and what the service allows")


def title_of(notices: Sequence[Notice]) -> str:
    """Return what a message begins with: whether a person must act."""
    urgent = sum(notice.urgent for notice in notices)
    return f"Remit: {len(notices)} notices" + (f", {urgent} urgent" if urgent else "")


def line_of(notice: Notice) -> str:
    """Return a notice in one line; its id, the same on a second delivery, at the end."""
    return f"{notice.text} [{notice.id[4:12]}]"


def quiet(text: str) -> str:
    """Return text in which nothing calls people, opens an address or sets type: what came from outside stays text."""
    return text.replace("://", ":⁄⁄").translate(_QUIET)


def _notify(box: Any, title: str, body: str) -> bool:
    """Send, in a thread: apprise waits, and says no by False; a fault of one of its services is a no as well."""
    try:
        return bool(box.notify(title=title, body=body, body_format="text"))
    except Exception:  # noqa: BLE001  a hundred services, each with faults of its own: none may stop the others
        return False


def _apprise() -> Any:
    try:
        import apprise
    except ImportError:
        raise ExtraMissing("chats and mail need the package apprise", "Install it: pip install 'remit[chat]'") from None
    return apprise
