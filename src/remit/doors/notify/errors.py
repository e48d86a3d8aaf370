"""The named errors of notifications."""

from __future__ import annotations

from remit.guard.wire import GuardError


class ChannelInvalid(GuardError):
    """A channel is not one that can be."""

    code = "channel_invalid"


class ChannelUnknown(GuardError):
    """There is no channel of that name."""

    code = "channel_unknown"


class ChannelExists(GuardError):
    """A channel of that name exists."""

    code = "channel_exists"


class ExtraMissing(GuardError):
    """A package that this needs is not installed."""

    code = "extra_missing"


class OutboxDamaged(GuardError):
    """The outbox cannot be read or written."""

    code = "outbox_damaged"


class Undelivered(GuardError):
    """A message was not taken by whoever should have it; it is tried again."""

    code = "undelivered"


class AddressRefused(Undelivered):
    """The message was not sent: where it should have gone is a place that nothing is sent to."""

    code = "address_refused"
