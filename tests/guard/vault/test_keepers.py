"""Every keeper of keys says the same to the same permit, spends it, and gives no key out."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from hypothesis import given
from hypothesis import strategies as st
from tests.guard.vault.strangers import EnclaveKeeper, Service, ServiceKeeper, enclave_of, fresh_id
from tests.guard.vault.token import PIN

from remit.guard import errors
from remit.guard.vault import Vault, schemes
from remit.guard.vault.file import Token
from remit.guard.vault.file_keeper import FileKeeper
from remit.guard.vault.keeper import Keeper, SealedPermit, Slot
from remit.guard.vault.pkcs11 import Pkcs11Keeper
from remit.kernel.codec import encode
from remit.kernel.permit import Permit, Request, Scheme
from remit.testing.world import MemoryWorld

SLOT = Slot("kalshi", "momentum", 1)
WORDS = b"1700000000000POST/trade-api/v2/portfolio/orders"
DIGEST = hashlib.sha256(WORDS).digest()
SECRET = b"the-secret-that-the-venue-gave-out-once"
GUARD = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"the guard's permit key").digest())
PERMIT_PUB = GUARD.public_key().public_bytes_raw()


def sealed(words: bytes = WORDS, **other: Any) -> SealedPermit:
    """A permit as the vault seals it, for a venue that wants the body of a request signed."""
    request = Request(connection="kalshi", action="place", method="POST", path="/orders", body=words)
    said = {"id": fresh_id(), "digest": request.digest, "connection": "kalshi", "expires_at": 2, **other}
    permit = Permit(seq=1, action="place", order="o", mandates=("0" * 64,), **said)
    return SealedPermit(permit, encode(permit), GUARD.sign, request, words)


@pytest.fixture(params=["file", "pkcs11", "a service's", "an enclave's"])
def keeper(request: pytest.FixtureRequest) -> Keeper:
    made: dict[str, Callable[[], Any]] = {
        "file": lambda: FileKeeper({}, os.urandom),
        "pkcs11": lambda: request.getfixturevalue("hsm"),
        "a service's": lambda: ServiceKeeper(Service()),
        "an enclave's": lambda: enclave_of(PERMIT_PUB),
    }
    keeper: Keeper = made[request.param]()
    return keeper


def verify_ed25519(public: bytes, signature: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(public).verify(signature, WORDS)


def verify_secp256k1(public: bytes, signature: bytes) -> None:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), public)
    key.verify(utils.encode_dss_signature(r, s), DIGEST, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    assert s <= schemes.HALF_ORDER and len(signature) == 65
    recovered = schemes.coincurve().PublicKey.from_signature_and_message(signature, DIGEST, hasher=None)
    assert recovered.format(compressed=False) == public


def verify_rsa(public: bytes, signature: bytes) -> None:
    key = serialization.load_der_public_key(public)
    assert isinstance(key, RSAPublicKey)
    key.verify(signature, WORDS, schemes.PSS, hashes.SHA256())


@pytest.mark.parametrize(
    ("scheme", "words", "verify"),
    [("ed25519", WORDS, verify_ed25519), ("secp256k1", DIGEST, verify_secp256k1), ("rsa_pss", WORDS, verify_rsa)],
)
def test_a_made_key_signs_and_others_verify(keeper: Keeper, scheme: Scheme, words: bytes, verify: Any) -> None:
    keeper.drop(SLOT)
    public = keeper.make(SLOT, scheme)
    for _ in range(8 if scheme == "secp256k1" else 1):  # half of all raw signatures have a high s
        verify(public, keeper.speak(SLOT, scheme, public, sealed(words)))


@pytest.mark.parametrize(("scheme", "name"), [("hmac_sha256", "sha256"), ("hmac_sha512", "sha512")])
@pytest.mark.parametrize("secret", [b"eight by", SECRET, SECRET * 4])
def test_a_secret_is_hashed_with_whatever_its_length(keeper: Keeper, scheme: Scheme, name: str, secret: bytes) -> None:
    keeper.drop(SLOT)
    assert keeper.take(SLOT, scheme, secret) == b""
    assert keeper.speak(SLOT, scheme, b"", sealed()) == hmac.digest(secret, WORDS, name)


def test_a_bearer_is_shown_by_the_file_alone(hsm: Pkcs11Keeper) -> None:
    file = FileKeeper({}, os.urandom)
    file.take(SLOT, "bearer", SECRET)
    assert file.speak(SLOT, "bearer", b"", sealed()) == SECRET
    assert "bearer" not in hsm.schemes and file.schemes == set(get_args(Scheme))
    with pytest.raises(errors.SchemeUnsupported):
        hsm.take(SLOT, "bearer", SECRET)


def test_a_permit_is_spent_once(keeper: Keeper) -> None:
    keeper.drop(SLOT)
    public, once = keeper.make(SLOT, "ed25519"), sealed()
    keeper.speak(SLOT, "ed25519", public, once)
    with pytest.raises(errors.PermitUsed):
        keeper.speak(SLOT, "ed25519", public, once)


def test_a_key_that_is_not_there_is_missed_by_name(keeper: Keeper) -> None:
    keeper.drop(SLOT)
    keeper.drop(SLOT)
    with pytest.raises(errors.KeyMissing):
        keeper.speak(SLOT, "ed25519", b"", sealed())


def test_secp256k1_signs_a_digest_and_nothing_else(keeper: Keeper) -> None:
    keeper.drop(SLOT)
    public = keeper.make(SLOT, "secp256k1")
    with pytest.raises(errors.KeyInvalid):
        keeper.speak(SLOT, "secp256k1", public, sealed(WORDS))


def test_what_only_a_venue_gives_out_is_not_made_and_what_is_no_key_not_taken(keeper: Keeper) -> None:
    keeper.drop(SLOT)
    for scheme in sorted(schemes.SECRETS & keeper.schemes):
        with pytest.raises(errors.KeyInvalid):
            keeper.make(SLOT, scheme)
        with pytest.raises(errors.KeyInvalid):
            keeper.take(SLOT, scheme, b"short")
    with pytest.raises(errors.KeyMissing):
        keeper.speak(SLOT, "hmac_sha256", b"", sealed())


def test_two_slots_have_two_keys_and_one_is_dropped_alone(keeper: Keeper) -> None:
    other = Slot("kalshi", "reversion", 1)
    keeper.drop(SLOT)
    keeper.drop(other)
    mine, theirs = keeper.make(SLOT, "ed25519"), keeper.make(other, "ed25519")
    keeper.drop(SLOT)
    assert mine != theirs
    verify_ed25519(theirs, keeper.speak(other, "ed25519", theirs, sealed()))
    keeper.drop(other)


def test_a_service_that_does_not_answer_is_named() -> None:
    service = Service()
    keeper = ServiceKeeper(service)
    public = keeper.make(SLOT, "ed25519")
    service.is_up = False
    with pytest.raises(errors.KeyRefused, match="ServiceDown"):
        keeper.speak(SLOT, "ed25519", public, sealed())


def enclave() -> tuple[EnclaveKeeper, bytes]:
    keeper = enclave_of(PERMIT_PUB, lambda: 10)
    return keeper, keeper.make(SLOT, "ed25519")


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"expires_at": 10}, "expired"),
        ({"digest": "0" * 64, "expires_at": 11}, "digest"),
        ({"connection": "paper", "expires_at": 11}, "request"),
    ],
)
def test_an_enclave_checks_a_permit_for_itself(other: dict[str, Any], why: str) -> None:
    keeper, public = enclave()
    with pytest.raises(errors.KeyRefused, match=f"refused: {why}"):
        keeper.speak(SLOT, "ed25519", public, sealed(**other))
    verify_ed25519(public, keeper.speak(SLOT, "ed25519", public, sealed(expires_at=11)))


def test_an_enclave_takes_no_permit_twice_nor_from_anybody_else() -> None:
    keeper, public = enclave()
    once = sealed(expires_at=11)
    again = SealedPermit(once.permit, once.written, GUARD.sign, once.request, WORDS)  # a guard that does not count
    keeper.speak(SLOT, "ed25519", public, once)
    with pytest.raises(errors.KeyRefused, match="refused: used"):
        keeper.speak(SLOT, "ed25519", public, again)
    fresh = sealed(expires_at=11)
    forged = SealedPermit(fresh.permit, fresh.written, Ed25519PrivateKey.generate().sign, fresh.request, WORDS)
    with pytest.raises(errors.KeyRefused, match="refused: seal"):
        keeper.speak(SLOT, "ed25519", public, forged)
    swapped = SealedPermit(fresh.permit, fresh.written, GUARD.sign, sealed(b"other bytes").request, WORDS)
    with pytest.raises(errors.KeyRefused, match="refused: digest"):
        keeper.speak(SLOT, "ed25519", public, swapped)


def test_an_enclave_signs_the_request_and_not_what_a_guard_says_its_words_are() -> None:
    keeper, public = enclave()
    fresh = sealed(expires_at=11)
    lying = SealedPermit(fresh.permit, fresh.written, GUARD.sign, fresh.request, b"withdraw everything")
    verify_ed25519(public, keeper.speak(SLOT, "ed25519", public, lying))


class BodyVenue(NamedTuple):
    """A venue that wants the body of a request signed."""

    scheme: Scheme | None

    def signed(self, request: Request) -> bytes:
        return request.body


@pytest.mark.parametrize("scheme", ["ed25519", "rsa_pss"])
def test_the_vault_has_a_strangers_keeper_speak(scheme: Scheme) -> None:
    vault = Vault.create(MemoryWorld())
    vault._hsm = enclave_of(vault.permit_key)
    fact = vault.add("kalshi", "momentum", scheme, "pkcs11")  # by the name of the other one that is not the file
    vault.put_in_force(fact)
    one = sealed()
    written, said = vault.seal(one.permit, one.request, 1, "momentum", BodyVenue(scheme))
    [(_, public)] = vault.keys()
    {"ed25519": verify_ed25519, "rsa_pss": verify_rsa}[scheme](public, said)
    assert written == one.written
    with pytest.raises(errors.PermitUsed):
        vault.seal(one.permit, one.request, 1, "momentum", BodyVenue(scheme))


def test_a_keeper_has_no_way_to_sign_bytes(keeper: Keeper) -> None:
    said = {name for name in dir(keeper) if not name.startswith("_")}
    assert said - {"secrets"} == {"name", "schemes", "make", "take", "speak", "drop"}
    assert PIN not in repr(keeper) and SECRET.decode() not in repr(keeper)


def test_only_the_vault_makes_a_sealed_permit() -> None:
    source = Path(schemes.__file__).parents[2]
    makers = [path.name for path in source.rglob("*.py") if "SealedPermit(" in path.read_text(encoding="utf-8")]
    assert makers == ["vault.py"]


def test_slots_of_other_names_have_other_labels() -> None:
    slots = [Slot("alpaca", "eu/momentum", 1), Slot("alpaca/eu", "momentum", 1), Slot("alpaca%2Feu", "momentum", 1)]
    assert len({slot.label for slot in slots}) == 3 and slots[0].label == "remit/alpaca/eu%2Fmomentum/1"


def test_two_vaults_in_one_token_let_each_others_keys_alone(hsm: Pkcs11Keeper) -> None:
    keepers = []
    for vault in ("1" * 16, "2" * 16):
        keeper = object.__new__(Pkcs11Keeper)  # a process has one session of a token
        keeper._token, keeper._session, keeper._found, keeper._vault = hsm._token, hsm._session, {}, vault
        keepers.append(keeper)
    publics = [keeper.make(SLOT, "ed25519") for keeper in keepers]
    keepers[1].drop(SLOT)
    verify_ed25519(publics[0], keepers[0].speak(SLOT, "ed25519", publics[0], sealed()))
    with pytest.raises(errors.KeyMissing):
        keepers[1].speak(SLOT, "ed25519", publics[1], sealed())
    keepers[0].drop(SLOT)


def test_a_module_where_the_guard_itself_writes_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "m.so").write_bytes(b"whatever")
    (tmp_path / "m.so").symlink_to(tmp_path / "home" / "m.so")
    for module in (tmp_path / "home" / "m.so", tmp_path / "m.so"):
        with pytest.raises(errors.KeyRefused, match="where the guard itself writes"):
            Pkcs11Keeper(Token(str(module), "guard", PIN), writes=(tmp_path / "other", tmp_path / "home"))


def test_a_tokens_keys_do_not_come_out(hsm: Pkcs11Keeper) -> None:
    import pkcs11

    for scheme in ("ed25519", "secp256k1", "rsa_pss"):
        hsm.drop(SLOT)
        hsm.make(SLOT, scheme)
        key = hsm._private(SLOT)
        assert key[pkcs11.Attribute.SENSITIVE] and not key[pkcs11.Attribute.EXTRACTABLE]
        secret = pkcs11.Attribute.PRIVATE_EXPONENT if scheme == "rsa_pss" else pkcs11.Attribute.VALUE
        with pytest.raises(pkcs11.AttributeSensitive):
            key[secret]
        with pytest.raises(pkcs11.PKCS11Error):
            key[pkcs11.Attribute.EXTRACTABLE] = True
    hsm.drop(SLOT)
    hsm.take(SLOT, "hmac_sha256", SECRET)
    with pytest.raises(pkcs11.AttributeSensitive):
        hsm._private(SLOT)[pkcs11.Attribute.VALUE]


@pytest.mark.parametrize("wrong", [{"label": "nobody"}, {"module": "/nowhere.so"}])
def test_a_token_that_does_not_open_says_so_without_its_pin(hsm: Pkcs11Keeper, wrong: dict[str, str]) -> None:
    said = {"module": hsm._token.module, "label": hsm._token.label, "pin": hsm._token.pin} | wrong
    with pytest.raises(errors.KeyRefused) as fault:
        Pkcs11Keeper(Token(**said))
    assert said["pin"] not in str(fault.value)


@pytest.mark.parametrize(
    ("scheme", "given"),
    [
        ("hmac_sha256", b"short"),
        ("hmac_sha256", b"two\nlines of a secret"),
        ("bearer", b""),
        ("ed25519", b"zz" * 32),
        ("ed25519", b"ab" * 31),
        ("secp256k1", b"00" * 32),
        ("secp256k1", b"ff" * 32),
        ("rsa_pss", b"-----BEGIN PRIVATE KEY-----\nMIIC\n-----END PRIVATE KEY-----"),
        ("rsa_pss", b"\x30\x03\x02\x01\x00"),
    ],
)
def test_what_is_no_key_is_refused_and_not_repeated(scheme: Scheme, given: bytes) -> None:
    with pytest.raises(errors.KeyInvalid) as fault:
        schemes.read_secret(scheme, given)
    assert not given.strip() or given.decode("latin-1") not in str(fault.value)


def test_a_venues_rsa_key_is_read_from_pem_and_a_weak_one_is_not() -> None:
    def pem(bits: int) -> bytes:
        key = generate_private_key(65_537, bits)
        forms = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
        return key.private_bytes(*forms, serialization.NoEncryption())

    der = schemes.read_secret("rsa_pss", pem(2048))
    verify_rsa(schemes.public_of("rsa_pss", der), schemes.speaker("rsa_pss", der)(WORDS))
    with pytest.raises(errors.KeyInvalid):
        schemes.read_secret("rsa_pss", pem(1024))


def test_published_vectors() -> None:
    """RFC 8032 7.1 TEST 2, RFC 4231 case 2, and the deterministic signature (RFC 6979) that Bitcoin's tests share."""
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    edwards = schemes.speaker("ed25519", seed)(b"\x72")
    assert edwards.hex().startswith("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8f")
    hashed = schemes.speaker("hmac_sha256", b"Jefe")(b"what do ya want for nothing?")
    assert hashed.hex() == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    signed = schemes.speaker("secp256k1", (1).to_bytes(32, "big"))(hashlib.sha256(b"Satoshi Nakamoto").digest())
    assert signed[:64].hex() == (
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
        "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"
    )


@given(st.binary(min_size=32, max_size=32), st.booleans())
def test_a_high_s_becomes_low_and_leads_back_to_its_key(digest: bytes, high: bool) -> None:
    secret = hashlib.sha256(b"key" + digest).digest()
    public, signed = schemes.public_of("secp256k1", secret), schemes.speaker("secp256k1", secret)(digest)
    s = int.from_bytes(signed[32:64], "big")
    given_s = (schemes.ORDER - s if high else s).to_bytes(32, "big")
    assert schemes.recoverable(public, digest, signed[:32], given_s) == signed
    with pytest.raises(errors.KeyInvalid):
        schemes.recoverable(public[:-1] + bytes([public[-1] ^ 1]), digest, signed[:32], given_s)
