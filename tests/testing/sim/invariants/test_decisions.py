"""D1 to D3, each broken by hand and kept."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.kernel.desk import BOB, money
from tests.testing.sim.invariants.scene import Scene, changed, scene

from remit.kernel import command as c
from remit.kernel.decide import Judge
from remit.kernel.event import Decision, Record
from remit.kernel.lens import Asked
from remit.kernel.mandate import Mandate
from remit.testing.sim.invariants import again


@pytest.fixture
def desk() -> Scene:
    made = scene()
    made.mandate("firm", Mandate(order_notional_max=money("1000"), gross_exposure_max=money("1200")))
    made.mandate("agent:momentum", Mandate(approval_notional_min=money("600"), order_notional_max=money("900")))
    return made


def test_allows_holds_and_denials_that_say_all_are_well(desk: Scene) -> None:
    for amount in ("5", "7", "20", "20"):
        desk.submit(amount, "100")
    held = next(order for order in desk.state.orders.values() if order.state == "held")
    desk.took(c.Approve(order=held.id, digest=held.digest), BOB)
    desk.submit("7", "100", client="claude")
    desk.is_well()


def test_d1_finds_a_decision_that_does_not_follow(desk: Scene) -> None:
    desk.forge = lambda record: changed(record, worth=money("1"))
    desk.submit("5", "100")
    desk.finds("D1", f"entry {desk.state.seq} decided allow, and deciding again gives allow")


def test_d1_finds_a_denial_that_leaves_a_rule_out(desk: Scene) -> None:
    desk.inspector.known.again.judge.judge = first_only(desk.inspector.known.again.judge.judge)  # type: ignore[method-assign]
    desk.forge = lambda record: changed(record, findings=record.decision.findings[:1])  # type: ignore[union-attr]
    desk.submit("20", "100")
    desk.finds("D1", "tells 1 findings, and 4 lines of the table do not hold", "order_notional_max of firm: 2000")


def first_only(judge: Any) -> Any:
    """Return a judge that tells the first finding only, in the kernel that decides again too."""

    def judged(asked: Asked, order: str) -> Any:
        decision, needs = judge(asked, order)
        told = msgspec.structs.replace(decision, findings=decision.findings[:1])
        self = judge.__self__
        if self.judged:
            self.judged[-1] = self.judged[-1]._replace(decision=told)
        return told, needs

    return judged


@pytest.mark.parametrize("field", ["rule", "subject", "limit", "actual", "unit"])
def test_d1_finds_a_finding_without_its_numbers(desk: Scene, field: str) -> None:
    def blank(record: Record) -> Record:
        assert record.decision is not None
        first, *others = record.decision.findings
        return changed(record, findings=(msgspec.structs.replace(first, **{field: ""}), *others))

    desk.forge = blank
    desk.submit("20", "100")
    desk.finds("D1", f"entry {desk.state.seq}: a finding of", f"has no {field}")


def test_d1_finds_a_denial_without_a_reason(desk: Scene) -> None:
    desk.forge = lambda record: changed(record, findings=())
    desk.submit("20", "100")
    desk.finds("D1", "decided deny and says no reason")


def test_d1_finds_an_order_that_goes_out_though_it_was_denied(desk: Scene) -> None:
    denied = desk.submit("20", "100").decision
    assert denied is not None
    desk.wrong()
    desk.forge = lambda record: changed(record, verdict="deny", findings=denied.findings)
    desk.submit("5", "100")
    desk.finds("D1", f"lets test-{desk.state.seq} out, and decided deny (")


def test_d2_finds_a_verdict_that_one_limit_more_loosens(desk: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last scope's limit would win: an agent's own, looser one takes the firm's away."""
    monkeypatch.setattr(again, "TIGHTER_EVERY", 1)
    monkeypatch.setattr(again, "MORE", ({"gross_exposure_max": money("1000000")},))
    monkeypatch.setattr(again.Watching, "_with_more", allowing)
    desk.submit("20", "100")
    desk.finds("D2", "decided deny (", "with gross_exposure_max of agent:momentum it would be allow")


def allowing(self: Judge, asked: Asked, order: str) -> tuple[Decision, str]:
    """Judge as if an agent's limit overrode its firm's."""
    decision, _ = Judge.judge(self, asked, order)
    return msgspec.structs.replace(decision, verdict="allow", findings=()), "gross_exposure_max of agent:momentum"


def test_d2_judges_again_with_limits_that_bind_and_limits_that_never_could(
    desk: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "TIGHTER_EVERY", 1)
    seen = set()
    for _ in range(12):
        desk.submit("1", "100")
        desk.is_well()
        (judged,) = desk.inspector.known.again.judged
        assert judged.tighter is not None and judged.added
        seen.add(judged.tighter.verdict)
    assert seen > {"allow"}, "some of the limits bind"


def test_d3_finds_a_verdict_that_hangs_on_the_order_of_the_rules(desk: Scene) -> None:
    judge = desk.inspector.known.again.judge
    last_wins(judge._other)
    desk.submit("20", "100")
    desk.finds("D3", "decided deny (", "with the rules in another order")


def last_wins(judge: Judge) -> None:
    """Let the finding that comes last decide, and take it for one that asks people."""
    honest = judge.judge

    def judged(asked: Asked, order: str) -> Any:
        decision, needs = honest(asked, order)
        return msgspec.structs.replace(decision, verdict="hold"), needs

    judge.judge = judged  # type: ignore[method-assign]
