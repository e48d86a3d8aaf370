"""Notifications over HTTP: channels, deliveries, and an approval page that answers with what it was sent."""

from __future__ import annotations

import base64
import json
import os
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import standardwebhooks
from tests.doors.http.conftest import Door

from remit.doors.notify.channels import channel
from remit.doors.notify.outbox import FILE, Outbox
from remit.kernel import access
from remit.kernel import command as c

CALLBACK = "/v1/callbacks/approvals"


def add(door: Door, name: str, **more: Any) -> dict[str, Any]:
    answer = door.http().post("/v1/channels", json={"name": name, "url": "https://a.example/in?key=s3cret", **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:8999/in", "nothing is sent there: 127.0.0.1 is loopback"),
        ("https://10.0.0.1/in", "nothing is sent there: 10.0.0.1 is private"),
        ("https://[::1]/in", "nothing is sent there: ::1 is loopback"),
        ("http://93.184.216.34/in", "nothing is sent there: 93.184.216.34 is not reached by https"),
    ],
)
def test_a_channel_that_could_never_be_reached_is_not_added(door: Door, url: str, said: str) -> None:
    answer = door.http().post("/v1/channels", json={"name": "mine", "url": url})
    told = answer.json()
    assert (answer.status_code, told["code"], told["detail"]) == (422, "channel_invalid", said)
    assert "remit.toml, in the data folder" in told["fix"] and "start `remit up` anew" in told["fix"]
    assert all(row["name"] != "mine" for row in door.http().get("/v1/channels").json()["items"])


def test_a_channel_is_added_listed_and_removed(door: Door) -> None:
    made = add(door, "desk", kinds=["halts", "approvals"])
    assert made["secret"].startswith("whsec_") and made["channel"]["kinds"] == ["halts", "approvals"]
    for who in ("operator", "ada", "otto"):
        listed = door.http(who).get("/v1/channels").json()["items"]
        (row,) = [row for row in listed if row["name"] == "desk"]
        assert row["where"] == "a.example" and "s3cret" not in str(listed) and made["secret"] not in str(listed)
    assert door.http().post("/v1/channels", json={"name": "desk", "url": "https://b.example/"}).status_code == 409
    assert door.http().delete("/v1/channels/desk").json() == {"name": "desk", "waited": 0}
    assert door.http().delete("/v1/channels/desk").status_code == 404


def test_a_secret_that_is_told_once_is_kept_under_no_key(door: Door) -> None:
    key = {"Idempotency-Key": "told-once"}
    body = {"name": "once", "url": "https://a.example/"}
    made = door.http().post("/v1/channels", json=body, headers=key).json()
    page = door.http().post("/v1/callbacks", json={"person": "ada"}, headers=key).json()
    kept = b"".join(path.read_bytes() for path in door.processes.home.glob("http.sqlite*"))
    for secret in (made["secret"], page.get("secret", made["secret"])):
        assert secret.startswith("whsec_") and secret.encode() not in kept
    assert door.http().post("/v1/channels", json=body, headers=key).json()["code"] != "key_reused"
    door.http().delete("/v1/channels/once")


def test_only_operators_change_channels_and_only_people_see_them(door: Door) -> None:
    add(door, "mine")
    for who in ("ada", "otto", "momentum", "claude", "bars", "doors"):
        body = {"name": "theirs", "url": "https://a.example/"}
        assert door.http(who).post("/v1/channels", json=body).status_code == 403, who
        assert door.http(who).delete("/v1/channels/mine").status_code == 403, who
        assert door.http(who).post("/v1/channels/mine/test", json={}).status_code == 403, who
    for who in ("momentum", "claude", "bars"):
        for path in ("/v1/channels", "/v1/deliveries", "/v1/callbacks"):
            assert door.http(who).get(path).status_code == 403, (who, path)
    assert door.http("nobody").get("/v1/channels").status_code == 401
    assert [row["name"] for row in door.http().get("/v1/channels").json()["items"]] == ["mine"]
    door.http().delete("/v1/channels/mine")


@pytest.mark.parametrize(
    "url", ["", "json://127.0.0.1", "discord://a/b", "file:///etc/passwd", "https://u:p@a.example/", "https://a:0/"]
)
def test_what_is_no_webhook_is_refused(door: Door, url: str) -> None:
    answer = door.http().post("/v1/channels", json={"name": "wrong", "url": url})
    assert answer.status_code == 422 and answer.json()["code"] == "channel_invalid"


def test_a_test_says_what_came_of_it(door: Door) -> None:
    with Outbox(door.processes.home / FILE) as box:  # as on the machine itself, where that is not looked at
        box.add(channel("inside", "https://127.0.0.1:1/", time.time_ns(), os.urandom))
    answer = door.http().post("/v1/channels/inside/test").json()
    assert answer["delivered"] is False and answer["why"].startswith("nothing is sent there: 127.0.0.1 is loopback. If")
    assert door.http().post("/v1/channels/none/test").status_code == 404
    door.http().delete("/v1/channels/inside")


def test_how_notifications_stand(door: Door) -> None:
    found = door.http("otto").get("/v1/notifications").json()
    assert (found["channels"], found["waiting"], found["overdue"]) == (0, 0, [])
    assert door.http("momentum").get("/v1/notifications").status_code == 403


