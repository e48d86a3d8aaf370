"""The settings on the page, in a real Chromium, before a real guard: what is set up there holds."""

from __future__ import annotations

import httpx2 as httpx
from tests.doors.http.approver import Approver, held
from tests.doors.http.conftest import Door


def test_a_token_is_issued_shown_once_and_revoked(door: Door, approver: Approver) -> None:
    approver.enter(door, "/settings?part=tokens")
    approver.press("Issue a token")
    approver.page.get_by_label("Name", exact=True).select_option("momentum")
    approver.press("Issue it")
    secret = approver.page.get_by_label("The token", exact=True).input_value()
    approver.press("I have it")
    assert secret not in approver.page.content()
    bearer = {"Authorization": f"Bearer {secret}"}
    told = httpx.get(f"http://127.0.0.1:{door.port}/v1/self", headers=bearer).json()
    assert (told["role"], told["agent"]) == ("agent", "momentum")
    prefix = next(
        row["prefix"] for row in door.http().get("/v1/tokens").json()["items"] if secret.startswith(row["prefix"])
    )
    approver.press(f"Revoke {prefix} of momentum")
    approver.fill(Why="only tried")
    approver.press("Revoke")
    approver.told(f"{prefix}… of momentum is revoked.")
    assert httpx.get(f"http://127.0.0.1:{door.port}/v1/self", headers=bearer).status_code == 401


def test_a_tolerance_is_set_as_a_whole(door: Door, approver: Approver) -> None:
    approver.enter(door, "/settings")
    name = door.http().get("/v1/reconcile").json()["items"][0]["connection"]
    approver.page.get_by_role("button", name="Change…", exact=True).first.click()
    approver.fill(Rounds_that_a_difference_may_last="7", Why="a slow venue")
    approver.press("Set it")
    approver.told("may differ as you said, from now on.")
    rows = door.http().get("/v1/reconcile").json()["items"]
    assert next(row["tolerance"]["rounds"] for row in rows if row["connection"] == name) == 7


def test_a_preapproval_is_given_from_a_held_order_and_revoked(door: Door, approver: Approver) -> None:
    order = held(door, "14")
    approver.enter(door, f"/approvals/{order}")
    approver.press("Set the bounds…")
    approver.page.get_by_label("Each worth at most").fill("1300")
    approver.fill(Why="small ones may go")
    approver.press("Confirm ahead of time")
    approver.told("may open such orders without asking.")
    row = door.http().get("/v1/preapprovals").json()["items"][0]
    assert (row["agent"], row["instruments"], row["notional_max"]) == ("momentum", ["AAPL"], "1300")
    approver.open("/approvals")
    approver.press("Revoke what momentum may open")
    approver.fill(Why="only tried")
    approver.press("Revoke")
    approver.told("From now on momentum asks again.")
    assert door.http().get("/v1/preapprovals").json()["items"] == []
    assert door.http().post(f"/v1/approvals/{order}/decline", json={"why": "tidy"}).status_code == 200
