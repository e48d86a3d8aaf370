"""Signing in: from a password, a passkey or a one-time code to a session's token. All who fail are told the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec

from remit.guard.attempts import Attempts, Bucket, too_many
from remit.guard.callers import check_stands
from remit.guard.codes import Codes
from remit.guard.enrolling import Enrolling
from remit.guard.errors import PasswordChangeNeeded, RequestMalformed, SecondFactorNeeded, SignInRefused
from remit.guard.issuing import Issuing
from remit.guard.loop import BODY_BYTES_MAX, Loop
from remit.guard.passkeys import Passkeys
from remit.guard.passwords import SALT_BYTES, check_password
from remit.guard.people import Kept, PeopleStore
from remit.guard.reach import Reach
from remit.guard.totp import step_of
from remit.guard.world import World
from remit.kernel import command as c
from remit.kernel.access import Person
from remit.kernel.codec import decode
from remit.kernel.names import GUARD, Principal, Role
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.state import State
from remit.kernel.tokens import may_vouch

HASHING_MAX = 4
"""Passwords that are looked at or wait for it; whoever comes then is told to come again."""
T = TypeVar("T")
Secret = Annotated[str, msgspec.Meta(max_length=1024)]
Word = Annotated[str, msgspec.Meta(max_length=128)]


class _Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """One way to sign in."""


class Password(_Body, frozen=True, tag="password"):
    """A password, with a code where the person has an app for codes; `new_password` where one has to be chosen."""

    person: Word
    password: Secret
    code: Word = ""
    new_password: Secret = ""


class PasskeyBegin(_Body, frozen=True, tag="passkey_begin"):
    """Ask what a device is to prove."""


class PasskeyFinish(_Body, frozen=True, tag="passkey_finish"):
    """What the device answered."""

    ceremony: Word
    response: dict[str, Any]


class Code(_Body, frozen=True, tag="code"):
    """A one-time code that somebody's token asked for."""

    code: Word


class Whom(NamedTuple):
    """Who proved to be who they are, how, and which token vouched for it."""

    name: str
    role: Role
    owner: str
    factor: c.Factor
    parent: str = ""
    through: str = ""
    """The token alone that set what they proved it with."""


