"""Channels: where notices go, and which of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from remit.doors.notify import chat
from remit.doors.notify.errors import ChannelInvalid
from remit.doors.notify.notice import FIRST_KINDS, KINDS, Kind
from remit.doors.notify.safe import Target
from remit.guard.wire.webhook import KEY_BYTES, key_of, secret_of
from remit.kernel.names import At

How = Literal["webhook", "chat"]
CHANNELS_MAX = 100
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place that notices go to. `url` and `secret` are secrets: they are shown to nobody but who made them.

    `webhook`: an address that takes signed messages. `chat`: an address of apprise, for a chat or a mailbox. In `dry`
    mode everything is done but the sending: what would have gone out is in the log.
    """

    name: str
    how: How
    url: str
    secret: str = ""
    kinds: tuple[Kind, ...] = FIRST_KINDS
    dry: bool = False
    created_at: At = 0

    @property
    def shown(self) -> dict[str, object]:
        """What of a channel may be shown: where to, without what would let others send there or sign as us."""
        where = Target(self.url).host if self.how == "webhook" else chat.service_of(self.url)
        return {
            "name": self.name,
            "how": self.how,
            "where": where,
            "kinds": list(self.kinds),
            "dry": self.dry,
            "created_at": self.created_at,
        }


def channel(
    name: str,
    url: str,
    at: int,
    random: Callable[[int], bytes],
    *,
    kinds: Iterable[str] = FIRST_KINDS,
    secret: str = "",
    dry: bool = False,
) -> Channel:
    """Return a channel to `url`: a webhook where it begins with http, else what apprise knows by it.

    A webhook without a `secret` gets a new one. ChannelInvalid; ExtraMissing where its package is not installed.
    """
    if not _NAME.fullmatch(name):
        raise ChannelInvalid(f"{name!r} is no name for a channel", "Write small letters, digits and dashes")
    chosen = _kinds(kinds)
    if not re.match(r"https?://", url, re.IGNORECASE):
        if secret:
            raise ChannelInvalid("only webhooks are signed", "Leave the secret out")
        chat.check(url)
        return Channel(name=name, how="chat", url=url, kinds=chosen, dry=dry, created_at=at)
    Target(url)
    try:
        key = key_of(secret) if secret else random(KEY_BYTES)
    except ValueError as fault:
        raise ChannelInvalid(str(fault), "Leave the secret out, and one is made") from None
    return Channel(name=name, how="webhook", url=url, secret=secret_of(key), kinds=chosen, dry=dry, created_at=at)


def _kinds(written: Iterable[str]) -> tuple[Kind, ...]:
    asked = set(written)
    if "all" in asked:
        return KINDS
    unknown = sorted(asked - set(KINDS))
    if unknown or not asked:
        raise ChannelInvalid(
            f"{', '.join(unknown) or 'nothing'} is no kind of notice", f"Take some of {', '.join(KINDS)}"
        )
    return tuple(kind for kind in KINDS if kind in asked)
