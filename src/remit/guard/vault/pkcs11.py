"""The keeper behind PKCS#11: a token, in hardware or SoftHSM2, that makes keys, uses them and never gives them out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from remit.guard.errors import ExtraMissing, KeyInvalid, KeyMissing, KeyRefused, SchemeUnsupported
from remit.guard.vault import schemes
from remit.guard.vault.file import Token
from remit.guard.vault.keeper import SealedPermit, Slot
from remit.kernel.permit import Keeper as KeeperName
from remit.kernel.permit import Scheme

_FILLED = {"hmac_sha256": 32, "hmac_sha512": 64}
"""Tokens refuse shorter secrets; zeros behind one change no keyed hash, since HMAC itself fills up with them."""
_CURVES = {"ed25519": "1.3.101.112", "secp256k1": "secp256k1"}


class Pkcs11Keeper:
    """Keeps keys in one token, marked sensitive and not extractable. A bearer's secret has to be shown, so that none
    can lie here."""

    name: KeeperName = "pkcs11"
    schemes: frozenset[Scheme] = frozenset({"ed25519", "secp256k1", "rsa_pss", "hmac_sha256", "hmac_sha512"})

    def __init__(self, token: Token, vault: str = "", writes: Iterable[Path] = ()) -> None:
        """Open the token; KeyRefused where it is not there or the PIN is not its own, ExtraMissing.

        `vault` names the vault whose keys they are, so that those of another in the same token are let alone.
        KeyRefused too for a module that lies where the guard itself `writes`: whoever broke into it could have laid it
        there.
        """
        _check_place(token.module, writes)
        self._token, self._vault = token, vault
        self._session = _opened(token)
        self._found: dict[Slot, Any] = {}

    def __repr__(self) -> str:
        return f"Pkcs11Keeper({self._token!r})"

    def make(self, slot: Slot, scheme: Scheme) -> bytes:
        """Make a key pair in the token and return the public key; KeyInvalid for what only a venue gives out."""
        if scheme in schemes.SECRETS:
            raise KeyInvalid(f"a key of {scheme} comes from the venue", "Hand over what it gave out: --secret-fd")
        p = _pkcs11()
        said = {"store": True, "label": self._label(slot), "private_template": _PRIVATE(p)}
        with _told("make a key"):
            if scheme == "rsa_pss":
                public, _ = self._session.generate_keypair(p.KeyType.RSA, schemes.RSA_BITS[0], **said)
            elif scheme == "secp256k1":
                public, _ = self._curve(p.KeyType.EC, scheme).generate_keypair(**said)
            else:
                mechanism = p.Mechanism.EC_EDWARDS_KEY_PAIR_GEN
                public, _ = self._curve(p.KeyType.EC_EDWARDS, scheme).generate_keypair(mechanism=mechanism, **said)
            return _public_bytes(public, scheme)

    def take(self, slot: Slot, scheme: Scheme, secret: bytes) -> bytes:
        """Keep a venue's secret for keyed hashes; SchemeUnsupported for key pairs, which a token makes by itself."""
        p = _pkcs11()
        if scheme not in _FILLED:
            raise SchemeUnsupported(f"a token takes no key of {scheme} from outside", "Let it make one")
        schemes.public_of(scheme, secret)
        with _told("take a key"):
            self._session.create_object(
                {
                    p.Attribute.CLASS: p.ObjectClass.SECRET_KEY,
                    p.Attribute.KEY_TYPE: p.KeyType.GENERIC_SECRET,
                    p.Attribute.VALUE: secret.ljust(_FILLED[scheme], b"\0"),
                    p.Attribute.TOKEN: True,
                    p.Attribute.LABEL: self._label(slot),
                    p.Attribute.SIGN: True,
                    **_PRIVATE(p),
                }
            )
        return b""

    def speak(self, slot: Slot, scheme: Scheme, public: bytes, sealed: SealedPermit) -> bytes:
        """Spend a sealed permit and return what the key in the token says to it; KeyMissing, KeyRefused."""
        p = _pkcs11()
        key = self._private(slot)
        words = sealed.spend()
        with _told("sign"):
            if scheme == "ed25519":
                return bytes(key.sign(words, mechanism=p.Mechanism.EDDSA))
            if scheme == "rsa_pss":
                how = (p.Mechanism.SHA256, p.MGF.SHA256, 32)
                return bytes(key.sign(words, mechanism=p.Mechanism.SHA256_RSA_PKCS_PSS, mechanism_param=how))
            if scheme == "secp256k1":
                schemes.check_digest(words)
                pair = key.sign(words, mechanism=p.Mechanism.ECDSA)
                return schemes.recoverable(public, words, pair[:32], pair[32:])
            hashed = p.Mechanism.SHA256_HMAC if scheme == "hmac_sha256" else p.Mechanism.SHA512_HMAC
            return bytes(key.sign(words, mechanism=hashed))

    def drop(self, slot: Slot) -> None:
        """Destroy a key in the token; nothing where there is none."""
        p = _pkcs11()
        self._found.pop(slot, None)
        with _told("erase a key"):
            for found in list(self._session.get_objects({p.Attribute.LABEL: self._label(slot)})):
                found.destroy()

    def _label(self, slot: Slot) -> str:
        return f"{slot.label}/{self._vault}" if self._vault else slot.label

    def _private(self, slot: Slot) -> Any:
        p = _pkcs11()
        if slot not in self._found:
            with _told("find a key"):
                found = [
                    one
                    for one in self._session.get_objects({p.Attribute.LABEL: self._label(slot)})
                    if one.object_class in (p.ObjectClass.PRIVATE_KEY, p.ObjectClass.SECRET_KEY)
                ]
            if len(found) != 1:
                what = f"the token holds {len(found)} keys {self._label(slot)}"
                raise KeyMissing(what, "Rotate it, or restore the token")
            self._found[slot] = found[0]
        return self._found[slot]

    def _curve(self, kind: Any, scheme: Scheme) -> Any:
        p = _pkcs11()
        from pkcs11.util.ec import encode_named_curve_parameters

        parameters = {p.Attribute.EC_PARAMS: encode_named_curve_parameters(_CURVES[scheme])}
        return self._session.create_domain_parameters(kind, parameters, local=True)


