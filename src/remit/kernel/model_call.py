"""Model calls: what each that costs money may cost, or did, and what it counts against the budgets on its path."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from remit.kernel.names import OPTIONAL_DIGEST_PATTERN, At, Digest, Name, OptionalName
from remit.kernel.numbers import Money

SpendState = Literal["reserved", "settled", "added", "unpriced"]
"""Reserved before the call; settled by whoever reserved it, or by a person; added by a report; of unknown price."""


class ModelCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One call of a model as it counts now: `cost` in US dollars, `amount` in the account's currency, `firm` in the
    firm's. What of them is None is not known, and counts as more than every budget."""

    id: Name
    agent: Name
    client: OptionalName = ""
    provider: Name
    model: Name
    seq: int
    """The entry that it was counted with first: it belongs to that day."""
    at: At
    """When anything was said of it last."""
    state: SpendState
    cost: Money | None
    amount: Money | None
    firm: Money | None
    rate: int = 0
    firm_rate: int = 0
    """What one US dollar was worth, at scale 10^-18, when it was reserved; it is settled at the same."""
    seal: Annotated[str, msgspec.Meta(pattern=OPTIONAL_DIGEST_PATTERN)] = ""
    said: Digest
    """The SHA-256 of the command that it came with."""
    settled_seq: int = 0
    settled_said: Annotated[str, msgspec.Meta(pattern=OPTIONAL_DIGEST_PATTERN)] = ""
