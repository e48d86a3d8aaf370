"""What drafts would have decided: the same limits give the same verdicts, others turn the orders they bear on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.guard.desk import ANN, MANDATE, MOMENTUM, REVERSION, Desk
from tests.verify.desk import written

from remit.kernel import command as c
from remit.kernel.codec import build, plain
from remit.kernel.mandate import Mandate, Rate
from remit.kernel.numbers import Money, parse
from remit.whatif import WhatIf, WhatIfRefused, what_if

EMPTY: dict[str, Mandate] = {}


def limits(**changed: Any) -> dict[str, Mandate]:
    """A draft for agent:momentum: its mandate but for what is changed."""
    return {"agent:momentum": msgspec.structs.replace(MANDATE, **changed)}


@pytest.fixture(scope="module")
def day() -> Desk:
    """Orders of 500, 1600 (held), 3000 (denied) and 800 by one agent, one of another's, a fill, a mandate between."""
    desk = Desk()
    filled = desk.submit(MOMENTUM, "5")
    desk.fill(filled, "5", "100")
    desk.submit(MOMENTUM, "16")
    desk.submit(MOMENTUM, "30")
    desk.do(ANN, c.SetMandate(subject="agent:momentum", mandate=MANDATE, why="the same once more"))
    desk.submit(MOMENTUM, "8")
    desk.submit(REVERSION, "9")
    return desk


@pytest.fixture(scope="module")
def journal(day: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("home") / "journal", day.journal)


def turned(found: WhatIf) -> list[tuple[str, str, str, str]]:
    return [(flip.agent, flip.quantity, flip.was, flip.would) for flip in found.flips]


def test_limits_that_change_nothing_turn_nothing(journal: Path) -> None:
    for drafts in (EMPTY, limits(), {"agent:nobody": MANDATE}):
        found = what_if(journal, drafts, 0)
        assert (found.judged, found.tighter, found.looser, found.flips) == (5, 0, 0, ())
        assert found.was == found.would == {"allow": 3, "hold": 1, "deny": 1}


@pytest.mark.parametrize(
    ("changed", "flips"),
    [
        ({"order_notional_max": parse(Money, "600")}, [("16", "hold", "deny"), ("8", "allow", "deny")]),
        ({"approval_notional_min": parse(Money, "700")}, [("8", "allow", "hold")]),
        ({"approval_notional_min": None}, [("16", "hold", "allow")]),
        (
            {"order_notional_max": None, "market_exposure_max": None, "approval_notional_min": None},
            [("16", "hold", "allow"), ("30", "deny", "allow")],
        ),
        # what a limit counts has been counted from the journal's first entry on
        ({"orders_per_day_max": 1}, [("16", "hold", "deny"), ("8", "allow", "deny")]),
        ({"order_rate_max": Rate(count=1, per_s=3600)}, [("16", "hold", "deny"), ("8", "allow", "deny")]),
    ],
)
def test_a_draft_turns_the_orders_it_bears_on(
    journal: Path, changed: dict[str, Any], flips: list[tuple[str, str, str]]
) -> None:
    found = what_if(journal, limits(**changed), 0)
    assert turned(found) == [("momentum", *flip) for flip in flips]
    assert (found.tighter, found.looser) == (
        sum(would != "allow" for _, _, would in flips),
        sum(would == "allow" for _, _, would in flips),
    )


def test_each_flip_says_why(journal: Path) -> None:
    tighter = what_if(journal, limits(order_notional_max=parse(Money, "600")), 0).flips[-1]
    assert [(one.rule, one.limit, one.actual) for one in tighter.findings] == [("order_notional_max", "600", "800")]
    assert not tighter.looser
    looser = what_if(journal, limits(approval_notional_min=None), 0).flips[0]
    assert looser.looser and [one.rule for one in looser.findings] == ["approval_notional_min"]


def test_only_what_came_since_then_and_is_of_those_agents(day: Desk, journal: Path) -> None:
    drafts = limits(order_notional_max=parse(Money, "1"))
    since = day.at - 2 * day.step_ns + 1
    assert [flip[1] for flip in turned(what_if(journal, drafts, since))] == ["8"]
    assert what_if(journal, drafts, day.at + 1).judged == 0
    assert what_if(journal, drafts, 0, agents=("reversion",)).judged == 1
    assert what_if(journal, drafts, 0, agents=()).judged == 0


@pytest.fixture(scope="module")
def halted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loss of 200 against 100 halts the agent; two orders are denied under the halt, one before it is not."""
    desk = Desk()
    desk.fill(desk.submit(MOMENTUM, "10"), "10", "100")
    desk.mark("80")
    desk.submit(MOMENTUM, "1", limit="80")
    desk.submit(MOMENTUM, "2", limit="80")
    return written(tmp_path_factory.mktemp("home") / "journal", desk.journal)


@pytest.mark.parametrize(
    ("draft", "needless"),
    [
        ("150", []),
        ("200", []),
        ("201", [("agent:momentum", "daily_loss_max", "200", "100", "201", 2)]),
        (None, [("agent:momentum", "daily_loss_max", "200", "100", "", 2)]),
    ],
)
def test_a_halt_that_the_draft_would_not_have_raised_is_told_with_what_it_stopped(
    halted: Path, draft: str | None, needless: list[tuple[Any, ...]]
) -> None:
    found = what_if(halted, limits(daily_loss_max=None if draft is None else parse(Money, draft)), 0)
    told = [(one.subject, one.rule, one.actual, one.limit, one.would, one.orders) for one in found.needless]
    assert told == needless
    assert (found.judged, found.looser) == (3, 0), "what followed the halt is not replayed"


def test_a_damaged_journal_is_named(journal: Path, tmp_path: Path) -> None:
    segment = sorted(journal.glob("*.journal"))[0]
    (tmp_path / segment.name).write_bytes(segment.read_bytes().replace(b"momentum", b"momentun"))
    with pytest.raises(WhatIfRefused, match="journal_damaged.*checksum.*remit verify"):
        what_if(tmp_path, EMPTY, 0)
    with pytest.raises(WhatIfRefused, match="journal_unreadable"):
        what_if(tmp_path / "none", EMPTY, 0)


def test_the_process_answers_one_question(journal: Path, tmp_path: Path) -> None:
    drafts = limits(order_notional_max=parse(Money, "600"))
    asked = json.dumps({"mandates": plain(drafts), "from_at": 0, "agents": ["momentum"]}).encode()
    run = [sys.executable, "-P", "-m", "remit.whatif"]
    done = subprocess.run([*run, str(journal)], input=asked, capture_output=True, check=True)
    assert build(WhatIf, json.loads(done.stdout)) == what_if(journal, drafts, 0, agents=("momentum",))
    refused = subprocess.run([*run, str(tmp_path / "none")], input=asked, capture_output=True, check=False)
    assert (refused.returncode, json.loads(refused.stdout)["code"]) == (1, "journal_unreadable")
