"""What must hold between entries, whatever kernel decided them: with the events taken as they are written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from tests.verify.both import verify
from tests.verify.desk import SIGNER, Change, forged, ledger, numbered, written
from tests.verify.test_claims import of_another_kernel
from tests.verify.test_tampering import _by, _command, _decision, _record

from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.event import Record
from remit.verify import Verdict


def taken(folder: Path, seq: int, change: Change) -> Verdict:
    """Verify the ledger with one record changed, in a stretch whose decisions this kernel does not derive."""
    first = numbered("submit", '"verdict":"allow"')
    unlike = forged(ledger(), first, _decision(currency="EUR"))
    return verify(written(folder / "journal", of_another_kernel(forged(unlike, seq, change), 1)), SIGNER.verifier)


def _halted_on_the_side(record: Record) -> Record:
    raised = e.HaltRaised(halt="H-9-9", subject="firm", cause="person", rule="person")
    return msgspec.structs.replace(record, events=(*record.events, raised, raised))


CASES: list[tuple[str, Sequence[str], Change, str, Sequence[str]]] = [
    ("no request names the order", ("submit", '"verdict":"allow"'), _record(requests=()), "no_permit", ("acked",)),
    ("a request to cancel alone", ("submit", '"verdict":"allow"'),
     _record(requests=(e.Planned("cancel", "abcd-17", "0" * 64),)), "no_permit", ("acked",)),
    ("an agent resumed", ("resume", '"took"'), _by("agent"), "halt_not_reviewed", ("resume", '"took"')),
    ("the guard reviewed", ("review",), _by("guard"), "halt_not_reviewed", ("review",)),
    ("nobody reviewed", ("review",), _record(events=()), "halt_not_reviewed", ("resume", '"took"')),
    ("an earlier time", ("filled",), _command(at=5), "time_went_back", ("filled",)),
]  # fmt: skip


@pytest.mark.parametrize(("what", "where", "change", "code", "found_at"), CASES, ids=[case[0] for case in CASES])
def test_what_contradicts_itself_is_found_in_any_kernels_words(
    tmp_path: Path, what: str, where: Sequence[str], change: Change, code: str, found_at: Sequence[str]
) -> None:
    found = taken(tmp_path, numbered(*where), change)
    assert found.difference is not None
    assert (found.difference.code, found.difference.seq) == (code, numbered(*found_at))


def test_with_nothing_else_changed_only_the_other_kernel_is_named(tmp_path: Path) -> None:
    found = taken(tmp_path, 2, lambda record: record)
    assert found.difference is not None and found.difference.code == "other_kernel"
    assert found.counts.sends == 2 and found.counts.resumes == 1 and found.count == len(ledger())


def test_a_new_order_of_a_replace_needs_its_own_permit(tmp_path: Path) -> None:
    def replaced(record: Record) -> Record:
        body = c.Replaced(order=record.command.body.order)  # type: ignore[union-attr]
        command = msgspec.structs.replace(record.command, body=body)
        return msgspec.structs.replace(record, command=command, events=())

    found = taken(tmp_path, numbered("acked"), replaced)
    assert found.difference is not None and found.difference.code == "no_permit"
    assert found.difference.derived == "an earlier entry that permits its new terms"
