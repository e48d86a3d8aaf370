"""Rows of signing in: sessions, who one is, passwords, codes of an app, passkeys, and tokens.

A session's secret leaves in a cookie that no script can read, and in nothing else. Nothing here is remembered under an
Idempotency-Key, since what is answered is shown once.
"""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from remit.doors.http.auth import check_origin, csrf_of, drop_cookie, set_cookie
from remit.doors.http.call import Answer, Call
from remit.doors.http.problem import refused
from remit.doors.http.shapes import sign_in as s
from remit.doors.http.shapes.base import Entered, Items
from remit.doors.http.table import OPERATORS, Do, Enter, Look, Route
from remit.kernel import command as c
from remit.kernel.names import PersonRole, Role

EVERYBODY: tuple[Role, ...] = get_args(Role)[:-1]
PEOPLE: tuple[Role, ...] = get_args(PersonRole)


async def _asked(call: Call, kind: str, **body: Any) -> dict[str, Any]:
    """Ask something about credentials or tokens with the caller's token."""
    sent = {"kind": kind, **body}
    answer: dict[str, Any] = await call.client.ask("command", sent, token=call.secret, act=call.act, trace=call.trace)
    return answer


# Signing in and out


async def _sign_in(call: Call, kind: str, **body: Any) -> Answer:
    """Let somebody in, and give the browser the session; never to a page of another site."""
    check_origin(dict(call.scope["headers"]))
    begun = await call.sign_in({"kind": kind, **body})
    secret = begun["secret"]
    shown = s.Begun(person=begun["person"], role=begun["role"], expires_at=begun["expires_at"], csrf=csrf_of(secret))
    cookie = set_cookie(secret, tls=call.app.state.tls, max_age_s=12 * 3600)
    return Answer(shown, headers=(cookie, (b"cache-control", b"no-store")))


async def with_password(call: Call) -> Answer:
    """Sign in with a password."""
    return await _sign_in(call, "password", **msgspec.to_builtins(call.body))


async def with_code(call: Call) -> Answer:
    """Sign in with a one-time code."""
    return await _sign_in(call, "code", code=call.body.code)


async def passkey_options(call: Call) -> Any:
    """Ask what a device is to prove."""
    return await call.sign_in({"kind": "passkey_begin"})


async def with_passkey(call: Call) -> Answer:
    """Sign in with a passkey."""
    return await _sign_in(call, "passkey_finish", ceremony=call.body.ceremony, response=call.body.response)


async def me(call: Call) -> dict[str, Any]:
    """Return who the caller is."""
    return {**await call.read("me"), "csrf": csrf_of(call.secret) if call.by_cookie else ""}


async def sign_out(call: Call) -> Answer:
    """End the session, and take the cookie away."""
    done = await _asked(call, "sign_out", everywhere=call.body.everywhere)
    return Answer(done, headers=(drop_cookie(tls=call.app.state.tls),))


# Credentials


async def set_own_password(call: Call) -> Any:
    """Set the caller's password."""
    return await _asked(call, "set_password", password=call.body.password, current=call.body.current)


async def begin_totp(call: Call) -> Any:
    """Begin to set up an app for codes."""
    return await _asked(call, "begin_totp")


async def confirm_totp(call: Call) -> Any:
    """Confirm the app."""
    return await _asked(call, "confirm_totp", code=call.body.code)


async def remove_own_totp(call: Call) -> Any:
    """Do without the app."""
    return await _asked(call, "remove_totp")


async def begin_passkey(call: Call) -> Any:
    """Begin to add a passkey."""
    return await _asked(call, "begin_passkey")


async def finish_passkey(call: Call) -> Any:
    """Add the passkey."""
    return await _asked(call, "finish_passkey", **msgspec.to_builtins(call.body))


async def remove_own_passkey(call: Call) -> Any:
    """Do without a passkey."""
    return await _asked(call, "remove_passkey", passkey=call.params.passkey)


