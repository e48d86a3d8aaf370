"""Venues that check a signature of the request itself: each scheme over a whole order, from its decision to the wire,
and what becomes of an order whose key is not there."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import msgspec
import pytest
from tests.guard.core import OPERATOR, Core, run

from remit.guard import errors
from remit.guard.listener import Listener
from remit.guard.rotating import RotateKey, Rotating
from remit.guard.vault import schemes
from remit.guard.vault.pkcs11 import Pkcs11Keeper
from remit.kernel import command as c
from remit.kernel.codec import decode, encode
from remit.kernel.permit import Request, Scheme
from remit.venues.paper import messages
from remit.venues.paper.codec import Paper
from remit.venues.seam import Powers

SECRET = b"the-secret-that-the-venue-gave-out-once"


class Signed(Paper):
    """The paper venue behind another lock: what travels is the body, and what a key said to it."""

    withdraw: bool | None = False

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme

    def powers(self, connection: str) -> Powers:
        return Powers(withdraw=self.withdraw)

    def signed(self, request: Request) -> bytes:
        words = request.method.encode() + request.path.encode() + request.body
        return hashlib.sha256(words).digest() if self.scheme == "secp256k1" else words

    def seal(self, request: Request, permit: bytes, signature: bytes) -> bytes:
        return encode(
            messages.Sealed(
                method=request.method, path=request.path, body=request.body, permit=b"{}", signature=signature
            )
        )


def at(core: Core, scheme: Scheme) -> Rotating:
    """Let the venue of the desk be one of a scheme, and return who rotates its keys."""
    core.venue.__class__ = Signed
    Signed.__init__(core.venue, scheme)  # type: ignore[arg-type]
    return Rotating(core.loop, core.kernel.state, core.vault, {"paper": core.venue})


def ask(agent: str = "momentum", **more: Any) -> RotateKey:
    return RotateKey(connection="paper1", agent=agent, why="test", **more)


def verifies(scheme: Scheme, public: bytes, request: messages.Sealed) -> bool:
    words = request.method.encode() + request.path.encode() + request.body
    if scheme == "bearer":
        return request.signature == SECRET
    if scheme in schemes.SECRETS:
        return hmac.digest(SECRET, words, scheme.removeprefix("hmac_")) == request.signature
    if scheme == "secp256k1":
        found = schemes.coincurve().PublicKey.from_signature_and_message(
            request.signature, hashlib.sha256(words).digest(), hasher=None
        )
        return bool(found.format(compressed=False) == public)
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    if scheme == "ed25519":
        Ed25519PublicKey.from_public_bytes(public).verify(request.signature, words)
    else:
        load_der_public_key(public).verify(request.signature, words, schemes.PSS, hashes.SHA256())  # type: ignore
    return True


BOTH: tuple[Scheme, ...] = ("ed25519", "secp256k1", "rsa_pss", "hmac_sha256", "hmac_sha512")


@pytest.mark.parametrize(
    ("scheme", "keeper"),
    [*((scheme, "file") for scheme in (*BOTH, "bearer")), *((scheme, "pkcs11") for scheme in BOTH)],
)
def test_an_order_goes_out_by_its_agents_key(scheme: Scheme, keeper: Any, request: pytest.FixtureRequest) -> None:
    hsm = request.getfixturevalue("hsm") if keeper == "pkcs11" else None

    async def main(core: Core) -> None:
        rotating, sent = at(core, scheme), []
        core.vault._hsm = hsm
        secret = SECRET if scheme in schemes.SECRETS else None
        await rotating.rotate(OPERATOR, ask(keeper=keeper, secret=secret))

        def venue(sealed: bytes) -> bytes:
            sent.append(decode(messages.Sealed, sealed))
            return core.script(sealed)

        core.world.venues["paper1"] = venue
        await core.submit()
        await core.rest()
        [(_, public)] = core.vault.keys()
        assert len(sent) == 1 and verifies(scheme, public, sent[0])

    core = run(main)
    assert core.loop.failed is None and core.bodies(c.Acked)
    journal = b"".join(bytes(held) for held in core.disk.live.values())
    assert SECRET not in journal and hashlib.sha256(SECRET).hexdigest().encode() not in journal


def test_without_a_key_nothing_leaves_and_the_order_is_over() -> None:
    async def main(core: Core) -> None:
        rotating = at(core, "hmac_sha256")
        await core.submit()
        await core.rest()
        assert core.said == [] and [body.why for body in core.bodies(c.Withdrawn)] == [
            "no key of paper1 speaks for momentum"
        ]
        await rotating.rotate(OPERATOR, ask(agent="", secret=SECRET))  # the connection's own speaks for all
        await core.submit()
        await core.rest()
        assert [do for do, _ in core.said] == ["place"]
        with pytest.raises(errors.KeyInvalid):
            await rotating.rotate(OPERATOR, ask(secret=b"short"))
        with pytest.raises(errors.KeyInvalid):
            await rotating.rotate(OPERATOR, ask())

    assert run(main).loop.failed is None


def test_two_agents_of_a_connection_have_two_keys() -> None:
    async def main(core: Core) -> None:
        rotating = at(core, "hmac_sha256")
        await rotating.rotate(OPERATOR, ask(agent="", secret=SECRET + b"-of-the-connection"))
        await rotating.rotate(OPERATOR, ask(secret=SECRET))
        sent: list[messages.Sealed] = []

        def venue(sealed: bytes) -> bytes:
            sent.append(decode(messages.Sealed, sealed))
            return core.script(sealed)

        core.world.venues["paper1"] = venue
        await core.submit()
        await core.enter(OPERATOR, c.Ask(connection="paper1"))
        await core.rest()
        by_agent = {one.path: verifies("hmac_sha256", b"", one) for one in sent}
        assert (by_agent["/place"], by_agent["/snapshot"]) == (True, False)
        assert len({fact.fingerprint for fact, _ in core.vault.keys()}) == 2

    run(main)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # what the closed session leaves behind
def test_a_token_that_is_gone_stops_its_own_orders_and_nothing_else(hsm: Pkcs11Keeper) -> None:
    own = Pkcs11Keeper.__new__(Pkcs11Keeper)
    own._token, own._found, own._vault = hsm._token, {}, ""
    own._session = hsm._session.token.open(rw=True)

    async def main(core: Core) -> None:
        core.vault._hsm = own
        await Rotating(core.loop, core.kernel.state, core.vault, {"paper": core.venue}).rotate(
            OPERATOR, ask(keeper="pkcs11")
        )
        own._session.close()
        await core.submit()
        await core.enter(OPERATOR, c.Ask(connection="paper1"))
        await core.rest()
        assert core.said == [("takesnapshot", "")], "the connection's own key is another"
        assert "the token did not" in core.bodies(c.Withdrawn)[0].why

    assert run(main).loop.failed is None


@pytest.mark.parametrize(("withdraw", "told"), [(True, "can withdraw"), (None, "may be able"), (False, "")])
def test_a_key_that_can_withdraw_is_told_once_at_connect(withdraw: bool | None, told: str) -> None:
    async def main(core: Core) -> None:
        at(core, "hmac_sha256")
        core.venue.withdraw = withdraw  # type: ignore[attr-defined]
        core.courier.spawn(Listener(core.world, core.loop, "paper1", core.venue).run())
        await core.rest()
        core.world.hang_up("paper1")
        await core.rest(3)
        said = [alert.why for alert in core.world.alerts if alert.code == "key_can_withdraw"]
        assert len(said) == bool(told) and all(told in why for why in said)

    run(main)


def test_the_paper_venue_states_that_no_key_withdraws() -> None:
    assert Paper().powers("paper1") == Powers(withdraw=False)
    assert msgspec.structs.fields(Powers)[0].name == "withdraw"
