"""A key takes over from another by a journalled fact, and at no instant does none speak."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec
import pytest
from tests.guard.core import AGENT, OPERATOR, Core, run

from remit.guard.board import Board
from remit.guard.callbacks import CallbackKeys
from remit.guard.errors import GuardError, KeyNotKept, RequestMalformed, SchemeUnsupported
from remit.guard.handle import Handle
from remit.guard.identity import Identity
from remit.guard.issuing import NewToken
from remit.guard.rotating import RotateKey, Rotating
from remit.guard.vault import FILE, Vault
from remit.guard.views.looking import NotAllowed
from remit.guard.wire.message import Request
from remit.guard.wire.peer import Peer
from remit.guard.world import KEYS
from remit.journal.side import SideStore
from remit.kernel import command as c
from remit.kernel.codec import decode, encode
from remit.kernel.permit import Endorsement, split_seal
from remit.venues.paper import messages
from remit.venues.paper.exchange import PaperExchange


def rotating(core: Core) -> Rotating:
    return Rotating(core.loop, core.kernel.state, core.vault, {"paper": core.venue})


def ask(**more: Any) -> RotateKey:
    return RotateKey(**({"connection": "paper1", "agent": "momentum", "why": "yearly"} | more))


def by(sealed: bytes) -> Endorsement:
    frame = messages.read_frame(sealed)
    assert isinstance(frame, messages.Sealed)
    return decode(Endorsement, split_seal(frame.signature)[2])


def watched(core: Core) -> list[Endorsement]:
    """The keys that a real venue was asked by, which takes their permits."""
    exchange, seen = PaperExchange([core.kernel.state.instruments["AAPL"]], core.vault.permit_key), []
    exchange.open_connection("paper1", {"USD": 10**23})  # type: ignore[dict-item]

    def venue(sealed: bytes) -> bytes:
        if by(sealed).agent:
            seen.append(by(sealed))
        return exchange.handle(sealed, core.world.now())

    core.world.venues["paper1"] = venue
    return seen


def test_every_order_goes_out_by_the_key_in_force_and_none_is_lost() -> None:
    async def main(core: Core) -> None:
        seen, keys = watched(core), rotating(core)
        for _ in range(3):
            await core.submit()
            await core.rest()
            await keys.rotate(OPERATOR, ask())
        await core.submit()
        await core.rest()
        assert [(one.agent, one.generation) for one in seen] == [("momentum", number) for number in range(4)]
        assert len({one.key for one in seen}) == 4
        assert {order.state for order in core.kernel.state.orders.values()} == {"acked"}
        assert [fact.generation for fact, _ in core.vault.keys()] == [3]

    core = run(main)
    assert core.loop.failed is None
    facts = [body.key for body in core.bodies(c.SetKey)]
    assert [(fact.connection, fact.agent, fact.generation) for fact in facts] == [
        ("paper1", "momentum", number) for number in (1, 2, 3)
    ]


def test_after_a_restart_the_journal_says_which_key_speaks() -> None:
    async def before(core: Core) -> None:
        await rotating(core).rotate(OPERATOR, ask())
        core.vault.add("paper1", "momentum", "ed25519", "file")  # a crash before its fact was durable
        await core.loop.enter(OPERATOR, c.SetPause(subject="firm", paused=False, why="x"))

    first = run(before)

    async def after(core: Core) -> None:
        seen = watched(core)
        await core.rest()
        await core.enter(OPERATOR, c.Ask(connection="paper1"))
        await core.rest()
        assert core.vault._in_force[("paper1", "momentum")].generation == 1
        fact = (await rotating(core).rotate(OPERATOR, ask())).command.body
        assert isinstance(fact, c.SetKey) and fact.key.generation == 2
        assert not seen

    run(after, first.world, fresh=False)


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"connection": "nowhere"}, RequestMalformed),
        ({"agent": "nobody"}, RequestMalformed),
        ({"secret": b"x" * 40}, RequestMalformed),
        ({"scheme": "bearer"}, SchemeUnsupported),
        ({"keeper": "pkcs11"}, GuardError),
    ],
    ids=["no such connection", "no such agent", "no secrets here", "another scheme", "no token"],
)
def test_a_wrong_rotation_is_refused_by_name_and_changes_nothing(wrong: dict[str, Any], fault: type) -> None:
    async def main(core: Core) -> None:
        with pytest.raises(fault):
            await rotating(core).rotate(OPERATOR, ask(**wrong))
        assert not core.vault.keys()

    assert not run(main).bodies(c.SetKey)


def test_an_agent_changes_no_key_and_a_reason_is_needed() -> None:
    async def main(core: Core) -> None:
        with pytest.raises(NotAllowed):
            await rotating(core).rotate(AGENT, ask())
        await rotating(core).rotate(OPERATOR, ask(why=" "))
        assert not core.vault.keys() and not core.kernel.state.keys

    run(main)


def test_a_disk_that_refuses_leaves_the_key_in_force() -> None:
    async def main(core: Core) -> None:
        seen = watched(core)
        core.world.disks[KEYS].replace = refuse  # type: ignore[method-assign]
        with pytest.raises(KeyNotKept):
            await rotating(core).rotate(OPERATOR, ask())
        await core.submit()
        await core.rest()
        assert [one.generation for one in seen] == [0]

    def refuse(name: str, data: bytes) -> None:
        raise OSError(28, "no space")

    run(main)


def test_a_vault_without_the_journalled_key_sends_nothing_by_another() -> None:
    async def main(core: Core) -> None:
        seen = watched(core)
        fact = (await rotating(core).rotate(OPERATOR, ask())).command.body
        assert isinstance(fact, c.SetKey)
        core.vault.drop(fact.key)  # an older vault was restored beside a newer journal
        order = (await core.submit()).command.seq
        await core.rest()
        assert not seen and order
        assert [body.why for body in core.bodies(c.Withdrawn)] == [
            "the vault has not the key remit/paper1/momentum/1 that the journal names"
        ]

    assert run(main).loop.failed is None


def test_another_key_of_the_same_generation_does_not_speak_for_the_journalled_one() -> None:
    async def main(core: Core) -> None:
        seen = watched(core)
        fact = (await rotating(core).rotate(OPERATOR, ask())).command.body
        assert isinstance(fact, c.SetKey)
        core.vault.follow({})
        other = core.vault.add("paper1", "momentum", "ed25519", "file")  # as in a vault of another history
        assert other.generation == fact.key.generation and other.fingerprint != fact.key.fingerprint
        core.vault.put_in_force(fact.key)
        await core.submit()
        await core.rest()
        assert not seen and len(core.bodies(c.Withdrawn)) == 1

    run(main)


def test_over_the_wire_a_key_is_asked_for_and_never_stated() -> None:
    async def main(core: Core) -> None:
        keys: CallbackKeys = core.vault.callbacks(core.world)
        handle = Handle(
            core.world, core.kernel, core.journal, core.loop, Board(core.kernel.state),
            Identity.over(core.world, core.loop, core.kernel.state, core.vault),
            SideStore(sqlite3.connect(":memory:"), core.world.random), {"paper": core.venue}, dict,
            lambda body: None, keys, rotating=rotating(core),
        )  # fmt: skip
        ann, _ = await handle.issue(OPERATOR, NewToken(role="operator", name="ann", owner="ann"))

        async def say(do: Any, body: object) -> Any:
            return decode(
                Any, await handle.handle(Request(7, ann, do, msgspec.Raw(encode(body)), "cli"), Peer(1, 1, 1))
            )

        said = await say("command", ask(agent=""))
        fact = said["command"]["body"]["key"]
        assert (fact["connection"], fact["generation"], len(fact["fingerprint"])) == ("paper1", 1, 64)
        with pytest.raises(RequestMalformed):
            await say("command", c.SetKey(key=core.kernel.state.keys[("paper1", "")], why="mine"))
        rows = await say("read", {"view": "keys"})
        assert [(row["connection"], row["agent"], row["generation"]) for row in rows] == [
            ("paper1", "", 1), ("paper1", "momentum", 0)
        ]  # fmt: skip

    run(main)


def test_what_is_kept_survives_the_vaults_reopening() -> None:
    async def main(core: Core) -> None:
        await rotating(core).rotate(OPERATOR, ask())

    world = run(main).world
    again = Vault.open(world)
    assert [fact.generation for fact, _ in again.keys()] == [1]
    assert b"remit-vault-2-open" in bytes(world.disks[KEYS].live[FILE])
