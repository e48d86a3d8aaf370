"""What callers say: the body of every command, in JSON, entered by every role; and the texts of tokens."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

from msgspec import inspect
from tests.hostile.target import Target, chosen, only, seeded
from tests.kernel.desk import ANN, BOB, Desk, agent, client
from tests.kernel.test_fuzz import busy

from remit.guard.errors import TokenMalformed, TokensDamaged
from remit.guard.loop import BODY_BYTES_MAX
from remit.guard.tokens import FILE, PREFIXES, TokenStore, check, mint
from remit.journal.frame import ENTRY_BYTES_MAX
from remit.kernel import command as c
from remit.kernel import event as e
from remit.kernel.codec import build, decode, encode
from remit.kernel.command import Body
from remit.kernel.kernel import Kernel
from remit.kernel.names import GUARD, Principal
from remit.kernel.numbers import Money, Price, Quantity, Ratio
from remit.kernel.snapshot import dump, load
from remit.testing.disk import MemoryStore

KINDS: dict[str, type] = {kind.tag: kind.cls for kind in inspect.type_info(Body).types}  # type: ignore[attr-defined]
OWNER = Principal(name="kim", role="owner", owner="ann")
FEED = Principal(name="prices", role="feed", owner="ann")
BY = (ANN, BOB, GUARD, agent("momentum"), client("claude"), FEED, OWNER)
"""Who enters it: the first byte chooses."""


@lru_cache(maxsize=1)
def _there() -> tuple[bytes, int]:
    desk = busy()
    return dump(desk.state), desk.at


def stand() -> Desk:
    """A busy desk of its own, whose time has come to where an intent of the seeds was made."""
    spelled, at = _there()
    desk = Desk()
    desk.kernel, desk.shadow, desk.redo = (Kernel(load(spelled)) for _ in range(3))
    desk.at = at
    return desk


def check_commands(data: bytes) -> None:
    """Bytes are no command (a ValueError), or a command that is answered: refused and nothing changes, or taken and
    every kernel that repeats it agrees; its record fits one entry and is read back as itself."""
    way, source = chosen(data, len(BY))
    with only(ValueError):
        body = decode(Body, source)  # type: ignore[arg-type]
        assert decode(Body, encode(body)) == body  # type: ignore[arg-type]
        _check_entered(body, BY[way])


def _check_entered(body: Any, by: Principal) -> None:
    if len(encode(body)) > BODY_BYTES_MAX:
        return  # the guard refuses it before it is stamped
    there = stand()
    before = there.image()
    with _no_value_error():
        record = there.do(body, by)
        assert len(encode(record)) <= ENTRY_BYTES_MAX, "an entry that no journal takes"
        if any(isinstance(event, e.Refused) for event in record.events):
            assert there.image() == before, "a refusal changes nothing"
        if isinstance(body, c.Submit) and record.decision is not None and record.decision.verdict != "allow":
            assert record.decision.findings, "every denial and hold is explained"
        there.agree()


class _no_value_error:  # noqa: N801
    """A ValueError of the kernel is a find here, though one of the decoder is a refusal."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, fault: Any, trace: Any) -> None:
        if isinstance(fault, ValueError):
            raise AssertionError(f"{type(fault).__name__} from within: {fault}") from fault


# Seeds: one body of every kind, made from its own types, in the words of the busy desk

NAMES = {
    "agent": "momentum", "connection": "paper1", "instrument": "AAPL", "account": "main", "owner": "ann",
    "market": "RAIN", "client": "claude", "subject": "agent:momentum", "order": "test-28", "halt": "H-1",
    "trace": "0" * 32,
}  # fmt: skip
WHOLE: dict[str, dict[str, Any]] = {
    "Mandate": {"order_notional_max": "1000", "order_rate_max": {"count": 2, "per_s": 60}, "positions_max": 3},
    "Leg": {"kind": "stop_loss", "trigger": "90"},
    "FxMark": {"of": "EUR", "to": "USD", "rate": "1.25"},
}
"""Those whose fields hang together."""
NUMBERS = {Price: "100", Quantity: "10", Money: "5", Ratio: "0.5"}


