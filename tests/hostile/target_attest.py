"""Attestations: a file, an enclave's document, a TPM's quote and its key, whoever made them. Whatever bytes come, each
is checked or refused by name, and nothing vouches for a statement but what was made for it."""

from __future__ import annotations

import json
from functools import cache

from tests.attest.crafted import ZEROS, area, pem, quote
from tests.attest.enclave import AT, chain, document, root_of
from tests.attest.said import KEY, NONCE, binding, file, statement
from tests.hostile.target import Target, chosen, only, seeded

from remit.attest import nitro, tpm
from remit.attest.check import Expected, check
from remit.attest.errors import AttestationInvalid


@cache
def vouched() -> bytes:
    bound, asked = binding(statement()), bytes.fromhex(NONCE)
    return file(tpm=quote(), nitro=document(user_data=bound, nonce=asked))


def expected() -> Expected:
    return Expected(
        key=KEY, nonce=NONCE, ak=area(), tpm_pcrs={0: ZEROS, 1: ZEROS}, nitro=True, nitro_roots=(root_of(chain()),)
    )


def check_attest(data: bytes) -> None:
    """The ways: a whole file; a document; a quote's message; its signature; a key."""
    way, raw = chosen(data, 5)
    if way == 0:
        checked = check(raw, expected(), AT)
        assert not checked.well or checked.digest == binding(statement()).hex()
        assert all(found.name and found.says for found in checked.findings)
        return
    with only(AttestationInvalid) as refused:
        if way == 1:
            found = nitro.verify(raw, at=AT, roots=(root_of(chain()),))
            assert found.user_data == binding(statement()), "an enclave signed nothing else"
        elif way == 2:
            tpm.verify(raw, quote().signature, tpm.read_key(area()), binding(statement()), quote().pcrs)
            assert raw == quote().message
        elif way == 3:
            tpm.verify(quote().message, raw, tpm.read_key(pem()), binding(statement()), quote().pcrs)
        else:
            tpm.read_key(raw)
    for fault in refused:
        assert isinstance(fault, AttestationInvalid) and fault.code and fault.do


def attest_seeds() -> list[bytes]:
    note = json.loads(vouched())["note"]
    return [
        seeded(0, vouched()),
        seeded(0, file()),
        seeded(0, json.dumps({"note": note}).encode()),
        seeded(1, document(user_data=binding(statement()))),
        seeded(1, document(tagged=True, user_data=binding(statement()))),
        seeded(2, quote().message),
        seeded(3, quote().signature),
        seeded(4, area()),
        seeded(4, pem()),
    ]


WORDS = ('"note":"', '"tpm":', '"nitro":"', "remit-attestation-1\\n", '"packages":{', "-----BEGIN", "\\n\\n\u2014 ")
TARGETS = (Target("attest", check_attest, attest_seeds, WORDS, cost=3),)