async def set_first_password(call: Call) -> Any:
    """Set a first password for somebody."""
    return await _asked(call, "set_password", person=call.params.person, password=call.body.password)


async def remove_totp(call: Call) -> Any:
    """Take somebody's app for codes away."""
    return await _asked(call, "remove_totp", person=call.params.person)


async def remove_passkey(call: Call) -> Any:
    """Take somebody's passkey away."""
    return await _asked(call, "remove_passkey", person=call.params.person, passkey=call.params.passkey)


async def sign_person_out(call: Call) -> Any:
    """End all sessions of somebody."""
    return await _asked(call, "sign_out", person=call.params.person, everywhere=True)


# Tokens


async def issue_token(call: Call) -> s.Issued:
    """Issue a token."""
    return await _issued(call, "new_token", **msgspec.to_builtins(call.body))


async def rotate_token(call: Call) -> s.Issued:
    """Issue a token that takes over from another."""
    return await _issued(call, "rotate_token", token=call.params.token, **msgspec.to_builtins(call.body))


async def _issued(call: Call, kind: str, **body: Any) -> s.Issued:
    record = await _asked(call, kind, **body)
    for event in record["events"]:
        if event["event"] == "refused":
            raise refused(event["code"], event["why"])
    command = record["command"]
    grant = command["body"]["grant"]["token"]
    return s.Issued(token=grant, secret=record["secret"], seq=command["seq"], at=command["at"])


def _revoke(params: Any, body: Any) -> object:
    return c.RevokeToken(token=params.token, why=body.why)


_PASSWORD = {"person": "ann", "password": "correct horse battery", "code": "287082"}
_DEVICE = {"id": "Zm9v", "rawId": "Zm9v", "type": "public-key", "response": {}}
_ANSWERED = {"ceremony": "0" * 32, "response": _DEVICE}
_WHY = {"why": "laptop lost"}


def _row(
    method: str, path: str, name: str, says: str, do: Any, params: Any, body: Any, answer: Any, example: Any = None,
    *, roles: tuple[Role, ...] = PEOPLE, tag: str = "sign-in", open_: bool = False,
) -> Route:  # fmt: skip
    return Route(
        method, path, name, says, tag, roles, Do(do), params, body, answer, example, open=open_, remembered=False
    )


_SESSIONS = (
    _row(
        "POST", "/v1/session/password", "sign_in_with_password",
        "Sign in with a password, and the code of an app where one is needed. All who fail are told the same; "
        "`second_factor_needed` and `password_change_needed` say what else to send.",
        with_password, None, s.WithPassword, s.Begun, _PASSWORD, open_=True,
    ),
    _row(
        "POST", "/v1/session/code", "sign_in_with_code",
        "Sign in with the one-time code of `remit open`: good for a minute, and once.",
        with_code, None, s.WithCode, s.Begun, {"code": "0" * 48}, open_=True,
    ),
    _row(
        "POST", "/v1/session/passkey/options", "ask_for_passkey",
        "Ask what a device is to prove; the same for everybody, so it tells of nobody.",
        passkey_options, None, None, s.Asked, open_=True,
    ),
    _row(
        "POST", "/v1/session/passkey", "sign_in_with_passkey",
        "Sign in with what the device answered. A passkey is two factors by itself.",
        with_passkey, None, s.WithPasskey, s.Begun, _ANSWERED, open_=True,
    ),
    _row(
        "GET", "/v1/session", "show_session",
        "Who the caller is, with which credentials and open sessions, and the value that changes need beside a cookie.",
        me, None, None, s.Me, roles=EVERYBODY,
    ),
    _row(
        "POST", "/v1/session/sign-out", "sign_out",
        "End this session at once, with its streams; or all sessions of the caller.",
        sign_out, None, s.SigningOut, s.SignedOut, {"everywhere": False},
    ),
)  # fmt: skip

