"""Lint of approvals and prices: thresholds that never ask, always ask, or are overtaken."""

from __future__ import annotations

from remit.kernel.lint.note import Found, Known, Path, limits, note, written


def thresholds(path: Path, known: Known) -> Found:
    """A threshold above the order cap asks nobody; one at or below the smallest order asks for every order."""
    for field in ("approval_notional_min", "quorum_notional_min"):
        for threshold in limits(path, field):
            for cap in limits(path, "order_notional_max"):
                if threshold.same_measure(cap) and threshold.value > cap.value:
                    yield note(
                        "never_asks",
                        (threshold, cap),
                        f"{threshold} never asks anybody: {cap} denies such an order first.",
                        f"Lower {field} to {written(cap.value)} or less, or raise order_notional_max.",
                    )
            if threshold.value <= known.smallest_order:
                yield note(
                    "always_asks",
                    (threshold,),
                    f"{threshold} asks for every opening order, down to the smallest that can be placed.",
                    "Keep it if a person shall see every order; else raise it above the smallest order.",
                    "note",
                )


def quorum_below_approval(path: Path, _: Known) -> Found:
    """A confirmation that is only asked for where the quorum is asked too."""
    for quorum in limits(path, "quorum_notional_min"):
        for approval in limits(path, "approval_notional_min"):
            if quorum.same_measure(approval) and quorum.value <= approval.value:
                yield note(
                    "never_binds",
                    (approval, quorum),
                    f"{approval} adds nothing: {quorum} asks for more, and no later.",
                    "Put approval_notional_min below quorum_notional_min, or remove it.",
                )


def collar_and_slippage(path: Path, _: Known) -> Found:
    """Two bounds on a market order's price, of which the tighter one decides."""
    for collar in limits(path, "price_collar_bps"):
        for slippage in limits(path, "slippage_max_bps"):
            if collar.value > slippage.value:
                yield note(
                    "know_this",
                    (collar, slippage),
                    f"{collar} is looser than {slippage}: for market orders slippage stops first; the collar guards "
                    "limit orders and the distance from the last close.",
                    "Nothing, if that is meant; else narrow the collar.",
                    "note",
                )
            elif collar.value < slippage.value:
                yield note(
                    "never_binds",
                    (slippage, collar),
                    f"{slippage} can never bind: {collar} denies such a price first.",
                    f"Lower slippage_max_bps to {collar.value} or less, or widen the collar.",
                )


CHECKS = (thresholds, quorum_below_approval, collar_and_slippage)
