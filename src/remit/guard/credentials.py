"""Credentials: what people do about their own, what an operator does for others, and how sessions end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import msgspec

from remit.guard.errors import CredentialInvalid, PersonUnknown, RequestMalformed, SignInAgain, SignInRefused
from remit.guard.issuing import Issuing
from remit.guard.loop import Loop
from remit.guard.passwords import check_password
from remit.guard.people import Kept, PeopleStore
from remit.guard.signin import Secret, SignIn, Word
from remit.guard.uses import Uses
from remit.guard.views.looking import NotAllowed
from remit.guard.world import World
from remit.kernel import command as c
from remit.kernel.access import Person
from remit.kernel.codec import decode, encode
from remit.kernel.names import GUARD, HUMAN, Principal
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.printable import printable
from remit.kernel.state import State

FRESH_NS = 900 * NANOSECONDS
"""How long after signing in a browser may change credentials."""


class _Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """One thing to do about credentials. `person` is whose they are; the caller's own where it is empty."""


class SetPassword(_Body, frozen=True, tag="set_password"):
    """Set a password. One's own takes the `current` one where there is one; another's is to be changed by them."""

    password: Secret
    person: Word = ""
    current: Secret = ""


class BeginTotp(_Body, frozen=True, tag="begin_totp"):
    """Ask for a secret for an app for codes."""


class ConfirmTotp(_Body, frozen=True, tag="confirm_totp"):
    """Show that the app has it."""

    code: Word


class RemoveTotp(_Body, frozen=True, tag="remove_totp"):
    """Do without codes; an operator does it for who lost the app."""

    person: Word = ""


class BeginPasskey(_Body, frozen=True, tag="begin_passkey"):
    """Ask what a device is to make a passkey of."""


class FinishPasskey(_Body, frozen=True, tag="finish_passkey"):
    """What the device answered, and what its person calls it."""

    ceremony: Word
    response: dict[str, Any]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class RemovePasskey(_Body, frozen=True, tag="remove_passkey"):
    """Do without a passkey; an operator does it for who lost the device."""

    passkey: Annotated[str, msgspec.Meta(max_length=2048)]
    person: Word = ""


class NewCode(_Body, frozen=True, tag="new_code"):
    """Ask for a one-time code that signs a browser in as the caller."""


class SignOut(_Body, frozen=True, tag="sign_out"):
    """End this session, or all sessions of the person; an operator ends another's."""

    person: Word = ""
    everywhere: bool = False


Body = (
    SetPassword
    | BeginTotp
    | ConfirmTotp
    | RemoveTotp
    | BeginPasskey
    | FinishPasskey
    | RemovePasskey
    | NewCode
    | SignOut
)
KINDS: frozenset[str] = frozenset(str(kind.__struct_config__.tag) for kind in Body.__args__)


