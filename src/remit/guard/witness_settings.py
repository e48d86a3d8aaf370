"""The witnesses that the settings name: where each is, and by which key it is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import msgspec

from remit.guard.errors import SettingInvalid

if TYPE_CHECKING:
    from remit.journal.cosign import Cosigner

WITNESSES_MAX = 16
_DO = "Write under [[witnesses]] url and key, the key as `remit witness key` prints it"


class Stated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[witnesses]]` of remit.toml."""

    url: str
    key: str


class Witness(NamedTuple):
    """A witness: the prefix of its URL, and its key."""

    url: str
    cosigner: Cosigner

    @property
    def port(self) -> int:
        """The port it listens on."""
        at = urlsplit(self.url)
        return at.port or {"http": 80, "https": 443}[at.scheme]


def witnesses_of(stated: Sequence[Stated], needed: int | None) -> tuple[tuple[Witness, ...], int]:
    """Return the witnesses, and of how many a permit needs the signature: of all, where nothing is said.

    SettingInvalid for a URL or a key that is none, a witness named twice, and more needed than there are.
    """
    witnesses = tuple(_witness(one) for one in stated)
    for what in ({one.url for one in witnesses}, {one.cosigner.public_key for one in witnesses}):
        if len(what) != len(witnesses):
            raise SettingInvalid("a witness is named twice, and would count twice", "Name each once")
    if len(witnesses) > WITNESSES_MAX:
        raise SettingInvalid(f"there are over {WITNESSES_MAX} witnesses", "Name fewer")
    needed = len(witnesses) if needed is None else needed
    if not 0 <= needed <= len(witnesses):
        raise SettingInvalid(
            f"witnesses_needed is {needed}, and there are {len(witnesses)} witnesses",
            "Need no more than there are, or leave it out: then all of them are needed",
        )
    return witnesses, needed


def _witness(stated: Stated) -> Witness:
    from remit.journal.cosign import parse_cosigner
    from remit.journal.errors import NoteInvalid

    try:
        at = urlsplit(stated.url)
        whole = at.scheme in ("http", "https") and at.hostname and at.port != 0 and stated.url.isascii()
    except ValueError:
        whole = False
    if not whole or at.query or at.fragment or at.username or not stated.url.isprintable() or " " in stated.url:
        raise SettingInvalid(f"witnesses: {stated.url!r} is no URL of a witness", _DO)
    try:
        return Witness(stated.url.rstrip("/"), parse_cosigner(stated.key))
    except NoteInvalid as invalid:
        raise SettingInvalid(f"witnesses: {stated.url}: {invalid.what}", _DO) from None
