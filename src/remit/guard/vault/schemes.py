"""The schemes: how each kind of private key is checked, made, and put to the words of a request. Pure but for chance.

Where a scheme needs a package that is not installed, ExtraMissing says which.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from remit.guard.errors import ExtraMissing, KeyInvalid
from remit.kernel.permit import Scheme

RAW_BYTES = 32
"""An Ed25519 seed, a secp256k1 number, and the digest that secp256k1 signs."""
RSA_BITS = (2048, 3072, 4096)
SECRET_BYTES = (8, 4096)
"""The fewest and the most bytes of a secret that a venue gave out."""
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SECRETS: frozenset[Scheme] = frozenset({"hmac_sha256", "hmac_sha512", "bearer"})
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)


def fresh(scheme: Scheme, random: Callable[[int], bytes]) -> bytes:
    """Return a new private key in the form that `public_of` takes; KeyInvalid for what only a venue gives out."""
    if scheme == "ed25519":
        return random(RAW_BYTES)
    if scheme == "secp256k1":
        while True:
            number = random(RAW_BYTES)
            if 0 < int.from_bytes(number, "big") < ORDER:
                return number
    if scheme == "rsa_pss":
        made = rsa.generate_private_key(65_537, RSA_BITS[0])
        return made.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    raise KeyInvalid(f"a key of {scheme} comes from the venue", "Hand over what it gave out: --secret-fd")


def public_of(scheme: Scheme, secret: bytes) -> bytes:
    """Return what may be known of a private key, nothing for a secret; KeyInvalid where it is none of its scheme."""
    if scheme in SECRETS:
        _check_secret(scheme, secret)
        return b""
    if scheme == "rsa_pss":
        return _rsa(secret).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if len(secret) != RAW_BYTES:
        raise KeyInvalid(f"a key of {scheme} has {RAW_BYTES} bytes, this has {len(secret)}", "Give it as 64 hex digits")
    if scheme == "ed25519":
        key = Ed25519PrivateKey.from_private_bytes(secret)
        return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    if not 0 < int.from_bytes(secret, "big") < ORDER:
        raise KeyInvalid("the number is no key of secp256k1", "Give one between 1 and the order of the curve")
    public: bytes = coincurve().PrivateKey(secret).public_key.format(compressed=False)
    return public


def speaker(scheme: Scheme, secret: bytes) -> Callable[[bytes], bytes]:
    """Return what a private key says to the words of a request, as a function; it raises KeyInvalid where they are not
    what the scheme signs. A key is looked through once, here: for an RSA key that takes many times as
    long as signing."""
    if scheme == "ed25519":
        return Ed25519PrivateKey.from_private_bytes(secret).sign
    if scheme == "secp256k1":
        curve = coincurve().PrivateKey(secret)
        return lambda words: bytes(curve.sign_recoverable(check_digest(words), hasher=None))
    if scheme == "rsa_pss":
        key = _rsa(secret)
        return lambda words: key.sign(words, PSS, hashes.SHA256())
    if scheme == "bearer":
        return lambda words: secret
    name = "sha256" if scheme == "hmac_sha256" else "sha512"
    return lambda words: hmac.digest(secret, words, name)


def check_digest(words: bytes) -> bytes:
    """Return the words where they are a digest, which is all that secp256k1 signs; KeyInvalid."""
    if len(words) != RAW_BYTES:
        raise KeyInvalid(f"secp256k1 signs a digest of 32 bytes, not {len(words)} bytes", "Correct the venue's codec")
    return words


def recoverable(public: bytes, digest: bytes, r: bytes, s: bytes) -> bytes:
    """Return an ECDSA signature on secp256k1 with s in the lower half, and the recovery id that leads to `public`.

    KeyInvalid where it is no signature of that key over the digest.
    """
    number = int.from_bytes(s, "big")
    low = (ORDER - number if number > HALF_ORDER else number).to_bytes(RAW_BYTES, "big")
    for id_ in range(4):
        signature = r + low + bytes([id_])
        try:
            found = coincurve().PublicKey.from_signature_and_message(signature, digest, hasher=None)
        except ValueError:  # no point of the curve has this x
            continue
        if found.format(compressed=False) == public:
            return signature
    raise KeyInvalid("this is no signature of the key over the digest", "Check the keeper's key")


def fingerprint(scheme: Scheme, public: bytes, secret: bytes, under: bytes) -> str:
    """Return what the journal may know of a key: of a secret, a hash under the vault's own key."""
    if scheme in SECRETS:
        return hmac.digest(under, b"remit-fingerprint-1\0" + secret, "sha256").hex()
    return hashlib.sha256(public).hexdigest()


def coincurve() -> Any:
    """Return the package that secp256k1 needs; ExtraMissing."""
    try:
        import coincurve
    except ImportError:
        raise ExtraMissing("secp256k1 needs the package coincurve", "Install it: pip install 'remit[evm]'") from None
    return coincurve


def read_secret(scheme: Scheme, said: bytes) -> bytes:
    """Return a key that a person handed over, in the form that `public_of` takes: PEM or DER for RSA, hex digits for
    Ed25519 and secp256k1, the text itself for secrets. KeyInvalid."""
    stated = said.strip()
    if scheme in SECRETS:
        _check_secret(scheme, stated)
        return stated
    if scheme == "rsa_pss":
        return _rsa(stated).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    try:
        raw = binascii.unhexlify(stated.removeprefix(b"0x"))
    except (binascii.Error, ValueError):
        raise KeyInvalid(f"a key of {scheme} is written as 64 hex digits", "Give it so") from None
    public_of(scheme, raw)
    return raw


def _check_secret(scheme: Scheme, secret: bytes) -> None:
    low, high = SECRET_BYTES
    if not low <= len(secret) <= high or b"\0" in secret or b"\n" in secret:
        raise KeyInvalid(f"a secret of {scheme} is one line of {low} to {high} bytes", "Give it as the venue wrote it")


def _rsa(secret: bytes) -> rsa.RSAPrivateKey:
    try:
        load = serialization.load_pem_private_key if secret.startswith(b"-----") else serialization.load_der_private_key
        key = load(secret, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # never the cause: it may quote what it was given
        raise KeyInvalid("this is no unencrypted private key in PEM or DER", "Give PKCS#8 or PKCS#1") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size not in RSA_BITS:
        raise KeyInvalid(f"this is no RSA key of {', '.join(map(str, RSA_BITS))} bits", "Make one with the venue")
    return key