class SignIn:
    """Lets people in. Slow work is done beside the loop that takes orders; whoever fails is journalled by cause."""

    def __init__(
        self, world: World, loop: Loop, state: State, people: PeopleStore, issuing: Issuing, reach: Reach
    ) -> None:
        self._world = world
        self._loop = loop
        self._state = state
        self._people = people
        self._issuing = issuing
        self._reach = reach
        self._attempts = Attempts()
        self._devices, self._once = Bucket(), Bucket()
        self._hashing = 0
        self._decoy = people.hasher.decoy(world.random(SALT_BYTES))
        self.codes = Codes(world.random)
        self.enrolling = Enrolling(world.random)
        self.passkeys = Passkeys(people, reach, world.random)

    async def sign_in(self, raw: msgspec.Raw, door: str) -> dict[str, Any]:
        """Answer one step of signing in: a challenge, or a session's secret.

        SignInRefused for every wrong name, password, code and passkey alike; SecondFactorNeeded, PasswordChangeNeeded,
        TooManyAttempts.
        """
        body = _decoded(raw)
        at = self._loop.now()
        by = msgspec.structs.replace(GUARD, door=door)
        if isinstance(body, PasskeyBegin):
            self._devices.take(at)
            return self.passkeys.begin(at)
        if isinstance(body, Password):
            whom = await self._password(by, body, at)
        elif isinstance(body, PasskeyFinish):
            whom = await self._passkey(by, body, at)
        else:
            whom = await self._code(by, body, at)
        begun = await self._issuing.session(
            by, whom.factor, whom.name, whom.role, whom.owner, whom.parent, whom.through
        )
        if begun is None:
            raise SignInRefused
        secret, grant = begun
        return {
            "secret": secret,
            "token": grant.token,
            "person": grant.name,
            "role": grant.role,
            "expires_at": grant.expires_at,
        }

    async def _password(self, by: Principal, body: Password, at: int) -> Whom:
        self._attempts.begin(body.person, at)
        kept = self.kept(body.person).password if self._known(body.person) else ""
        fits = await self._fits(body.password, kept or self._decoy)
        person = self._known(body.person)  # as it is now: the hash took a while
        if person is None or not kept:
            await self._failed(by, "unknown_person", "" if person is None else person.name)
            raise SignInRefused
        now = self.kept(person.name)
        if not fits or now.password != kept:
            await self._failed(by, "password", person.name)
            raise SignInRefused
        if person.disabled:
            await self._failed(by, "disabled", person.name)
            raise SignInRefused
        self._check_change(person, now, body)
        factor = await self._second(by, person, now, body.code)
        if now.must_change:
            await self.set_password(by, person.name, body.new_password, by_person=person.name)
        self._attempts.passed(body.person)
        # A first password that somebody else set has just been replaced by one of the person's own.
        through = "" if now.must_change else now.password_through
        return Whom(person.name, person.role, person.lineage, factor, through=through or now.totp_through)

    async def _second(self, by: Principal, person: Person, kept: Kept, code: str) -> c.Factor:
        """Return what the person proved, with the second factor that is asked of them."""
        if not kept.factors and self._reach.second_factor == "optional":
            return "password"
        if not kept.factors:
            return await self._first_factor(by, person, kept, code)
        if not kept.totp or not code:
            how = "Send the code of your app, or use a passkey" if kept.totp else "Sign in with your passkey"
            raise SecondFactorNeeded("a password alone is not enough", how, {"factors": kept.factors})
        step = step_of(self._people.unseal(person.name, kept.totp), code, self._world.now())
        if step is None or step <= kept.totp_step:
            await self._failed(by, "totp" if step is None else "totp_repeated", person.name)
            raise SignInRefused
        # Used before anything waits, so that of two at a time with one code only one comes in.
        self._people.change(person.name, lambda now: msgspec.structs.replace(now, totp_step=step))
        return "password_totp"

    async def _first_factor(self, by: Principal, person: Person, kept: Kept, code: str) -> c.Factor:
        """Let a person who came with the password that an operator set have a first app for codes; nobody else."""
        if not kept.must_change:
            raise SecondFactorNeeded(
                "a password alone is not enough",
                "Set up a code on the machine itself (remit person totp), or ask an operator for a new first password",
                {"factors": []},
            )
        if code and await self.enrol(by, person.name, code):
            return "password_totp"
        shown = self.enrolling.begin(person.name, self._loop.now())
        raise SecondFactorNeeded(
            "set up an app for codes first", "Give it the secret, then send its code", {"factors": [], "enrol": shown}
        )

    async def enrol(self, by: Principal, person: str, code: str, through: str = "") -> bool:
        """Journal that a person has a new app for codes, and keep its secret; False where the code is not its own."""
        confirmed = self.enrolling.confirm(person, code, self._world.now(), self._loop.now(), through)
        if confirmed is None:
            return False
        sealed, step = self._people.seal(person, confirmed[0]), confirmed[1]
        body = c.CredentialSet(person=person, credential="totp", by_person=person, through=through)
        await self._loop.enter(msgspec.structs.replace(GUARD, door=by.door), body)
        self._people.change(
            person,
            lambda now: msgspec.structs.replace(now, totp=sealed, totp_step=step, totp_through=through),
        )
        return True

    def _check_change(self, person: Person, kept: Kept, body: Password) -> None:
        """Return where a person need not choose a password, or does so; PasswordChangeNeeded, CredentialInvalid."""
        if not kept.must_change:
            return
        if not body.new_password:
            raise PasswordChangeNeeded(
                "somebody else set this password", "Send one of your own beside it, as new_password"
            )
        check_password(person.name, body.new_password)
        if body.new_password == body.password:
            raise PasswordChangeNeeded("the new password is the old one", "Choose another")

    async def set_password(
        self, by: Principal, person: str, password: str, *, by_person: str, through: str = ""
    ) -> None:
        """Journal that a person has another password, and keep its hash; one that somebody else set is to be changed.

        TooManyAttempts while others hash; NotAuthenticated where the token that asked is worth nothing by then.
        """
        salt = self._world.random(SALT_BYTES)
        made = await self._hashed(lambda: self._people.hasher.hash(password, salt))
        if by.token:
            check_stands(self._state, by.token, self._loop.now())  # as it is now: the hash took a while
        body = c.CredentialSet(person=person, credential="password", by_person=by_person, through=through)
        await self._loop.enter(msgspec.structs.replace(GUARD, door=by.door), body)
        must_change = by_person != person
        self._people.change(
            person,
            lambda now: msgspec.structs.replace(now, password=made, must_change=must_change, password_through=through),
        )

    async def fits(self, person: str, password: str) -> bool:
        """Whether this is the person's password; TooManyAttempts."""
        self._attempts.begin(person, self._loop.now())
        fits = await self._fits(password, self.kept(person).password or self._decoy)
        if fits:
            self._attempts.passed(person)
        return fits

    async def _passkey(self, by: Principal, body: PasskeyFinish, at: int) -> Whom:
        proven = self.passkeys.proven(body.ceremony, body.response, at)
        person = None if proven is None else self._known(proven[0])
        if proven is not None and proven[1].through and not may_vouch(self._state, proven[1].through):
            proven = None
        if proven is None or person is None or person.disabled:
            self._devices.take(at)
            await self._failed(by, "passkey" if person is None else "disabled", "" if person is None else person.name)
            raise SignInRefused
        used = proven[1]
        self._people.change(
            person.name,
            lambda now: msgspec.structs.replace(
                now, passkeys=tuple(used if known.id == used.id else known for known in now.passkeys)
            ),
        )
        return Whom(person.name, person.role, person.lineage, "passkey", through=used.through)

    async def _code(self, by: Principal, body: Code, at: int) -> Whom:
        asked = self.codes.take(body.code, at)
        if asked is None:
            self._once.take(at)  # after the look: whoever guesses at 192 bits keeps nobody out who has a code
            await self._failed(by, "code", "")
            raise SignInRefused
        return Whom(asked.name, asked.role, asked.owner, "code", asked.token)

    def kept(self, person: str) -> Kept:
        """Return what is kept of a person and counts: what a token set ends when it is revoked."""
        return self._people.of(person).standing(lambda token: may_vouch(self._state, token))

    def _known(self, name: str) -> Person | None:
        return self._state.people.get(name)

    async def _fits(self, password: str, kept: str) -> bool:
        return await self._hashed(lambda: self._people.hasher.fits(password, kept))

    async def _hashed(self, job: Callable[[], T]) -> T:
        if self._hashing >= HASHING_MAX:
            raise too_many(NANOSECONDS)
        self._hashing += 1
        try:
            return await self._world.work(job)
        finally:
            self._hashing -= 1

    async def _failed(self, by: Principal, why: c.SignInFault, person: str) -> None:
        """Journal why somebody was not let in, before they are told that they were not."""
        await self._loop.enter(by, c.SignInFailed(why=why, person=person))


Step = Password | PasskeyBegin | PasskeyFinish | Code
_STEP: Any = Step


def _decoded(raw: msgspec.Raw) -> Step:
    if len(bytes(raw)) > BODY_BYTES_MAX:
        raise RequestMalformed(f"a sign-in has at most {BODY_BYTES_MAX} bytes", "Send less")
    try:
        body: Step = decode(_STEP, bytes(raw) or b"{}")
    except ValueError:
        # What is wrong with it may quote what was typed: nothing of it is said again.
        raise RequestMalformed("this is no sign-in", "See `remit.guard.signin` for the forms") from None
    return body
