"""A kernel that went on from a snapshot is the one that never stopped."""

from __future__ import annotations

from tests.kernel.desk import ANN, money, small

from remit.kernel import command as c


def test_what_settles_at_once_for_several_is_told_in_one_order_after_a_snapshot_too() -> None:
    desk = small()
    desk.connection("paper0", "main")
    desk.took(c.SetGrant(agent="momentum", connection="paper0", granted=True))
    desk.hold("10")
    desk.hold("5", connection="paper0")
    desk.reload()
    desk.took(c.Dividend(instrument="AAPL", amount=money("0.5")), ANN)
    desk.agree()
