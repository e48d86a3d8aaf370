"""Durable decisions over the guard's socket, at 1 and 64 callers, beside raw writes and syncs on the same disk."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from remit.bench.callers import Callers, framed
from remit.bench.disk import RawFile
from remit.bench.processes import Running
from remit.bench.table import Row, Skipped
from remit.bench.timing import Round, in_turns

MANY = 64
ALONE = 20
CROWD = 8 * MANY
ENTRY_BYTES = 1200
"""About what one decision is in the journal here; the raw disk writes as much."""
DENIED, ALLOWED = 1000, 10
"""Shares: more than the agent may ask for, and an order that passes."""


def wire(rounds: int, folder: Path | None = None) -> list[Row | Skipped]:
    """The guard is a process of its own; so is the paper venue that the allowed orders are sent to and rest at."""
    with TemporaryDirectory(prefix="remit-bench-", dir=folder) as temporary, ExitStack() as stack:
        home = Path(temporary)
        guard = stack.enter_context(Running(home / "guard"))
        raw = stack.enter_context(RawFile(home / "raw"))
        one = stack.enter_context(Callers(guard.socket, 1))
        many = stack.enter_context(Callers(guard.socket, MANY))
        took = in_turns(
            {
                "raw": Round(lambda: raw.write(ALONE, ENTRY_BYTES)),
                "one": _asking(guard, one, ALONE, DENIED),
                "many": _asking(guard, many, CROWD, DENIED),
                "one sent": _asking(guard, one, ALONE, ALLOWED),
                "many sent": _asking(guard, many, CROWD, ALLOWED),
            },
            rounds,
        )
    beside = f"raw write of {ENTRY_BYTES} bytes and sync"
    raw_ns, raw_noise = took["raw"]
    return [
        Row(group="wire", name="one caller", ns=took["one"].ns, unit="us over", beside=beside, beside_ns=raw_ns,
            reach=300, aim=150, noise=max(took["one"].noise, raw_noise), note="judged, durable, answered: a denial"),
        Row(group="wire", name=f"{MANY} callers", ns=took["many"].ns, unit="/s", beside=beside, beside_ns=raw_ns,
            reach=10_000, aim=20_000, noise=max(took["many"].noise, raw_noise), note="the same"),
        Row(group="wire", name="one caller, sent", ns=took["one sent"].ns, unit="us over", beside=beside,
            beside_ns=raw_ns, noise=max(took["one sent"].noise, raw_noise),
            note="allowed: the permit is signed, the order sent, and the venue's word journalled meanwhile"),
        Row(group="wire", name=f"{MANY} callers, sent", ns=took["many sent"].ns, unit="/s", beside=beside,
            beside_ns=raw_ns, noise=max(took["many sent"].noise, raw_noise),
            note="the same: two entries an order, and guard, venue and callers share the cores"),
    ]


def _asking(guard: Running, callers: Callers, count: int, quantity: int) -> Round:
    requests: list[bytes] = []
    verdict = "deny" if quantity == DENIED else "allow"

    def prepare() -> None:
        requests[:] = framed(guard.secret, [guard.submit(quantity) for _ in range(count)])

    return Round(lambda: callers.ask(requests, verdict), prepare)
