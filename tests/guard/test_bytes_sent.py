"""What leaves the guard is, to the last byte, what was journalled before it, however long it waited."""

from __future__ import annotations

import hashlib

from tests.guard.core import AGENT, Core, run

from remit.kernel import command as c
from remit.kernel.codec import decode
from remit.kernel.numbers import NANOSECONDS, Price, Quantity, parse
from remit.kernel.permit import Permit
from remit.venues.paper import messages


def _digest(sealed: messages.Sealed) -> str:
    """The digest as DESIGN says it, worked out here once more: SHA-256 over method, path and body with their
    lengths."""
    state = hashlib.sha256()
    for part in (sealed.method.encode(), sealed.path.encode(), sealed.body):
        state.update(len(part).to_bytes(4, "big") + part)
    return state.hexdigest()


def test_the_bytes_that_leave_are_those_of_the_journalled_digest() -> None:
    """Time passes while the disk writes, and the request is sent as it was planned, not made anew."""

    async def main(core: Core) -> None:
        sync = core.disk.sync

        def slow(name: str) -> None:
            sync(name)
            core.world.pass_time(NANOSECONDS // 4)

        core.disk.sync = slow  # type: ignore[method-assign]
        record = await core.submit("7")
        assert record.decision is not None
        order = record.decision.order
        await core.rest()
        terms = c.Replace(id="r", order=order, quantity=parse(Quantity, "5"), limit_price=parse(Price, "100"))
        await core.loop.enter(AGENT, terms)
        await core.rest()
        await core.loop.enter(AGENT, c.Cancel(order=order))
        await core.rest()
        left = []
        for _, frame in core.world.sent:
            sealed = messages.read_frame(frame)
            assert isinstance(sealed, messages.Sealed)
            permit = decode(Permit, sealed.permit)
            entry = core.on_disk()[permit.seq - 1]
            planned = [plan.digest for plan in entry.requests if (plan.do, plan.order) == (permit.action, permit.order)]
            assert [permit.digest] == planned == [_digest(sealed)]
            left.append(permit.action)
        assert [action for action in left if action in ("place", "replace", "cancel")] == ["place", "replace", "cancel"]

    run(main)
