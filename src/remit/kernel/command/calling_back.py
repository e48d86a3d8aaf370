"""What enters of callbacks: the keys by which approval pages speak for a person."""

from __future__ import annotations

from remit.kernel.access import CallbackKey
from remit.kernel.command.content import Content
from remit.kernel.names import Name, Text


class AddCallback(Content, frozen=True, tag="add_callback"):
    """From here on whoever holds this key may approve and decline by signed messages, as its person."""

    key: CallbackKey


class RemoveCallback(Content, frozen=True, tag="remove_callback"):
    """A callback key is worth nothing from here on."""

    callback: Name
    why: Text
