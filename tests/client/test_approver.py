"""The approver of the examples, the whole way: a real guard holds an order, a real notifier tells the page, the page
answers with its person's key, and the guard judges that like any other answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from standardwebhooks import Webhook
from tests.client.test_examples import example
from tests.doors.http.conftest import LIMITS, Door, people
from tests.guard.processes import trading, wait_for

from remit.client import Remit, webhooks
from remit.client.webhooks import Forged
from remit.doors.http.app import Options
from remit.doors.notify.part import notifications

MOST = Decimal(1500)


@pytest.fixture(scope="module")
def page() -> ModuleType:
    return example("approver")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, page: ModuleType) -> Iterator[Door]:
    """A door with the notifier in it, and the page beside it, with a key of ada's."""
    for processes in trading(Path(tmp_path_factory.mktemp("approver")), LIMITS):
        people(processes)
        (processes.home / "remit.toml").write_text('notify_allow = ["127.0.0.1"]\n')
        door = Door(processes, options=Options(parts=(notifications,)))
        door.start()
        environ: dict[str, str] = {}
        served = page.server(0, MOST, environ)
        threading.Thread(target=served.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{served.server_address[1]}"
        operator = door.http("operator")
        made = operator.post("/v1/callbacks", json={"person": "ada", "role": "approver", "owner": "ada"}).json()
        told = operator.post("/v1/channels", json={"name": "page", "url": url, "kinds": ["approvals"]}).json()
        environ |= {"REMIT_CALLBACK": made["callback"], "REMIT_CALLBACK_SECRET": made["secret"]}
        environ["REMIT_CHANNEL_SECRET"] = told["secret"]
        try:
            yield door
        finally:
            served.shutdown()
            served.server_close()
            door.stop()


def test_what_is_small_enough_is_approved_by_its_person_and_the_rest_waits(door: Door) -> None:
    with Remit(door.processes.secrets["momentum"], home=door.processes.home) as remit:
        large = remit.place_order("AAPL", "buy", 20, limit_price="95")
        small = remit.place_order("AAPL", "buy", 12, limit_price="95")
        assert (large.verdict, small.verdict) == ("hold", "hold")
        assert remit.wait_for_approval(small.order, 20).answer == "released"
        assert remit.get_approval(large.order).waits
    (entry,) = door.processes.read("log", kind="approve")["entries"]
    by = entry["command"]["by"]
    assert (by["name"], by["role"], by["door"]) == ("ada", "approver", "callback")


def test_what_its_person_never_wants_is_declined(door: Door, page: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "NEVER", ("AAPL",))
    with Remit(door.processes.secrets["momentum"], home=door.processes.home) as remit:
        held = remit.place_order("AAPL", "buy", 13, limit_price="95")
        stands = remit.wait_for_approval(held.order, 20)
        assert (stands.answer, stands.why) == ("declined", "never this one")
    wait_for(lambda: door.processes.read("approvals") is not None, "the guard answers")


SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_message_reads_as_the_standards_own_package_reads_it() -> None:
    headers, body = webhooks.answer("C-1", SECRET, "r1-1", "0" * 64, approve=False, why="no")
    assert Webhook(SECRET).verify(body, headers) == json.loads(body) == webhooks.heard(SECRET, headers, body)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": ""},
        {"webhook-id": "msg_other"},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "soon"},
        {"webhook-signature": "v1,\u00e9"},
    ],
)
def test_what_was_not_signed_so_is_not_heard(changed: dict[str, str]) -> None:
    headers, body = webhooks.answer("C-1", SECRET, "r1-1", "0" * 64, approve=True)
    with pytest.raises(Forged):
        webhooks.heard(SECRET, headers | changed, body)
    with pytest.raises(Forged):
        webhooks.heard(SECRET, headers, body + b" ")
