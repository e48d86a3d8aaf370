"""The journal over HTTP: everybody reads their own, as the guard says who they are; what is proven holds offline."""

from __future__ import annotations

import csv
import io
import json
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.doors.http.conftest import LIMITS, Door, people
from tests.guard.processes import trading

from remit.attest.check import Expected, check
from remit.doors.http.app import Options
from remit.doors.http.paging import cursor_of
from remit.doors.http.reading import reading
from remit.journal.checkpoint import verify
from remit.reports.model import Model, Page
from remit.verify import key_of, verify_evidence, verify_receipt

TODAY = datetime.now(UTC).strftime("%Y-%m-%d")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door with its read model, behind which a fill, a denial, a hold and a thought lie."""
    for processes in trading(Path(tmp_path_factory.mktemp("told")), LIMITS):
        people(processes)
        door = Door(processes, options=Options(parts=(reading,)))
        door.start()
        try:
            agent = door.http("momentum")
            for quantity in ("1", "100", "20"):
                assert (
                    agent.post(
                        "/v1/orders", json=door.order(quantity, limit_price="101", thought="it looks cheap")
                    ).status_code
                    == 200
                )
            door.http("claude").get("/v1/positions")
            until(door, "fill")
            yield door
        finally:
            door.stop()


def lines(door: Door, who: str = "operator", path: str = "/v1/journal", **asked: Any) -> list[dict[str, Any]]:
    found = door.http(who).get(path, params={"limit": 1000, **asked})
    assert found.status_code == 200, found.text
    rows: list[dict[str, Any]] = found.json()["items"]
    return rows


def until(door: Door, kind: str) -> None:
    """Wait until a line of this kind has been read."""
    for _ in range(200):
        found = door.http("operator").get("/v1/journal", params={"kind": kind})
        if found.status_code == 200 and found.json()["items"]:
            return
        time.sleep(0.05)
    raise AssertionError(found.text)


def test_people_read_everything_and_agents_what_is_theirs(told: Door) -> None:
    everything, own = lines(told), lines(told, "momentum")
    assert {row["agent"] for row in own} == {"momentum"} and len(own) < len(everything)
    assert all(row["client"] == "claude" for row in lines(told, "claude"))
    assert lines(told, "claude"), "its own calls"
    assert lines(told, "momentum", account="nobody") == []
    assert lines(told, "otto") and told.http("bars").get("/v1/journal").status_code == 403
    assert told.http("nobody").get("/v1/journal").status_code == 401


def test_an_owner_reads_what_is_of_their_own_accounts(told: Door) -> None:
    for name in ("ann", "zoe"):
        asked = {"kind": "new_token", "role": "owner", "name": f"{name}-owner", "owner": name}
        told.processes.secrets[f"{name}-owner"] = told.processes.say(asked)["secret"]
    own = lines(told, "ann-owner")
    assert own and {row["account"] for row in own} == {lines(told, kind="fill")[0]["account"]}
    assert lines(told, "zoe-owner") == [], "who owns nothing"


def test_each_call_of_an_agent_is_there_by_its_path(told: Door) -> None:
    said = [row["said"] for row in lines(told, "claude", kind="action")]
    assert "client claude: read positions (GET /v1/positions)" in said
    assert all(row["trace"] for row in lines(told, kind="violation", agent="momentum")), "the trace of the request"


def test_timelines_page_on_and_filters_hold(told: Door) -> None:
    whole = lines(told, path="/v1/agents/momentum/timeline")
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        asked = {"limit": 3} | ({} if cursor is None else {"cursor": cursor})
        page = told.http("operator").get("/v1/agents/momentum/timeline", params=asked).json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert found[: len(whole)] == whole
    fill = lines(told, kind="fill")[0]
    order = lines(told, path=f"/v1/orders/{fill['order']}/timeline")
    assert {row["order"] for row in order} == {fill["order"]} and any("bought 1 AAPL" in row["said"] for row in order)
    assert lines(told, since=fill["at"], until=fill["at"] + 1, kind="fill") == [fill]
    assert [row["id"] for row in lines(told, latest="true")][0] > fill["id"]
    for made_up in ("x", cursor_of((2**63,)), cursor_of((2**64 - 1,)), cursor_of((-1,)), cursor_of((None,))):
        bad = told.http("operator").get("/v1/journal", params={"cursor": made_up})
        assert bad.status_code == 422 and bad.json()["code"] == "not_valid", made_up


def test_a_receipt_holds_offline(told: Door) -> None:
    fill = lines(told, kind="fill")[0]
    receipt = told.http("operator").get(f"/v1/journal/{fill['seq']}/receipt")
    checked = verify_receipt(receipt.content, key_of(told.processes.home / "journal", None))
    assert checked.seq == fill["seq"] and json.loads(checked.entry)["command"]["body"]["kind"] == "filled"
    assert told.http("claude").get(f"/v1/journal/{fill['seq']}/receipt").status_code == 404
    assert told.http("operator").get("/v1/journal/999999/receipt").status_code == 404


def test_texts_are_for_people_but_auditors(told: Door) -> None:
    thought = lines(told, kind="thought")[0]
    path = f"/v1/texts/{thought['text']}"
    assert told.http("operator").get(path).json()["text"] == "it looks cheap"
    for who in ("otto", "momentum", "claude"):
        assert told.http(who).get(path).status_code == 403
    assert told.http("operator").get(f"/v1/texts/{'0' * 64}").json()["standing"] == "unknown"


def test_reports(told: Door) -> None:
    asked = {"from": TODAY, "to": TODAY}
    found = told.http("operator").get("/v1/reports/blotter/csv", params=asked)
    assert found.headers["content-type"].startswith("text/csv") and "attachment" in found.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(found.text)))
    assert [(row["instrument"], row["quantity"]) for row in rows] == [("AAPL", "1")]
    assert told.http("claude").get("/v1/reports/blotter/csv", params=asked).text.count("\n") == 1, "its own: none"
    rejected = told.http("momentum").get("/v1/reports/rejected/csv", params={**asked, "zone": "Asia/Tokyo"})
    assert rejected.status_code == 200
    for bad in (
        {"from": "x", "to": TODAY},
        {"from": TODAY, "to": TODAY, "zone": "Nowhere"},
        {"from": TODAY, "to": TODAY, "zone": "America"},
        {"from": TODAY, "to": TODAY, "zone": "../../x"},
    ):
        assert told.http("operator").get("/v1/reports/blotter/csv", params=bad).status_code == 422
    parquet = pytest.importorskip("pyarrow.parquet")
    held = told.http("operator").get("/v1/reports/violations/parquet", params=asked)
    assert "order_notional_max" in parquet.read_table(io.BytesIO(held.content)).column("rule").to_pylist()


def test_without_the_capability_an_agent_reads_nothing(told: Door) -> None:
    from remit.kernel import command as c

    told.processes.say(c.SetCapability(agent="momentum", capability="explain_decision", enabled=False))
    try:
        refused = told.http("momentum").get("/v1/journal")
        assert refused.status_code == 403 and refused.json()["code"] == "capability_off"
    finally:
        told.processes.say(c.SetCapability(agent="momentum", capability="explain_decision", enabled=True))


def test_over_its_budget_a_client_reads_no_journal(told: Door) -> None:
    from remit.kernel import command as c
    from remit.kernel.mandate import Mandate
    from remit.kernel.numbers import Money, parse

    today = {"from": TODAY, "to": TODAY}
    told.processes.say(
        c.SetMandate(subject="client:claude", mandate=Mandate(client_spend_daily_max=parse(Money, "1")), why="a day's")
    )
    usage = {"provider": "openai", "model": "gpt-4o", "input_tokens": 1, "output_tokens": 1, "cost": "2"}
    assert told.http("claude").post("/v1/usage", json=usage).status_code == 200
    for path, asked in (("/v1/journal", {}), ("/v1/agents/momentum/timeline", {}), ("/v1/reports/blotter/csv", today)):
        refused = told.http("claude").get(path, params=asked)
        assert (refused.status_code, refused.json()["code"]) == (403, "budget_exceeded"), path
    assert told.http("claude").get("/v1/orders").status_code == 200
    assert lines(told, "momentum"), "its agent has no such budget"


def test_a_question_that_reads_for_long_keeps_nobody_waiting(told: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    reads, on, lines_of, found = threading.Event(), threading.Event(), Model.lines, []

    def long(self: Model, *asked: Any, **more: Any) -> Page:
        reads.set()
        assert on.wait(60)
        return lines_of(self, *asked, **more)

    monkeypatch.setattr(Model, "lines", long)
    asking = threading.Thread(target=lambda: found.append(told.http("ada").get("/v1/journal", timeout=60)))
    asking.start()
    try:
        assert reads.wait(20)
        assert told.http("momentum").get("/v1/orders").status_code == 200, "answered while the other still reads"
        assert not found
    finally:
        on.set()
        asking.join(60)
    assert found[0].status_code == 200 and found[0].json()["items"]


def test_a_read_model_that_was_removed_is_made_again_and_nothing_old_is_told(told: Door) -> None:
    """Another program may take the file away while the door follows the journal with it."""
    [file] = told.processes.home.glob("read-*.sqlite")
    before = told.http("ada").get("/v1/journal", params={"latest": True, "limit": 1}).json()["position"]
    file.unlink()
    told.http("ada").post("/v1/pauses", json={"subject": "agent:momentum", "why": "to look"})
    until = time.monotonic() + 20
    while (answer := told.http("ada").get("/v1/journal", params={"latest": True, "limit": 1})).status_code == 503:
        assert answer.json()["code"] == "model_unusable" and time.monotonic() < until
        time.sleep(0.05)
    assert answer.json()["position"] >= before
    while not any("to look" in row["said"] for row in lines(told)):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_lines_are_chosen_by_what_was_decided_and_in_what(told: Door) -> None:
    for verdict, word in (("allow", ": allowed"), ("deny", ": denied"), ("hold", ": held for people")):
        found = lines(told, verdict=verdict)
        assert found and all(word in row["said"] and row["order"] for row in found), verdict
    assert {row["instrument"] for row in lines(told, instrument="AAPL")} == {"AAPL"}
    assert lines(told, instrument="MSFT") == []
    looks = {row["id"] for row in lines(told, kind="action") if not row["code"]}
    beside = {"guard", "access", "fact", "mandate"}
    assert beside & {row["kind"] for row in lines(told)} and not beside & {
        row["kind"] for row in lines(told, trading="true")
    }
    assert looks and {row["id"] for row in lines(told)} - {row["id"] for row in lines(told, looks="false")} >= looks


def test_the_heads_hold_under_the_key_that_is_told(told: Door) -> None:
    found = told.http("otto").get("/v1/journal/heads").json()
    key = key_of(told.processes.home / "journal", None)
    head = verify(found["newest"]["note"], key.name, (key,))
    assert found["key"] == str(key) and found["cosigned"] is None, "there are no witnesses"
    assert (head.size, head.root.hex()) == (found["newest"]["size"], found["newest"]["root"])
    assert head.size >= lines(told, kind="fill")[0]["seq"]
    for who in ("momentum", "claude", "bars"):
        assert told.http(who).get("/v1/journal/heads").status_code == 403


def test_evidence_is_a_zip_that_holds(told: Door) -> None:
    fill = lines(told, kind="fill")[0]
    for of in (fill["order"], "momentum", TODAY):
        found = told.http("otto").get(f"/v1/evidence/{of}")
        assert found.status_code == 200, found.text
        assert found.headers["content-disposition"] == f'attachment; filename="{of}-evidence.zip"'
        said = verify_evidence(found.content, key_of(told.processes.home / "journal", None))
        assert "records are entries of the journal" in said
        records = zipfile.ZipFile(io.BytesIO(found.content)).namelist()
        assert f"records/{fill['seq']:012d}.json" in records
    for of, status, code in (("nobody", 404, "unknown"), ("2026-02-31", 422, "no_day")):
        refused = told.http("operator").get(f"/v1/evidence/{of}")
        assert (refused.status_code, refused.json()["code"]) == (status, code)
    for who in ("momentum", "claude"):
        assert told.http(who).get(f"/v1/evidence/{fill['order']}").status_code == 403


def test_evidence_may_be_come_back_for(told: Door) -> None:
    asking = {"Prefer": "respond-async, wait=0"}
    far = told.http("otto").get("/v1/evidence/momentum", headers=asking)
    assert (far.status_code, far.headers["preference-applied"]) == (202, "respond-async"), far.text
    assert far.json() == {"read": 0, "of": 0}, "it has just begun"
    for _ in range(20):
        found = told.http("otto").get("/v1/evidence/momentum", headers={"Prefer": "respond-async, wait=5"})
        if found.status_code != 202:
            break
    assert found.status_code == 200 and verify_evidence(found.content, key_of(told.processes.home / "journal", None))


def test_an_attestation_is_for_the_nonce_that_asked(told: Door) -> None:
    found = told.http("otto").get("/v1/attestation", params={"nonce": "5f1d"})
    expected = Expected(nonce="5f1d", key=str(key_of(told.processes.home / "journal", None)))
    assert check(found.content, expected, time.time_ns()).well
    assert told.http("momentum").get("/v1/attestation").status_code == 403
    assert told.http("otto").get("/v1/attestation", params={"nonce": "no hex"}).status_code == 422


def test_whoever_leaves_before_their_evidence_is_made_keeps_no_place(told: Door) -> None:
    """Its place is free at once: the same caller's next question is not told that another is being worked on."""
    bearer = told.processes.secrets["otto"]
    for of in ("momentum", TODAY):
        with socket.create_connection(("127.0.0.1", told.port)) as leaving:
            head = f"Host: 127.0.0.1:{told.port}\r\nAuthorization: Bearer {bearer}\r\n\r\n"
            leaving.sendall(f"GET /v1/evidence/{of} HTTP/1.1\r\n{head}".encode())
            time.sleep(0.1)
    end = time.monotonic() + 5
    while (answer := told.http("otto").get("/v1/evidence/momentum")).status_code != 200:
        assert answer.json()["code"] == "busy" and time.monotonic() < end
        time.sleep(0.05)
