"""Requests made again: which events lead to none, and what is planned is what the guard planned."""

from __future__ import annotations

import ast
import inspect

from tests.verify.desk import ledger

from remit.kernel import kernel
from remit.kernel.codec import decode
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel
from remit.verify.requests import NEVER_ACT, planned


def test_no_event_that_is_passed_over_leads_to_anything() -> None:
    """The one place that turns events into acts names none of them."""
    tree = ast.parse(inspect.getsource(kernel.effects))
    named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert "Reserved" in named and not named & {kind.__name__ for kind in NEVER_ACT}


def test_what_follows_is_what_the_guard_planned() -> None:
    again, found = Kernel(), 0
    for entry in ledger():
        record = decode(Record, entry)
        assert again.step(record.command).events == record.events
        assert planned(again.state, record) == record.requests
        found += len(record.requests)
    assert found == 5