_OWN = (
    _row(
        "POST", "/v1/me/password", "set_password",
        "Set the caller's own password; every other session of theirs ends. A session older than 15 minutes is told "
        "to sign in again first, here and for all credentials.",
        set_own_password, None, s.OwnPassword, s.PasswordSet,
        {"password": "plough the narrow field", "current": "correct horse battery"},
    ),
    _row(
        "POST", "/v1/me/totp", "begin_totp", "Ask for a secret for an app for codes.",
        begin_totp, None, None, s.App,
    ),
    _row(
        "POST", "/v1/me/totp/confirm", "confirm_totp", "Show that the app has it: codes are asked for from then on.",
        confirm_totp, None, s.AppCode, s.AppState, {"code": "287082"},
    ),
    _row(
        "DELETE", "/v1/me/totp", "remove_totp", "Do without the app for codes.",
        remove_own_totp, None, None, s.AppGone,
    ),
    _row(
        "POST", "/v1/me/passkeys/options", "begin_passkey", "Ask what a device is to make a passkey of.",
        begin_passkey, None, None, s.Asked,
    ),
    _row(
        "POST", "/v1/me/passkeys", "add_passkey", "Add the passkey that the device made.",
        finish_passkey, None, s.NewPasskey, s.PasskeyAdded, {**_ANSWERED, "name": "phone"},
    ),
    _row(
        "DELETE", "/v1/me/passkeys/{passkey}", "remove_passkey", "Do without a passkey.",
        remove_own_passkey, s.OnePasskey, None, s.PasskeyGone,
    ),
)  # fmt: skip

_OTHERS = (
    _row(
        "POST", "/v1/people/{person}/password", "set_first_password",
        "Set a first password for somebody: they choose another with it, and their sessions end.",
        set_first_password, s.OnePerson, s.FirstPassword, s.PasswordSet, {"password": "correct horse battery"},
        roles=OPERATORS,
    ),
    _row(
        "DELETE", "/v1/people/{person}/totp", "remove_totp_of",
        "Take away the app for codes of somebody who lost it; journalled, and their sessions end.",
        remove_totp, s.OnePerson, None, s.AppGone, roles=OPERATORS,
    ),
    _row(
        "DELETE", "/v1/people/{person}/passkeys/{passkey}", "remove_passkey_of",
        "Take away the passkey of somebody who lost the device; journalled, and their sessions end.",
        remove_passkey, s.PersonsPasskey, None, s.PasskeyGone, roles=OPERATORS,
    ),
    _row(
        "POST", "/v1/people/{person}/sign-out", "sign_person_out", "End all sessions of somebody at once.",
        sign_person_out, s.OnePerson, None, s.SignedOut, roles=OPERATORS,
    ),
)  # fmt: skip

_TOKENS = (
    Route(
        "GET", "/v1/tokens", "list_tokens",
        "List tokens and sessions by their first characters, last use and end; never a secret.",
        "tokens", PEOPLE, Look("tokens", page=("token",)), s.TokenQuery, None, Items[s.TokenRow],
    ),
    _row(
        "POST", "/v1/tokens", "issue_token", "Issue a token. Its secret is in this answer and never shown again.",
        issue_token, None, s.IssuingToken, s.Issued, {"role": "agent", "name": "momentum", "owner": "ann"},
        roles=OPERATORS, tag="tokens",
    ),
    _row(
        "POST", "/v1/tokens/{token}/rotate", "rotate_token",
        "Issue a token that stands for the same as another, which lives on for the overlap and no longer.",
        rotate_token, s.OneToken, s.Rotating, s.Issued, {"overlap_s": 3600}, roles=OPERATORS, tag="tokens",
    ),
    Route(
        "POST", "/v1/tokens/{token}/revoke", "revoke_token",
        "Revoke a token at once, with its streams. Whoever holds one may revoke their own.",
        "tokens", EVERYBODY, Enter(_revoke), s.OneToken, s.Revoking, Entered, _WHY,
    ),
)  # fmt: skip

ROUTES = (*_SESSIONS, *_OWN, *_OTHERS, *_TOKENS)
