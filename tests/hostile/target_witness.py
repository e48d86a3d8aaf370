"""What is said between a journal and a witness: what anybody posts to it, and what it, or who stands in its place,
answers."""

from __future__ import annotations

from tests.hostile.target import Target, chosen, only, seeded
from tests.witness.test_ledger import FORK, HISTORY, JOURNAL, WITNESS, ask, head, ledger

from remit.journal import submission as submissions
from remit.journal.cosign import cosignatures, cosigned, parse_cosigner
from remit.journal.cosigned import holding, joined
from remit.journal.errors import NoteInvalid
from remit.journal.submission import Submission
from remit.journal.tree import consistency_proof
from remit.testing.disk import MemoryStore

KNOWN = 7
NOTE = head(HISTORY, KNOWN)


def check_shown(data: bytes) -> None:
    """Any bytes, or another proof for a signed head: what is cosigned is of the one history, and never smaller."""
    of = ledger(MemoryStore())
    assert ask(of, 0, KNOWN).status == 200
    way, said = chosen(data, 3)
    if way:
        signed = head(HISTORY if way == 1 else FORK, 12)
        proof = tuple(said[at : at + 32] for at in range(0, len(said) - 31, 32))[: submissions.PROOF_MAX]
        said = Submission(KNOWN, proof, signed).write()
    answer = of.add_checkpoint(said)
    assert answer.status in (200, 400, 403, 404, 409, 422), answer
    known = of.head(JOURNAL.verifier)
    assert known is not None and known.size >= KNOWN
    assert known.note in {NOTE, *(head(HISTORY, size) for size in (9, 12))}, "nobody proved that it grew to this"
    with only(NoteInvalid):
        found = submissions.parse(said)
        assert submissions.parse(found.write()) == found


def shown_seeds() -> list[bytes]:
    proof = consistency_proof(HISTORY[:12], KNOWN)
    whole = Submission(KNOWN, tuple(consistency_proof(HISTORY[:9], KNOWN)), head(HISTORY, 9)).write()
    return [seeded(0, whole), seeded(1, b"".join(proof)), seeded(2, b"".join(consistency_proof(FORK[:12], KNOWN)))]


def check_answered(data: bytes) -> None:
    """Any bytes as a witness's answer, a note or a key: a cosignature is one that its key made over this very head."""
    text = data.decode(errors="replace")
    with only(NoteInvalid):
        found = cosigned(NOTE, text, WITNESS.cosigner)
        assert cosignatures(found, [WITNESS.cosigner]) and found.startswith(NOTE)
    with only(NoteInvalid):
        cosignatures(text, [WITNESS.cosigner])
    for note in (text, NOTE + text):
        with only(NoteInvalid):
            for cosigner, line in holding(note, [WITNESS.cosigner]).items():
                assert cosigner in cosignatures(joined(NOTE, NOTE + line), [WITNESS.cosigner]) or note == text
    with only(NoteInvalid):
        assert str(parse_cosigner(text)) == text


def answered_seeds() -> list[bytes]:
    line = WITNESS.cosign(NOTE, 1_700_000_000)
    return [line.encode(), (NOTE + line).encode(), str(WITNESS.cosigner).encode()]


TARGETS = (
    Target("shown_heads", check_shown, shown_seeds, ("old ", "\n\n", "\u2014 ", JOURNAL.name), cost=5),
    Target("cosignatures", check_answered, answered_seeds, ("\u2014 ", WITNESS.cosigner.name, "+"), cost=3),
)
