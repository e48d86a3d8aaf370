"""TPM 2.0: a quote, the statement of a chip over its registers and a digest of ours (TPM 2.0 Library, part 2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import new as new_hash
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from remit.attest.errors import AttestationInvalid

GENERATED = 0xFF544347
"""What a TPM puts before what it says itself, and never signs for anybody else with a restricted key."""
QUOTE = 0x8018
HASHES: dict[int, SHA256 | SHA384 | SHA512] = {0x000B: SHA256(), 0x000C: SHA384(), 0x000D: SHA512()}
"""The hash algorithms of TPM_ALG_ID that are strong enough; SHA-1 is none of them."""
_RSASSA, _RSAPSS, _ECDSA, _NULL = 0x0014, 0x0016, 0x0018, 0x0010
_SCHEMES = {_RSASSA: "rsassa", _RSAPSS: "rsapss", _ECDSA: "ecdsa"}
_RSA, _ECC = 0x0001, 0x0023
_CURVES: dict[int, ec.EllipticCurve] = {0x0003: ec.SECP256R1(), 0x0004: ec.SECP384R1()}
_FIXED_TPM, _ORIGIN, _RESTRICTED, _DECRYPT, _SIGN = 1 << 1, 1 << 5, 1 << 16, 1 << 17, 1 << 18
_AK_NEEDS = _FIXED_TPM | _ORIGIN | _RESTRICTED | _SIGN
_RSA_BITS_MIN = 2048

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class Key(NamedTuple):
    """The public key of a TPM's attestation key. `restricted` where its own public area says that it signs nothing but
    what the TPM made, and never left it; then `scheme` and `digest` are how, as `ecdsa` and `sha256`, where it says."""

    public: PublicKey
    restricted: bool
    scheme: str = ""
    digest: str = ""


class Quoted(NamedTuple):
    """What a quote says: whose bytes it vouches for, and which registers of one bank (`sha256`, `sha384`), of `size`
    bytes each, hold what."""

    binding: bytes
    bank: str
    size: int
    selected: tuple[int, ...]
    digest: bytes


def read_key(source: bytes) -> Key:
    """Return an attestation key: a PEM public key, or a TPM2B_PUBLIC, whose attributes are then checked.

    AttestationInvalid (tpm_key_unfit) where it is neither, or where the key may sign what its TPM did not make.
    """
    if source.lstrip().startswith(b"-----BEGIN"):
        try:
            return Key(_fit(load_pem_public_key(source)), restricted=False)
        except (ValueError, UnsupportedAlgorithm) as fault:
            raise _unfit(f"it is no public key: {fault}") from None
    try:
        return _public_area(_Bytes(source, "tpm_key_unfit").whole())
    except ValueError as fault:
        raise _unfit(str(fault)) from None


def verify(message: bytes, signature: bytes, key: Key, binding: bytes, values: Mapping[str, str]) -> Quoted:
    """Return a quote that the key signed over `binding`, and whose registers hold `values` (hex by number).

    AttestationInvalid, by name: tpm_malformed, tpm_not_generated, tpm_signature_wrong, tpm_binding_differs,
    tpm_pcrs_differ.
    """
    quoted = read_quote(message)
    used = _check_signature(message, signature, key.public)
    if quoted.binding != binding:
        raise AttestationInvalid("tpm_binding_differs", "the quote is of another statement")
    # Each as long as its bank's digests: cut elsewhere, the same bytes would be other registers' values.
    pattern = re.compile(rf"[0-9a-f]{{{2 * quoted.size}}}", re.ASCII)
    if {str(number) for number in quoted.selected} != values.keys() or not all(map(pattern.fullmatch, values.values())):
        raise AttestationInvalid("tpm_pcrs_differ", "the values are not those of the quoted registers")
    held = bytes.fromhex("".join(values[str(number)] for number in quoted.selected))
    if new_hash(used, held).digest() != quoted.digest:
        raise AttestationInvalid("tpm_pcrs_differ", "the registers held other values than those that stand here")
    return quoted


def check_pcrs(quoted: Quoted, values: Mapping[str, str], expected: Mapping[int, str]) -> None:
    """Return where each expected register (hex) was quoted as expected; AttestationInvalid names the first other."""
    for number, value in sorted(expected.items()):
        found = values[str(number)] if number in quoted.selected else None
        if found != value:
            said = "was not quoted" if found is None else f"is {found}"
            raise AttestationInvalid("tpm_pcr_differs", f"PCR {number} {said}, expected {value}")


def read_quote(message: bytes) -> Quoted:
    """Return what a TPMS_ATTEST says; AttestationInvalid (tpm_not_generated, tpm_malformed) where it is no quote."""
    given = _Bytes(message, "tpm_malformed")
    if given.number(4) != GENERATED:
        raise AttestationInvalid("tpm_not_generated", "no TPM made this: it does not begin as a TPM's own words do")
    if given.number(2) != QUOTE:
        raise AttestationInvalid("tpm_malformed", "it is no quote")
    given.sized()  # the qualified name of the key
    binding = given.sized()
    given.take(8 + 4 + 4 + 1 + 8)  # its clock, its counts of resets and restarts, its firmware's version
    if given.number(4) != 1:
        raise AttestationInvalid("tpm_malformed", "it quotes not exactly one bank of registers")
    bank = HASHES.get(given.number(2))
    if bank is None:
        raise AttestationInvalid("tpm_malformed", "it quotes a bank of weak or unknown digests", "Quote sha256")
    bits = int.from_bytes(given.take(given.number(1)), "little")
    digest = given.sized()
    given.end()
    selected = tuple(number for number in range(bits.bit_length()) if bits >> number & 1)
    if not selected:
        raise AttestationInvalid("tpm_malformed", "it quotes no registers, which says nothing of the machine")
    return Quoted(binding, bank.name, bank.digest_size, selected, digest)


def _check_signature(message: bytes, signature: bytes, public: PublicKey) -> str:
    """Return the name of the digest that the signature was made with."""
    given = _Bytes(signature, "tpm_malformed")
    scheme, used = given.number(2), HASHES.get(given.number(2))
    if used is None:
        raise AttestationInvalid("tpm_malformed", "it is signed over a weak or unknown digest", "Use sha256")
    try:
        if scheme == _ECDSA and isinstance(public, ec.EllipticCurvePublicKey):
            r, s = (int.from_bytes(given.sized(), "big") for _ in range(2))
            given.end()
            public.verify(encode_dss_signature(r, s), message, ec.ECDSA(used))
        elif scheme in (_RSASSA, _RSAPSS) and isinstance(public, rsa.RSAPublicKey):
            raw = given.sized()
            given.end()
            pss = padding.PSS(padding.MGF1(used), padding.PSS.AUTO)
            public.verify(raw, message, padding.PKCS1v15() if scheme == _RSASSA else pss, used)
        else:
            raise AttestationInvalid("tpm_signature_wrong", "it is signed with a key of another kind")
    except InvalidSignature:
        raise AttestationInvalid("tpm_signature_wrong", "this key did not sign the quote as it stands here") from None
    return used.name


def _public_area(area: _Bytes) -> Key:
    """Return the key of a TPMT_PUBLIC that signs what its TPM made, and nothing else. ValueError otherwise."""
    kind = area.number(2)
    area.take(2)  # the digest of its name
    attributes = area.number(4)
    if attributes & _AK_NEEDS != _AK_NEEDS or attributes & _DECRYPT:
        raise ValueError("it is no restricted signing key that was made in its TPM and stays there")
    area.sized()  # its policy
    if area.number(2) != _NULL:
        raise ValueError("it is no signing key")
    scheme = area.number(2)
    digest = HASHES.get(area.number(2)) if scheme != _NULL else None
    how = (_SCHEMES.get(scheme, ""), "" if digest is None else digest.name)
    if kind == _ECC:
        curve = _CURVES.get(area.number(2))
        if area.number(2) != _NULL:
            area.take(2)
        x, y = (int.from_bytes(area.sized(), "big") for _ in range(2))
        area.end()
        if curve is None:
            raise ValueError("its curve is not P-256 or P-384")
        return Key(ec.EllipticCurvePublicNumbers(x, y, curve).public_key(), True, *how)
    if kind == _RSA:
        area.take(2)
        exponent, modulus = area.number(4) or 65537, int.from_bytes(area.sized(), "big")
        area.end()
        return Key(_fit(rsa.RSAPublicNumbers(exponent, modulus).public_key()), True, *how)
    raise ValueError("it is neither an elliptic nor an RSA key")


def _fit(key: object) -> PublicKey:
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _RSA_BITS_MIN:
        return key
    raise ValueError(f"it is not of P-256, P-384 or RSA with {_RSA_BITS_MIN} bits or more")


def _unfit(what: str) -> AttestationInvalid:
    return AttestationInvalid("tpm_key_unfit", f"the attestation key cannot be used: {what}", "Give another key")


class _Bytes:
    """Big-endian fields, read one after the other, each whole; AttestationInvalid under the given code."""

    def __init__(self, source: bytes, code: str) -> None:
        self._source, self._at, self._code = source, 0, code

    def take(self, count: int) -> bytes:
        if count > len(self._source) - self._at:
            raise AttestationInvalid(self._code, "it ends too early")
        self._at += count
        return self._source[self._at - count : self._at]

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def sized(self) -> bytes:
        return self.take(self.number(2))

    def whole(self) -> _Bytes:
        """Return what one sized field holds that is all there is."""
        inner = _Bytes(self.sized(), self._code)
        self.end()
        return inner

    def end(self) -> None:
        if self._at != len(self._source):
            raise AttestationInvalid(self._code, "bytes follow its end")