def _PRIVATE(p: Any) -> dict[Any, Any]:
    return {p.Attribute.SENSITIVE: True, p.Attribute.EXTRACTABLE: False}


def _public_bytes(public: Any, scheme: Scheme) -> bytes:
    p = _pkcs11()
    if scheme == "rsa_pss":
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        exponent, modulus = (
            int.from_bytes(public[name], "big") for name in (p.Attribute.PUBLIC_EXPONENT, p.Attribute.MODULUS)
        )
        key = RSAPublicNumbers(exponent, modulus).public_key()
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    point: bytes = public[p.Attribute.EC_POINT]
    return point[-65:] if scheme == "secp256k1" else point[-32:]


def _check_place(module: str, writes: Iterable[Path]) -> None:
    lies = os.path.realpath(module)
    for folder in writes:
        if Path(lies).is_relative_to(os.path.realpath(folder)):
            fix = "Name one that the system installed: remit vault token"
            raise KeyRefused(f"the module {module} lies in {folder}, where the guard itself writes", fix)


def _opened(token: Token) -> Any:
    p = _pkcs11()
    with _told("open the token"):
        return p.lib(token.module).get_token(token_label=token.label).open(rw=True, user_pin=token.pin)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Let whatever the token or its module refuses be told by its name alone."""
    p = _pkcs11()
    try:
        yield
    except (p.PKCS11Error, RuntimeError, OSError, ValueError) as fault:
        name = type(fault).__name__
        fix = "Check the token, its module and its PIN: remit vault token"
        raise KeyRefused(f"the token did not {what}: {name}", fix) from None


def load_package() -> None:
    """Import all that speaks with a token, but no module, while the process may still read what is installed;
    ExtraMissing."""
    _pkcs11()
    import pkcs11._pkcs11
    import pkcs11.util.ec  # noqa: F401


def _pkcs11() -> Any:
    try:
        import pkcs11
    except (ImportError, OSError):
        raise ExtraMissing("a PKCS#11 token needs the package python-pkcs11", "pip install 'remit[hsm]'") from None
    return pkcs11
