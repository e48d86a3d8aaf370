"""Rows of notifications: channels, deliveries, and the callbacks of approval pages."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from remit.doors.http.call import Call, entered
from remit.doors.http.problem import Problem, refused
from remit.doors.http.shapes import notify as s
from remit.doors.http.shapes.base import Entered, Items
from remit.doors.http.table import OPERATORS, Do, Enter, Look, Route
from remit.doors.notify.channels import channel
from remit.doors.notify.errors import AddressRefused
from remit.doors.notify.notice import FIRST_KINDS
from remit.doors.notify.outbox import FILE, Delivery, Outbox
from remit.doors.notify.run import standing, trial
from remit.doors.notify.safe import Sender, networks
from remit.guard.wire import GuardError
from remit.kernel import command as c
from remit.kernel.names import Role

SEE_ALL: tuple[Role, ...] = ("operator", "approver", "compliance", "auditor")
PEOPLE: tuple[Role, ...] = (*SEE_ALL, "owner")
Found = TypeVar("Found")


async def list_channels(call: Call) -> dict[str, Any]:
    """Return the channels, by name."""
    await _only(call, SEE_ALL)
    return {"items": [one.shown for one in await _with(call, lambda box: box.channels())], "next": None}


async def add_channel(call: Call) -> dict[str, Any]:
    """Add a webhook."""
    await _only(call, OPERATORS)
    body: s.NewChannel = call.body
    if not body.url.lower().startswith(("https://", "http://")):
        # what apprise is told to reach is not looked at: only who sits at the machine may say where that is
        raise Problem("channel_invalid", "only webhooks are added here", "Add chats and mail with: remit notify add")
    try:
        await Sender(networks(call.app.state.settings.notify_allow)).refuse_unfit(body.url)
    except AddressRefused as fault:
        raise Problem("channel_invalid", fault.message, fault.fix) from None
    made = channel(
        body.name, body.url, time.time_ns(), os.urandom, kinds=body.kinds or FIRST_KINDS, secret=body.secret,
        dry=body.dry,
    )  # fmt: skip
    await _with(call, lambda box: box.add(made))
    return {"channel": made.shown, "secret": made.secret}


async def remove_channel(call: Call) -> dict[str, Any]:
    """Remove a channel, and what waits for it."""
    await _only(call, OPERATORS)
    name = call.params.channel
    return {"name": name, "waited": await _with(call, lambda box: box.remove(name))}


async def test_channel(call: Call) -> dict[str, Any]:
    """Send one test message to a channel, now."""
    await _only(call, OPERATORS)
    found = await _with(call, lambda box: box.channel(call.params.channel))
    sender = Sender(networks(call.app.state.settings.notify_allow))
    try:
        await trial(found, sender, time.time_ns(), os.urandom)
    except GuardError as fault:
        return {"delivered": False, "why": f"{fault.message}. {fault.fix}"}
    return {"delivered": True, "why": ""}


async def stand(call: Call) -> dict[str, Any]:
    """Return how notifications stand, with the halts that nobody heard of."""
    await _only(call, SEE_ALL)
    return await _with(call, lambda box: standing(box, time.time_ns()))


async def deliveries(call: Call) -> dict[str, Any]:
    """Return deliveries, the newest first."""
    await _only(call, SEE_ALL)
    asked: s.DeliveryQuery = call.params
    found = await _with(
        call,
        lambda box: box.deliveries(waiting=asked.waiting, channel=asked.channel or "", count=asked.limit),
    )
    return {"items": [row_of(one) for one in found], "next": None}


def row_of(one: Delivery) -> dict[str, Any]:
    """Return a delivery as it is shown."""
    notice = one.notice
    return {
        "id": notice.id, "channel": one.channel, "kind": notice.kind, "type": notice.type, "seq": notice.seq,
        "at": one.at, "text": notice.text, "attempts": one.attempts, "fault": one.fault,
        "delivered_at": one.delivered_at,
    }  # fmt: skip


async def add_callback(call: Call) -> dict[str, Any]:
    """Make a callback key for one person."""
    body: s.NewCallback = call.body
    asked: dict[str, Any] = {
        "kind": "new_callback",
        "person": body.person,
        "role": body.role,
        "owner": body.owner or body.person,
    }
    if body.expires_at is not None:
        asked["expires_at"] = body.expires_at
    record = msgspec.json.decode(await call.pass_on(asked))
    for event in record["events"]:
        if event["event"] == "refused":
            raise refused(event["code"], event["why"])
    command = record["command"]
    return {
        "callback": command["body"]["key"]["id"], "secret": record["secret"], "seq": command["seq"], "at": command["at"]
    }  # fmt: skip


def _remove_callback(params: s.OneCallback, body: s.Ending) -> object:
    return c.RemoveCallback(callback=params.callback, why=body.why)


async def answer(call: Call) -> bytes:
    """Hand a page's signed answer to the guard, to the byte as it came."""
    try:
        body = call.body.decode()
    except UnicodeDecodeError:
        raise Problem("not_json", "the body is no UTF-8", "Send the JSON that was signed") from None
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return entered(await call.signed({**{name: call.header(name) for name in names}, "body": body}))


