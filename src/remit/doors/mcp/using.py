"""What a model used to come to a call, said beside the call in its `_meta`."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from remit.doors.mcp.caller import Call
from remit.doors.mcp.refusing import CallRefused, check_taken
from remit.doors.spend.prices import TOKENS_MAX
from remit.doors.spend.reported import reported
from remit.kernel.codec import build
from remit.kernel.names import Name
from remit.kernel.numbers import Money
from remit.kernel.printable import printable

USAGE = "remit/usage"
Tokens = Annotated[int, msgspec.Meta(ge=0, le=TOKENS_MAX)]


class Usage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a call of a model used; `cost` in US dollars, looked up where it is not said. The same `id` counts once."""

    provider: Name
    model: Name
    input_tokens: Tokens
    output_tokens: Tokens
    cost: Money | None = None
    id: Name | None = None


async def report(call: Call, meta: Mapping[str, Any] | None) -> None:
    """Let the guard count the usage that came beside a call, before the call; it only ever adds. CallRefused."""
    said = (meta or {}).get(USAGE)
    if said is None:
        return
    try:
        used = build(Usage, said)
    except ValueError as fault:
        raise CallRefused(
            "bad_usage", printable(f"_meta {USAGE}: {fault}"[:300]),
            "Say provider, model, input_tokens and output_tokens; cost and id where you know them",
        ) from None  # fmt: skip
    check_taken(await call.enter(reported(used, used.id or f"mcp-{secrets.token_hex(8)}")))
