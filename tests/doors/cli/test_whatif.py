"""`remit mandate what-if`: a draft, tried on the orders of the journal beside the guard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doors.cli.house import House
from tests.guard.desk import MOMENTUM, REVERSION
from tests.verify.desk import written


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    house.desk.submit(MOMENTUM, "8")
    house.desk.submit(MOMENTUM, "16")
    house.desk.submit(REVERSION, "9")
    written(tmp_path / "journal", house.desk.journal)
    limits = ('["agent:momentum"]', 'order_notional_max = "1000"', 'approval_notional_min = "700"')
    (tmp_path / "draft.toml").write_text("\n".join(limits))
    yield house
    house.close()


def test_the_orders_that_a_draft_turns_are_told(house: House, tmp_path: Path) -> None:
    asked = ("mandate", "what-if", "--file", str(tmp_path / "draft.toml"))
    told = house.run(*asked)
    assert told.code == 0 and told.out.rstrip().endswith("2 would be judged more strictly, 0 less"), told.out
    found = house.run(*asked, "--json").json
    assert [(flip["agent"], flip["was"], flip["would"]) for flip in found["flips"]] == [
        ("momentum", "allow", "hold"),
        ("momentum", "hold", "deny"),
    ]
    assert (found["judged"], found["tighter"], found["looser"]) == (3, 2, 0)
    assert house.run(*asked, "--since", "never").code == 2


def test_a_journal_that_is_not_there_is_named(house: House, tmp_path: Path) -> None:
    (tmp_path / "journal").rename(tmp_path / "elsewhere")
    found = house.run("mandate", "what-if", "--file", str(tmp_path / "draft.toml"))
    assert found.code == 1 and found.err.startswith("journal_unreadable: ")