async def _only(call: Call, roles: tuple[Role, ...]) -> None:
    """Return where the caller has one of these roles, as the guard knows it; Problem `not_authorised`."""
    role = (await call.read("self"))["role"]
    if role not in roles:
        raise Problem("not_authorised", f"the role {role} may not do this", f"It takes {' or '.join(roles)}")


async def _with(call: Call, work: Callable[[Outbox], Found]) -> Found:
    """Do something with the outbox, where it keeps nobody waiting."""

    def done() -> Found:
        with Outbox(call.app.state.settings.home / FILE) as box:
            return work(box)

    return await asyncio.to_thread(done)


_SIGNED = (
    "Answer for a held order from an approval page that one hosts. The body is signed with a callback's key as "
    "Standard Webhooks say (headers webhook-id, webhook-timestamp, webhook-signature; HMAC-SHA256), and the guard "
    "checks it. A message is good for 5 minutes, its id for one time. No token is needed."
)
_PAGE = {
    "type": "order.approve",
    "data": {"callback": "C-1f2e3d4c5b6a", "order": "r1a2b3c4d-17", "digest": "8d1f0c2a" * 8},
}
_HOOK = {"name": "desk", "url": "https://hooks.example.com/remit", "kinds": ["halts", "approvals"]}

ROUTES = (
    Route(
        "GET", "/v1/channels", "list_channels", "Where notifications go, without addresses or secrets.",
        "notifications", SEE_ALL, Do(list_channels), answer=Items[s.ChannelRow],
    ),
    Route(
        "POST", "/v1/channels", "add_channel", "Add a webhook; its secret is told once.",
        "notifications", OPERATORS, Do(add_channel), body=s.NewChannel, answer=s.ChannelMade, example=_HOOK,
        remembered=False,  # its secret is told once, and kept nowhere else
    ),
    Route(
        "DELETE", "/v1/channels/{channel}", "remove_channel", "Remove a channel, and what waits for it.",
        "notifications", OPERATORS, Do(remove_channel), s.OneChannel, answer=s.Removed,
    ),
    Route(
        "POST", "/v1/channels/{channel}/test", "test_channel", "Send one test message to a channel, now.",
        "notifications", OPERATORS, Do(test_channel), s.OneChannel, answer=s.Tested,
    ),
    Route(
        "GET", "/v1/notifications", "notifications", "How notifications stand, and the halts that reached nobody for "
        "five minutes.", "notifications", SEE_ALL, Do(stand), answer=s.Standing,
    ),
    Route(
        "GET", "/v1/deliveries", "list_deliveries", "What went to which channel, and what waits, the newest first.",
        "notifications", SEE_ALL, Do(deliveries), s.DeliveryQuery, answer=Items[s.DeliveryRow],
    ),
    Route(
        "GET", "/v1/callbacks", "list_callbacks", "The keys of approval pages: whom each speaks for, never a key.",
        "notifications", PEOPLE, Look("callbacks", page=("id",)), s.CallbackQuery, answer=Items[s.CallbackRow],
    ),
    Route(
        "POST", "/v1/callbacks", "add_callback", "Make a callback key for one person; its secret is told once.",
        "notifications", OPERATORS, Do(add_callback), body=s.NewCallback, answer=s.CallbackMade,
        example={"person": "ada"}, remembered=False,
    ),
    Route(
        "POST", "/v1/callbacks/{callback}/remove", "remove_callback", "Remove a callback key at once.",
        "notifications", OPERATORS, Enter(_remove_callback), s.OneCallback, s.Ending, Entered,
        {"why": "the page moved"},
    ),
    Route(
        "POST", "/v1/callbacks/approvals", "answer_by_callback", _SIGNED,
        "notifications", (), Do(answer), body=s.PageAnswer, example=_PAGE, open=True, remembered=False, raw=True,
    ),
)  # fmt: skip
