"""What enters of the calls that agents and clients make: what they asked and were refused, and what they say of
themselves."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from remit.kernel.command.content import Content
from remit.kernel.names import OPTIONAL_DIGEST_PATTERN, OptionalName, TraceId

Called = Annotated[str, msgspec.Meta(max_length=200)]
"""What a door calls what was asked of it: `tool:get_positions`, `GET /v1/positions`. A note, never a proof."""
OptionalDigest = Annotated[str, msgspec.Meta(pattern=OPTIONAL_DIGEST_PATTERN)]


class Acted(Content, frozen=True, tag="acted"):
    """An agent or its client called the guard: a question that was answered, or anything that was refused before it
    could enter. What enters is its own entry and has none of these.

    `what` is the guard's own word for it (`read positions`, `preview submit`), `via` the door's; `code` names the
    refusal where it is not `ok`. `said` is the digest of what was asked, whose text lies in the side store. `times`
    calls beyond the agent's call rate share one entry.
    """

    what: Called
    ok: bool
    agent: OptionalName
    code: OptionalName = ""
    via: Called = ""
    client: OptionalName = ""
    token: OptionalName = ""
    door: Called = ""
    trace: TraceId = ""
    said: OptionalDigest = ""
    times: Annotated[int, msgspec.Meta(ge=1)] = 1


class Noted(Content, frozen=True, tag="noted"):
    """An agent or its client adds to its own log: a `thought`, an `error` of its own, or a `refused_call` that the
    door which carries its token refused by itself.

    `order` is the one that it is about; `said` is the digest of the text, which lies in the side store. The guard fills
    in who says it where the sender left it out.
    """

    note: Literal["thought", "error", "refused_call"]
    agent: OptionalName = ""
    client: OptionalName = ""
    order: OptionalName = ""
    code: OptionalName = ""
    via: Called = ""
    trace: TraceId = ""
    said: OptionalDigest = ""
