"""Checking an attestation: each thing by its name, whether it holds, and what nobody looked at."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from remit.attest import carried, tpm
from remit.attest import nitro as aws
from remit.attest.carried import Attestation
from remit.attest.errors import AttestationInvalid
from remit.attest.statement import Statement, digest_of, read
from remit.journal import note
from remit.journal.errors import NoteInvalid
from remit.journal.note import parse_verifier

AHEAD_NS = 60 * 10**9
"""How far another clock may be ahead of ours."""
NS = 10**9

SOFTWARE = "no hardware vouches for this: a key in software signed it, and proves nothing about the machine"

Standing = Literal["holds", "fails", "open"]


class Expected(NamedTuple):
    """What a checker knows beforehand; None and empty where it knows nothing, which is then said.

    `key` is the journal's public key (`name+hash+key`), `code` the digest of the code, or each package's own by its
    name. `ak` is a TPM's attestation key (see `tpm.read_key`); `tpm_pcrs` and `nitro_pcrs` are registers' values in
    hex. Whatever is expected of hardware makes its document needed; `nitro` does so by itself.
    """

    key: str | None = None
    code: str | Mapping[str, str] | None = None
    mandates: str | None = None
    nonce: str | None = None
    age_s_max: int | None = None
    ak: bytes | None = None
    tpm_pcrs: Mapping[int, str] = {}
    nitro: bool = False
    nitro_pcrs: Mapping[int, str] = {}
    nitro_roots: Collection[str] = (aws.AWS_ROOT,)


class Finding(NamedTuple):
    """One thing that was looked at: its name (of a failure: its code), how it stands, and what is to be said of it."""

    name: str
    standing: Standing
    says: str


Look = Callable[[Statement, Expected, int], Finding]


class Checked(NamedTuple):
    """What was found of one file, in order. It is well where nothing fails and there is a statement."""

    statement: Statement | None
    digest: str
    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        return self.statement is not None and all(found.standing != "fails" for found in self.findings)


def check(source: bytes, expected: Expected, at: int) -> Checked:
    """Return what holds of an attestation's file at `at` (ns since the epoch), beside what is expected. Never raises
    for what the file holds."""
    try:
        attestation = carried.parse(source)
        text, statement, signed = _signed(attestation.note, expected.key)
    except AttestationInvalid as fault:
        return Checked(None, "", (_fails(fault),))
    findings = [
        signed,
        *(_looked(look, statement, expected, at) for look in (_code, _mandates, _nonce, _age)),
        *_tpm(attestation, digest_of(text), expected),
        *_nitro(attestation, statement, digest_of(text), expected, at),
    ]
    if not any(found.name in ("tpm", "nitro") and found.standing == "holds" for found in findings):
        findings.append(Finding("hardware", "open", SOFTWARE))
    return Checked(statement, digest_of(text).hex(), tuple(findings))


def _signed(signed: str, key: str | None) -> tuple[str, Statement, Finding]:
    """Return the text that was signed, what it says, and whose signature that is."""
    try:
        text = note.text_of(signed)
        statement = read(text)
        verifier = parse_verifier(statement.log_key if key is None else key)
        if key is not None and key != statement.log_key:
            raise AttestationInvalid("key_differs", f"the guard's journal has another key: {statement.log_key}")
        note.verify(signed, [verifier])
    except NoteInvalid as fault:
        raise AttestationInvalid("signature_wrong", fault.what) from None
    if key is None:
        said = "signed by the key it names itself; give the journal's key, kept elsewhere, to know whose"
        return text, statement, Finding("signature", "open", said)
    return text, statement, Finding("signature", "holds", f"signed by {key}")


def _looked(look: Look, statement: Statement, expected: Expected, at: int) -> Finding:
    try:
        return look(statement, expected, at)
    except AttestationInvalid as fault:
        return _fails(fault)


def _code(statement: Statement, expected: Expected, at: int) -> Finding:
    if expected.code is None:
        return Finding("code", "open", f"not compared: it says {statement.code}")
    if isinstance(expected.code, str):
        if expected.code != statement.code:
            raise AttestationInvalid("code_differs", f"the code is {statement.code}, expected {expected.code}")
        return Finding("code", "holds", statement.code)
    names = sorted({*expected.code, *statement.packages})
    others = [name for name in names if expected.code.get(name) != statement.packages.get(name)]
    if others:
        raise AttestationInvalid("code_differs", f"these packages are not as expected: {', '.join(others)}")
    return Finding("code", "holds", f"{statement.code}: {', '.join(names)}")


def _mandates(statement: Statement, expected: Expected, at: int) -> Finding:
    if expected.mandates is None:
        return Finding("mandates", "open", f"not compared: it says {statement.mandates}")
    if expected.mandates != statement.mandates:
        said = f"the mandates in force are {statement.mandates}, expected {expected.mandates}"
        raise AttestationInvalid("mandates_differ", said)
    return Finding("mandates", "holds", statement.mandates)


def _nonce(statement: Statement, expected: Expected, at: int) -> Finding:
    if expected.nonce is None:
        return Finding("nonce", "open", "not compared: it may have been made for somebody else, or long ago")
    if expected.nonce != statement.nonce:
        said = f"the nonce is {statement.nonce or 'missing'}, expected {expected.nonce}"
        raise AttestationInvalid("nonce_differs", said, "It was made for another question: ask again")
    return Finding("nonce", "holds", statement.nonce)


def _age(statement: Statement, expected: Expected, at: int) -> Finding:
    age_s = _age_s(statement.at, expected, at, "")
    if expected.age_s_max is None:
        return Finding("age", "open", f"not bounded: it is {age_s} s old by its own clock")
    return Finding("age", "holds", f"{age_s} s, by its own clock")


def _age_s(made_at: int, expected: Expected, at: int, whose: str) -> int:
    """Return how old something is in whole seconds; AttestationInvalid (too_old, from_the_future)."""
    if made_at > at + AHEAD_NS:
        said = f"it is dated {(made_at - at) // NS} s after now"
        raise AttestationInvalid(f"{whose}from_the_future", said, "Set the clocks")
    age_s = max(0, at - made_at) // NS
    if expected.age_s_max is not None and age_s > expected.age_s_max:
        said = f"it is {age_s} s old, and {expected.age_s_max} s are the most"
        raise AttestationInvalid(f"{whose}too_old", said, "Ask for a new one")
    return age_s


def _tpm(attestation: Attestation, binding: bytes, expected: Expected) -> Iterator[Finding]:
    quote = attestation.tpm
    if quote is None:
        if expected.ak is not None or expected.tpm_pcrs:
            yield Finding("tpm_missing", "fails", "there is no quote of a TPM in it")
        return
    if expected.ak is None:
        yield Finding("tpm_key_missing", "fails", "it carries a TPM's quote, and no key was given to check it with")
        return
    try:
        key = tpm.read_key(expected.ak)
        quoted = tpm.verify(quote.message, quote.signature, key, binding, quote.pcrs)
        tpm.check_pcrs(quoted, quote.pcrs, expected.tpm_pcrs)
    except AttestationInvalid as fault:
        yield _fails(fault)
        return
    yield Finding("tpm", "holds", f"quoted for this statement: {quoted.bank} {_numbers(quoted.selected)}")
    if not key.restricted:
        said = "given as a bare public key: whether its TPM signs only what it made itself is not known"
        yield Finding("tpm_key", "open", said)
    left = sorted(set(quoted.selected) - set(expected.tpm_pcrs))
    if left:
        yield Finding("tpm_pcrs", "open", f"not compared: {_numbers(left)}")


def _nitro(
    attestation: Attestation, statement: Statement, binding: bytes, expected: Expected, at: int
) -> Iterator[Finding]:
    if attestation.nitro is None:
        if expected.nitro or expected.nitro_pcrs:
            yield Finding("nitro_missing", "fails", "there is no Nitro document in it")
        return
    try:
        document = aws.verify(attestation.nitro, at=at, roots=expected.nitro_roots)
        if document.user_data != binding:
            raise AttestationInvalid("nitro_binding_differs", "the document is of another statement")
        if document.nonce.hex() != statement.nonce:
            raise AttestationInvalid("nitro_nonce_differs", "the document has another nonce than the statement")
        _age_s(document.at, expected, at, "nitro_")
        aws.check_pcrs(document, expected.nitro_pcrs)
    except AttestationInvalid as fault:
        yield _fails(fault)
        return
    yield Finding("nitro", "holds", f"an enclave of {document.module} vouches for this statement")
    left = sorted(number for number in document.pcrs.keys() - expected.nitro_pcrs.keys() if any(document.pcrs[number]))
    if left:
        yield Finding("nitro_pcrs", "open", f"not compared: {_numbers(left)}")


def _numbers(pcrs: Iterable[int]) -> str:
    return ", ".join(f"PCR{number}" for number in pcrs)


def _fails(fault: AttestationInvalid) -> Finding:
    return Finding(fault.code, "fails", f"{fault.what}. {fault.do}")
