"""Deeds and observations are one story, in the order in which they happened."""

from __future__ import annotations

from typing import Any

from remit.kernel import command as c
from remit.kernel.effect import Alert
from remit.testing.sim.observer import Kind, Seen
from remit.testing.sim.story import Told, story
from remit.testing.sim.woven import Placed, woven


def seen(at_s: int, kind: Kind, who: str, what: Any = "") -> Seen:
    return Seen(kind, at_s * 10**9, 0, 4, who, what)


def test_what_is_observed_belongs_to_the_step_before_it() -> None:
    observed = [
        seen(0, "booting", ""), seen(0, "booted", "", object()), seen(2, "asked", "ann", c.Cancel(order="o-1")),
        seen(3, "sent", "paper1", b"x"), seen(3, "befell", "paper1", "lost_request"),
        seen(4, "disk_failed", "journal", ("0.log", "sync")), seen(4, "died", "", "its disk failed"),
        seen(5, "refused_start", "", ValueError("the journal is poisoned")), seen(6, "joined", "5", ()),
        seen(6, "answered", "ann", (c.Cancel(order="o-1"), "guard_gone")),
        seen(7, "alerted", "firm", Alert("a", "b", "c")), seen(8, "stopped", ""),
    ]  # fmt: skip
    placed = [
        Placed(2, Told(1 * 10**9, 0, "step", "ann", "ann cancels")),
        Placed(7, Told(5 * 10**9, 1, "step", "bob", "bob waits")),
    ]
    assert story(woven(placed, observed), 2) == [
        "before the first step",
        "    +0.000 s guard starts with 4 entries in its journal",
        "step 0 (+1.000 s): ann cancels",
        "    +2.000 s ann asks cancel (order o-1)",
        "    +3.000 s ! paper1: lost_request: the request never arrives, and nothing is answered",
        "    +4.000 s ! journal: fails: sync of 0.log",
        "    +4.000 s guard dies: its disk failed",
        "step 1 (+5.000 s): bob waits",
        "    +5.000 s guard refuses to start: the journal is poisoned",
        "    +6.000 s guard finds entry 5, which it had told nobody of",
        "    +6.000 s ann is told guard_gone",
        "    +7.000 s ! guard ALERT a b: c",
        "    +8.000 s guard stops cleanly",
    ]