def bodies_of_every_kind() -> list[tuple[Any, Principal]]:
    """One body of every kind with who may enter it, that decodes, and mostly is taken on the busy desk."""
    found = []
    for tag, kind in KINDS.items():
        plain = {"kind": tag, **_struct(inspect.type_info(kind))}
        found.append((build(Body, plain), BY[_role_of(kind)]))  # type: ignore[arg-type]
    return found


def _role_of(kind: type) -> int:
    from remit.kernel.authority import AUTHORITY

    roles = [by.role for by in BY]
    return next(roles.index(role) for role in ("operator", "guard", "agent", "feed") if role in AUTHORITY[kind])


def _struct(kind: Any) -> dict[str, Any]:
    """Every field said, the optional ones too, so that a fuzzer has something to change."""
    name = kind.cls.__name__
    if name in WHOLE:
        return WHOLE[name] | ({"at": _there()[1]} if name == "FxMark" else {})
    said = {field.encode_name: _value(field.encode_name, field.type) for field in kind.fields}
    unsaid = ("outcome", "base", "calendar", "parent") if name in ("Instrument", "OrderIntent") else ()
    return {field: value for field, value in said.items() if value is not None and field not in unsaid}


def _value(name: str, kind: Any) -> Any:
    match kind:
        case inspect.StructType():
            return _struct(kind)
        case inspect.UnionType():
            return _value(name, next(part for part in kind.types if not isinstance(part, inspect.NoneType)))
        case inspect.LiteralType():
            return {"type": "limit", "reduce": "any", "environment": "training", "kind": "equity"}.get(
                name, kind.values[0]
            )
        case inspect.BoolType():
            return True
        case inspect.IntType():
            return _there()[1] if name.endswith("at") else max(kind.ge or 0, 1)
        case inspect.StrType(pattern=pattern) if pattern is not None and "64" in pattern:
            return "0" * 64
        case inspect.StrType(pattern=pattern) if pattern is not None and "A-Z0-9]{1" in pattern:
            return "USD"
        case inspect.StrType():
            return NAMES.get(name, "test")
        case inspect.VarTupleType():
            return [_value(name, kind.item_type)]
        case inspect.TupleType():
            return [_value(name, part) for part in kind.item_types]
        case inspect.CustomType():
            return NUMBERS[kind.cls]
    raise AssertionError(f"no seed for {name}: {kind}")


def command_seeds() -> list[bytes]:
    return [seeded(BY.index(by), encode(body)) for body, by in bodies_of_every_kind()]


# Tokens

KEY = bytes(range(32))


@lru_cache(maxsize=1)
def _tokens() -> tuple[dict[str, str], bytes]:
    """Tokens that were issued, by id, and the file of their hashes."""
    made = random.Random(7).randbytes
    issued = {f"T-{role}": mint(role, made) for role in PREFIXES}
    store = MemoryStore()
    keeper = TokenStore(store, KEY)
    for name, secret in issued.items():
        keeper.add(name, secret)
    return issued, bytes(store.live[FILE])


def check_tokens(data: bytes) -> None:
    """Only the very text that was issued is a token; a damaged file of hashes is refused by name.

    The ways: any text as a token, any text with the right checksum, any bytes as the file.
    """
    from remit.guard.tokens import _checksum

    way, said = chosen(data, 3)
    issued, file = _tokens()
    store = MemoryStore()
    store.replace(FILE, said if way == 2 else file)
    text = said.decode("utf-8", "surrogateescape")
    with only(TokensDamaged):
        keeper = TokenStore(store, KEY)
        if way == 2:
            assert all(len(name) < len(said) for name in keeper.ids())
            text = issued["T-agent"]
        with only(TokenMalformed):
            if way == 1:
                text += _checksum(text) if text.isascii() else ""
            check(text)
            found = keeper.find(text)
            assert way == 2 or found is None or issued[found] == text


def token_seeds() -> list[bytes]:
    issued, file = _tokens()
    texts = [secret.encode() for secret in issued.values()]
    return [*(seeded(0, text) for text in texts), *(seeded(1, text[:-6]) for text in texts), seeded(2, file)]


WORDS = (*KINDS, "H-9-1", "firm", "agent:momentum", "-1", "0.000000000000000001", "999999999999999999999999", "null")
TARGETS = (
    Target("commands", check_commands, command_seeds, WORDS, cost=12),
    Target("tokens", check_tokens, token_seeds, ("remit_op_", "remit_agent_", "remit_guard_", "remit-tokens-1")),
)
