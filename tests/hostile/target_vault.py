"""The vault's file, keys that people hand over, and the seals that reach a venue which checks permits."""

from __future__ import annotations

import os
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.hostile.target import Target, chosen, only, seeded
from tests.venues.paper.desk import ABC, GUARD_KEY, Desk, desk, order

from remit.guard import errors
from remit.guard.passwords import Cost
from remit.guard.vault import file as vault_file
from remit.guard.vault import schemes
from remit.guard.vault.file import Content, Kept, Roots, Token, TpmLock
from remit.kernel.access import VenueKey
from remit.kernel.codec import decode, encode
from remit.kernel.permit import Endorsement, Permit, Scheme, endorsing, join_seal
from remit.venues.paper.messages import Refused, Sealed, read_reply

PASSPHRASE = "correct horse"
ROOTS = Roots(b"p" * 32, b"c" * 32, b"t" * 32)
FACT = VenueKey(connection="one", generation=1, scheme="bearer", keeper="file", fingerprint="ab" * 32)
FULL = Content(ROOTS, (Kept(FACT, b"", b"a secret"),), Token("/m.so", "l", "1234"))
COSTS = (b'"memory_kib":8,', b'"passes":1,', b'"lanes":1')
KEYED: tuple[Scheme, ...] = ("ed25519", "secp256k1", "rsa_pss", "hmac_sha256", "hmac_sha512", "bearer")


def _no_tpm(by: TpmLock) -> bytes:
    raise errors.TpmRefused("there is none", "Fuzz elsewhere")


def check_vault(data: bytes) -> None:
    """A vault's file opens whole, or is refused by name; one that opens is written down again as the same."""
    way, source = chosen(data, 2)
    if b"remit-vault-1-locked" in source or b"argon2id" in source and not all(cost in source for cost in COSTS):
        return  # what it asks for may take seconds; the cost itself is bounded, which tests/guard/vault tries
    refused_by = (errors.VaultDamaged, errors.PassphraseNeeded, errors.PassphraseWrong, errors.PassphraseUnused)
    with only(*refused_by, errors.TpmRefused):
        content, lock = vault_file.read(source, PASSPHRASE if way else None, _no_tpm)
        again = vault_file.write(content, lock, os.urandom)
        assert vault_file.read(again, PASSPHRASE if way else None, _no_tpm) == (content, lock)
    with only(errors.VaultDamaged):
        assert vault_file.lock_of(source) in ("none", "scrypt", "argon2id", "tpm")


@lru_cache(maxsize=1)
def vault_seeds() -> list[bytes]:
    lock = vault_file.lock_by(PASSPHRASE, os.urandom, Cost(8, 1, 1))
    return [
        *(seeded(0, vault_file.write(content, None, os.urandom)) for content in (Content(ROOTS), FULL)),
        *(seeded(1, vault_file.write(content, lock, os.urandom)) for content in (Content(ROOTS), FULL)),
        seeded(0, b'{"format":"remit-vault-2-locked","lock":{"by":"tpm","public":"AA==","private":"AA==","pcrs":[7]},'
                  b'"nonce":"AAAAAAAAAAAAAAAA","sealed":"AAAA"}'),
    ]  # fmt: skip


def check_handed(data: bytes) -> None:
    """A key that somebody hands over is one of its scheme, and says something; or it is refused, and not repeated."""
    way, source = chosen(data, len(KEYED))
    scheme = KEYED[way]
    with only(errors.KeyInvalid) as refused:
        secret = schemes.read_secret(scheme, source)
        public = schemes.public_of(scheme, secret)
        assert bool(public) == (scheme not in schemes.SECRETS)
        assert schemes.speaker(scheme, secret)(b"w" * 32)
    said = source.strip().decode("latin-1")
    assert not refused or len(said) < 12 or said not in str(refused[0])


def handed_seeds() -> list[bytes]:
    return [
        *(seeded(way, b"5a" * 32) for way in range(2)),
        seeded(0, b"0x" + b"5A" * 32 + b"\n"),
        seeded(1, b"00" * 32),
        seeded(2, b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n"),
        *(seeded(way, b"a secret that a venue gave out") for way in range(3, 6)),
    ]


AGENTS = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@lru_cache(maxsize=1)
def _order() -> tuple[Desk, Sealed]:
    trader = desk()
    made = trader.venue.place(order("a", "buy", "1", "100"), ABC, 0, 7)
    return trader, decode(Sealed, trader.seal(made, "a"))


def _seal(permit: bytes, **more: object) -> bytes:
    said = {"connection": "one", "agent": "momentum", "generation": 0, "key": AGENTS.public_key().public_bytes_raw()}
    text = encode(Endorsement(**(said | more)))  # type: ignore[arg-type]
    return join_seal(AGENTS.sign(permit), GUARD_KEY.sign(endorsing(text)), text)


def check_seals(data: bytes) -> None:
    """Only the guard's own signature, or that of a key it endorsed for this connection, is a permit's seal."""
    trader, sealed = _order()
    right = (GUARD_KEY.sign(sealed.permit), _seal(sealed.permit))
    given = Sealed(method=sealed.method, path=sealed.path, body=sealed.body, permit=sealed.permit, signature=data)
    if data in right:
        return
    refused = read_reply(trader.exchange.handle(encode(given), 0))
    assert isinstance(refused, Refused) and refused.code == "permit_unsigned", refused


def seal_seeds() -> list[bytes]:
    _, sealed = _order()
    other = encode(decode(Permit, sealed.permit))
    return [
        GUARD_KEY.sign(sealed.permit), _seal(sealed.permit), _seal(sealed.permit, connection="two"),
        join_seal(AGENTS.sign(other), GUARD_KEY.sign(other), other), b"",
    ]  # fmt: skip


TARGETS = (
    Target(
        "vault", check_vault, vault_seeds, ("remit-vault-1-open", "remit-vault-2-locked", "content", "kept"), cost=2
    ),
    Target("handed_keys", check_handed, handed_seeds, ("-----BEGIN", "0x", "PRIVATE KEY"), cost=2),
    Target("seals", check_seals, seal_seeds, ("connection", "generation", "agent", "key"), cost=2),
)