def test_deliveries_are_listed(door: Door) -> None:
    with Outbox(door.processes.home / FILE) as box:
        assert box.waiting() == 0
    assert door.http("otto").get("/v1/deliveries?waiting=true&limit=5").json() == {"items": [], "next": None}
    assert door.http("otto").get("/v1/deliveries?limit=0").status_code == 422


# Callbacks


class Page:
    """An approval page that holds a callback's key."""

    def __init__(self, door: Door, person: str = "ada", role: str = "approver") -> None:
        made = door.http().post("/v1/callbacks", json={"person": person, "role": role}).json()
        self.door, self.id, self.secret, self.count = door, made["callback"], made["secret"], 0

    def held(self) -> dict[str, Any]:
        answer = self.door.http("momentum").post("/v1/orders", json=self.door.order("12", limit_price="100.01")).json()
        order = answer["decision"]["order"]
        found: dict[str, Any] = self.door.http().get(f"/v1/approvals/{order}").json()
        return found

    def message(self, order: str, digest: str, **more: Any) -> tuple[dict[str, str], bytes]:
        self.count += 1
        name = more.get("id", f"msg_{self.id[2:]}_{self.count}")
        at = datetime.now(UTC).replace(microsecond=0)
        data = {"callback": self.id, "order": order, "digest": digest}
        body = json.dumps({"type": more.get("type", "order.approve"), "data": data}, indent=1)  # to the byte, as it is
        signature = standardwebhooks.Webhook(self.secret).sign(name, at, body)
        headers = {
            "webhook-id": name, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature,
            "content-type": "application/json",
        }  # fmt: skip
        return headers, body.encode()

    def send(self, message: tuple[dict[str, str], bytes]) -> Any:
        return self.door.http("nobody").post(CALLBACK, headers=message[0], content=message[1])


def test_a_page_approves_without_a_token(door: Door) -> None:
    page = Page(door)
    held = page.held()
    message = page.message(held["order"], held["digest"])
    answer = page.send(message)
    assert answer.status_code == 200, answer.text
    assert [event["event"] for event in answer.json()["events"]] == ["callback_used", "approved", "released"]
    again = page.send(message)
    assert (again.status_code, again.json()["code"]) == (409, "callback_repeated")
    entry = door.processes.read("log", order=held["order"])
    assert '"door":"callback"' in json.dumps(entry).replace(" ", "")


def test_a_page_declines(door: Door) -> None:
    page = Page(door)
    held = page.held()
    assert page.send(page.message(held["order"], held["digest"], type="order.decline")).status_code == 200
    assert door.http().get(f"/v1/orders/{held['order']}/approval").json()["answer"] == "declined"


def test_what_nobody_signed_is_not_heard(door: Door) -> None:
    page = Page(door)
    held = page.held()
    headers, body = page.message(held["order"], held["digest"])
    wrong = [
        ({**headers, "webhook-signature": "v1," + base64.b64encode(bytes(32)).decode()}, body),
        ({**headers, "webhook-id": "another"}, body),
        (headers, body.replace(b"approve", b"decline")),
        (headers, body + b" "),
    ]
    for message in wrong:
        answer = page.send(message)
        assert (answer.status_code, answer.json()["code"]) == (401, "callback_refused")
    broken = [
        ({**headers, "webhook-timestamp": "soon"}, body), ({"content-type": "application/json"}, body),
        (headers, b"{}"), (headers, b"[1]"), (headers, b"{" * 5_000), (headers, b""), (headers, b'{"type":"x"}'),
    ]  # fmt: skip
    for message in broken:
        assert page.send(message).status_code == 422, message
    assert page.send((headers, b"\xff\xfe")).status_code == 400
    assert door.http().get(f"/v1/approvals/{held['order']}").json()["digest"] == held["digest"]
    door.http().post(f"/v1/approvals/{held['order']}/decline", json={"why": "a test"})


def test_a_removed_callback_is_heard_no_more(door: Door) -> None:
    assert door.http().post("/v1/callbacks", json={"person": "zoe", "role": "approver"}).status_code == 409, "nobody"
    door.processes.say(c.AddPerson(person=access.Person(name="zoe", role="approver")))
    page = Page(door, "zoe")
    rows = door.http("otto").get("/v1/callbacks").json()["items"]
    assert page.id in [row["id"] for row in rows] and page.secret not in str(rows)
    held = page.held()
    assert door.http("ada").post(f"/v1/callbacks/{page.id}/remove", json={"why": "x"}).status_code == 403
    assert door.http().post(f"/v1/callbacks/{page.id}/remove", json={"why": "it moved"}).status_code == 200
    assert page.send(page.message(held["order"], held["digest"])).status_code == 401
    door.http().post(f"/v1/approvals/{held['order']}/decline", json={"why": "a test"})


def test_only_operators_make_callbacks(door: Door) -> None:
    for who in ("ada", "otto", "momentum", "claude", "doors"):
        answer = door.http(who).post("/v1/callbacks", json={"person": "ada"})
        assert answer.status_code == 403 and "secret" not in answer.text, who
    ends = time.time_ns() - 1
    assert door.http().post("/v1/callbacks", json={"person": "ada", "expires_at": ends}).status_code == 409
