"""Words of what people, feeds and the guard enter beside orders: each command in one plain sentence."""

from __future__ import annotations

from typing import Any

import msgspec

from remit.kernel import command as c
from remit.kernel.codec import plain
from remit.kernel.names import Principal, subject
from remit.kernel.rules.said import title
from remit.reports.deeds import deed_words
from remit.reports.told import Book, Kind, Whose, whose_agent, whose_order, whose_subject
from remit.reports.words import at_words, shown

FIELD_MAX = 80
UNSAID = frozenset({"kind", "event", "at", "why", "digest", "thought", "marks", "trace", "mandate"})
KINDS: dict[str, Kind] = {
    "approve": "approval", "decline": "approval", "preapprove": "approval", "revoke_preapproval": "approval",
    "cancel": "order", "declare_parent": "order", "cancel_refused": "order",
    "set_exit": "exit", "drop_exit": "exit",
    "set_pause": "halt", "halt": "halt", "review": "halt", "resume": "halt", "clock_fault": "halt", "woke": "halt",
    "adopt": "drift", "no_data": "drift", "external": "drift", "busted": "fill", "set_tolerance": "drift",
    "set_mandate": "mandate", "confirm_change": "mandate", "drop_change": "mandate",
    **dict.fromkeys(
        (
            "set_firm", "add_account", "add_connection", "add_agent", "add_client", "set_grant", "set_capability",
            "issue_token", "revoke_token", "add_person", "set_person", "signed_in", "sign_in_failed", "credential_set",
            "add_callback", "remove_callback", "set_key",
        ),
        "access",
    ),
    **dict.fromkeys(
        (
            "add_instrument", "set_calendar", "set_volume", "set_locate", "set_short_restriction", "set_trading_state",
            "set_margin", "set_balance", "set_venue_state", "resolve", "split", "dividend", "funding",
        ),
        "fact",
    ),
}  # fmt: skip
"""The kind of line of each kind of command; what is not here is the guard's."""


def kind_of(body: c.Body) -> Kind:
    """Return the kind of line that a command is told as."""
    return KINDS.get(str(body.__struct_config__.tag), "guard")


def world_words(by: Principal, body: c.Body) -> tuple[Kind, str]:
    """Return what a command that took effect says, with its reason where it has one."""
    said = deed_words(by.name, body) or f"{by.name}: {plainly(body)}"
    why = getattr(body, "why", "")
    return kind_of(body), said + (f": {why}" if why else "")


def plainly(thing: msgspec.Struct) -> str:
    """Return any command or event as its name and what it names: the words of what has none of its own."""
    fields = _flat(plain(thing))
    named = [
        f"{title(name).removesuffix(' at')} {_time(value) if name.endswith('_at') else _short(value)}"
        for name, value in fields.items()
        if value not in ("", None, [], {}, False)
    ]
    tag = str(type(thing).__struct_config__.tag or type(thing).__name__)
    return tag.replace("_", " ") + (f" ({', '.join(named)})" if named else "")


def _flat(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are told, those of an inner noun beside the others."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        if name in UNSAID:
            continue
        found |= _flat(value) if isinstance(value, dict) else {name: value}
    return found


def _short(value: object) -> str:
    said = ", ".join(_short(one) for one in value) if isinstance(value, list | tuple) else shown(str(value))
    return said if len(said) <= FIELD_MAX else said[: FIELD_MAX - 3] + "..."


def _time(at: Any) -> str:
    """Return nanoseconds since the epoch as a time in UTC, to the second; what is none as it stands."""
    return at_words(at) if isinstance(at, int) else _short(at)


def whose_body(body: c.Body, book: Book) -> Whose:
    """Return whom a command concerns, by the names it holds."""
    match body:
        case c.AddAccount(account=account):
            return Whose(account=account.name)
        case c.AddConnection(connection=connection):
            return Whose(account=connection.account, connection=connection.name)
        case c.AddAgent(agent=agent):
            return Whose(account=agent.account, agent=agent.name)
        case c.AddClient(client=client):
            return whose_agent(book, client.agent, client.name)
        case c.IssueToken(grant=grant) if grant.role in ("agent", "client"):
            return whose_subject(book, subject(grant.role, grant.name))
        case c.RevokeToken(token=token):
            return book.thing("token", token)
        case c.DropExit(exit=exit):
            return book.thing("exit", exit)
        case c.Review(halt=halt) | c.Resume(halt=halt):
            return book.thing("halt", halt)
        case c.RevokePreapproval(id=name):
            return book.thing("preapproval", name)
        case c.ConfirmChange(proposal=name) | c.DropChange(proposal=name):
            return book.thing("proposal", name)
    return _by_fields(body, book)


def _by_fields(body: c.Body, book: Book) -> Whose:
    order, written = getattr(body, "order", ""), getattr(body, "subject", "")
    agent, connection = getattr(body, "agent", ""), getattr(body, "connection", "")
    if order:
        return whose_order(book, str(order))
    if isinstance(agent, str) and agent:
        names = {name: getattr(body, name, "") for name in ("connection", "instrument")}
        return whose_agent(book, agent, str(getattr(body, "client", "")), **{k: str(v) for k, v in names.items()})
    if isinstance(connection, str) and connection:
        return Whose(account=book.holder(connection), connection=connection)
    return whose_subject(book, str(written)) if written else Whose(instrument=_instrument(body))


def _instrument(body: c.Body) -> str:
    named = getattr(body, "instrument", "")
    return named if isinstance(named, str) else str(getattr(named, "name", ""))