class Credentials:
    """Carries out what a token's holder asks about credentials. Every change is journalled before it holds."""

    def __init__(
        self, world: World, loop: Loop, state: State, people: PeopleStore, issuing: Issuing, sign_in: SignIn, uses: Uses
    ) -> None:
        self._world = world
        self._loop = loop
        self._state = state
        self._people = people
        self._issuing = issuing
        self._sign_in = sign_in
        self._uses = uses

    async def command(self, by: Principal, raw: msgspec.Raw) -> bytes:
        """Answer one request, as JSON; NotAllowed, PersonUnknown, SignInAgain, CredentialInvalid, RequestMalformed."""
        try:
            body: Body = decode(Body, bytes(raw))  # type: ignore[arg-type]  # a union is no type to mypy
        except ValueError:
            # What is wrong with it may quote what was typed: nothing of it is said again.
            raise RequestMalformed("this is no change of credentials", "See `remit.guard.credentials`") from None
        if by.role not in HUMAN:
            raise NotAllowed(f"the role {by.role} has no credentials but its token", "Only people sign in")
        done: dict[type, Callable[[Principal, Any], Awaitable[dict[str, Any]]]] = {
            SetPassword: self._set_password,
            BeginTotp: self._begin_totp,
            ConfirmTotp: self._confirm_totp,
            RemoveTotp: self._remove_totp,
            BeginPasskey: self._begin_passkey,
            FinishPasskey: self._finish_passkey,
            RemovePasskey: self._remove_passkey,
            NewCode: self._new_code,
            SignOut: self._sign_out,
        }
        return encode(await done[type(body)](by, body))

    def me(self, by: Principal) -> dict[str, Any]:
        """Return who the caller is to a browser: role, session, and which credentials there are; never a secret."""
        grant, person = self._state.tokens.get(by.token), self._state.people.get(by.name)
        kept = self._sign_in.kept(by.name) if person is not None and by.role in HUMAN else Kept()
        return {
            "name": by.name,
            "role": by.role,
            "owner": by.owner,
            "token": by.token,
            "session": grant is not None and grant.session,
            "expires_at": None if grant is None else grant.expires_at,
            "known": person is not None,
            **_kinds(kept),
            "sessions": [
                {"token": token, "issued_at": self._state.tokens[token].issued_at, "last_use": self._uses.last(token)}
                for token in (self._issuing.sessions(by.name) if by.role in HUMAN else ())
            ],
        }

    def kinds_of(self, person: str) -> dict[str, Any]:
        """Return which credentials a person has; never a secret."""
        return _kinds(self._sign_in.kept(person))

    # -- passwords

    async def _set_password(self, by: Principal, body: SetPassword) -> dict[str, Any]:
        person = self._whose(by, body.person)
        own, kept, through = person.name == by.name, self._sign_in.kept(person.name), self._through(by)
        if own and kept.password and not self._is_operators_file(by):
            if not await self._sign_in.fits(person.name, body.current):
                raise SignInRefused
            grant = self._state.tokens[by.token]
            through = kept.password_through or grant.through  # the password proves more than the token
        elif own:
            self._check_proven(by)
        check_password(person.name, body.password)
        await self._sign_in.set_password(by, person.name, body.password, by_person=by.name, through=through)
        why = "the password was changed"
        ended = await self._issuing.end_sessions(GUARD, person.name, why, keep=by.token)
        return {"person": person.name, "must_change": not own, "signed_out": ended}

    def _is_operators_file(self, by: Principal) -> bool:
        """Whether an operator acts with a token and no browser: who has that needs no password to set one."""
        grant = self._state.tokens.get(by.token)
        return by.role == "operator" and grant is not None and not grant.session

    # -- codes of an app

    async def _begin_totp(self, by: Principal, body: BeginTotp) -> dict[str, Any]:
        person, at = self._own(by), self._loop.now()
        return {"person": person.name, **self._sign_in.enrolling.begin(person.name, at, self._through(by))}

    async def _confirm_totp(self, by: Principal, body: ConfirmTotp) -> dict[str, Any]:
        person = self._own(by)
        if not await self._sign_in.enrol(by, person.name, body.code, self._through(by)):
            raise CredentialInvalid("this is not the app's code of now", "Look at the clocks, or begin again")
        return {"person": person.name, "totp": True}

    async def _remove_totp(self, by: Principal, body: RemoveTotp) -> dict[str, Any]:
        person = self._own(by) if body.person in ("", by.name) else self._whose(by, body.person)
        if not self._people.of(person.name).totp:
            raise CredentialInvalid(f"{person.name} has no app for codes", "See `remit person list`")
        await self._set(by, person.name, "totp", removed=True)
        self._people.change(person.name, lambda now: msgspec.structs.replace(now, totp=b""))
        return await self._removed(by, person.name, {"person": person.name, "totp": False})

    # -- passkeys

    async def _begin_passkey(self, by: Principal, body: BeginPasskey) -> dict[str, Any]:
        return self._sign_in.passkeys.begin_adding(self._own(by).name, self._loop.now())

    async def _finish_passkey(self, by: Principal, body: FinishPasskey) -> dict[str, Any]:
        person, at, through = self._own(by), self._loop.now(), self._through(by)
        made = self._sign_in.passkeys.finish_adding(person.name, body.ceremony, body.response, printable(body.name), at)
        made = msgspec.structs.replace(made, through=through)
        await self._set(by, person.name, "passkey", through=through)
        self._people.change(person.name, lambda now: msgspec.structs.replace(now, passkeys=(*now.passkeys, made)))
        return {"person": person.name, "passkey": made.id, "name": made.name}

    async def _remove_passkey(self, by: Principal, body: RemovePasskey) -> dict[str, Any]:
        person = self._own(by) if body.person in ("", by.name) else self._whose(by, body.person)
        if body.passkey not in {key.id for key in self._people.of(person.name).passkeys}:
            raise CredentialInvalid(f"{person.name} has no such passkey", "See `remit person passkeys`")
        await self._set(by, person.name, "passkey", removed=True)
        self._people.change(
            person.name,
            lambda now: msgspec.structs.replace(
                now, passkeys=tuple(key for key in now.passkeys if key.id != body.passkey)
            ),
        )
        return await self._removed(by, person.name, {"person": person.name, "passkey": body.passkey})

    # -- sessions

    async def _new_code(self, by: Principal, body: NewCode) -> dict[str, Any]:
        if self._state.tokens[by.token].session:
            raise NotAllowed("a browser opens no other browser", "Use the command line: remit open")
        code, expires_at = self._sign_in.codes.new(by, self._loop.now())
        return {"code": code, "expires_at": expires_at}

    async def _sign_out(self, by: Principal, body: SignOut) -> dict[str, Any]:
        if body.person not in ("", by.name) and by.role != "operator":
            raise NotAllowed("only an operator signs others out", "Leave the person out to sign yourself out")
        name = body.person or by.name
        if body.everywhere or name != by.name:
            return {"person": name, "signed_out": await self._issuing.end_sessions(by, name, "signed out everywhere")}
        if not self._state.tokens[by.token].session:
            raise RequestMalformed("this token is no session", "Revoke it: remit token revoke; or sign out everywhere")
        await self._loop.enter(by, c.RevokeToken(token=by.token, why="signed out"))
        return {"person": name, "signed_out": 1}

    # -- who and when

    def _whose(self, by: Principal, name: str) -> Person:
        """Return the person whose credentials the caller may change now: its own while it is fresh, or, to an operator,
        anybody's."""
        person = self._state.people.get(name or by.name)
        if name not in ("", by.name) and by.role != "operator":
            raise NotAllowed("only an operator changes another's credentials", "Ask one")
        if person is None:
            raise PersonUnknown(f"{name or by.name} is no person of the book", "Add them: remit person add")
        grant = self._state.tokens[by.token]
        if grant.session and self._loop.now() - grant.issued_at > FRESH_NS:
            raise SignInAgain("this session is too old to change credentials", "Sign in again, then do it at once")
        return person

    def _own(self, by: Principal) -> Person:
        """Return the caller, where they may change their own factors now; SignInAgain."""
        person = self._whose(by, "")
        self._check_proven(by)
        return person

    def _check_proven(self, by: Principal) -> None:
        """Return where more than a token speaks for the caller, or there is nothing yet that could; SignInAgain.

        A token may have leaked: who has a credential proves it before they set or remove one. An operator could do so
        for anybody, and is not asked; what a token alone sets ends all the same when it is revoked.
        """
        kept, grant = self._sign_in.kept(by.name), self._state.tokens[by.token]
        if (grant.session and not grant.parent) or by.role == "operator":
            return
        if kept.password or kept.factors:
            raise SignInAgain("a token alone does not change credentials", "Sign in with what you have, then do it")

    def _through(self, by: Principal) -> str:
        """Return the token that alone stands behind what the caller sets; empty where they signed in themselves."""
        grant = self._state.tokens[by.token]
        return grant.parent or grant.through if grant.session else grant.token

    async def _set(
        self, by: Principal, person: str, what: c.Credential, *, removed: bool = False, through: str = ""
    ) -> None:
        body = c.CredentialSet(person=person, credential=what, by_person=by.name, removed=removed, through=through)
        await self._loop.enter(msgspec.structs.replace(GUARD, door=by.door), body)

    async def _removed(self, by: Principal, person: str, answer: dict[str, Any]) -> dict[str, Any]:
        """End the person's other sessions: a factor goes because it may be in other hands."""
        ended = await self._issuing.end_sessions(GUARD, person, "a second factor was removed", keep=by.token)
        return {**answer, "signed_out": ended}


def _kinds(kept: Kept) -> dict[str, Any]:
    return {
        "password": bool(kept.password),
        "totp": bool(kept.totp),
        "passkeys": [{"id": key.id, "name": key.name, "added_at": key.added_at} for key in kept.passkeys],
    }
