"""The page of approvals: the bytes that are served, and what a person does with it in a real browser, before a real
guard: look, approve, decline."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.doors.http.approver import Approver, answer_of, decline_all, end_sessions, held
from tests.doors.http.browser import PHONE
from tests.doors.http.conftest import LIMITS, Door

import remit.doors.http
from remit.kernel import command as c
from remit.kernel.numbers import Money, parse

FOLDER = Path(remit.doors.http.__file__).parent / "page"
SCRIPTS = ("ask.js", "page.js", "passkeys.js", "shown.js")
FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/approvals/r1a2b3c4d-17": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    **{f"/{name}": (name, "text/javascript; charset=utf-8") for name in SCRIPTS},
}
HOSTILE = "<img src=x onerror=\"throw 'markup'\"><script>throw 'script'</script>"


@pytest.mark.parametrize("path", FILES)
def test_the_page_is_served_as_it_stands_in_the_package(door: Door, path: str) -> None:
    name, media = FILES[path]
    answer = door.http("nobody").get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media)
    assert answer.content == (FOLDER / name).read_bytes()
    assert answer.headers["cache-control"] == "no-cache"
    tag = answer.headers["etag"]
    for known in (tag, f'W/{tag}, "other"'):
        again = door.http("nobody").get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert "default-src 'none'" in again.headers["content-security-policy"]
    assert door.http("nobody").get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    bare = door.http("nobody").head(path, headers={"If-None-Match": tag})
    assert (bare.status_code, bare.headers["content-length"]) == (200, str(len(answer.content)))


def test_the_policy_lets_the_page_work_and_nothing_else() -> None:
    """No script or style within the page, nothing from elsewhere, and no way for a text to become markup."""
    html, style, *scripts = (
        (FOLDER / name).read_text(encoding="utf-8") for name in ("page.html", "page.css", *SCRIPTS)
    )
    script = "".join(scripts)
    assert re.findall(r"<script[^>]*>", html) == ['<script src="/page.js" type="module">'] and "></script>" in html
    assert "<style" not in html and not re.search(r'\s(style|on\w+)="', html)
    for text in (html, style):
        assert not re.search(r"https?://|[\"'(]//", text)
    assert not re.search(r"fetch\((?!path, options\))|import\(|XMLHttp|WebSocket|EventSource|sendBeacon", script)
    for way in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "setAttribute",
                "DOMParser", ".style", "localStorage", "sessionStorage", "document.cookie", "srcdoc"):  # fmt: skip
        assert way not in script, way
    assert "url(" not in style and "@import" not in style
    assert max(len(one.splitlines()) for one in scripts) < 300 and len(style.splitlines()) < 80
    asked = set(re.findall(r"[\"`](/v1/[a-z/-]+)", script))
    assert asked == {
        "/v1/session", "/v1/session/code", "/v1/session/password", "/v1/session/sign-out", "/v1/session/passkey",
        "/v1/session/passkey/options", "/v1/me/passkeys", "/v1/me/passkeys/", "/v1/me/passkeys/options",
        "/v1/approvals", "/v1/approvals/", "/v1/orders/",
    }  # fmt: skip


def test_the_wheel_brings_the_page() -> None:
    wheel = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    root = Path(__file__).resolve().parents[3]
    packed = {found.distribution_path for found in wheel.WheelBuilder(str(root)).recurse_included_files()}
    assert {f"remit/doors/http/page/{name}" for name, _ in FILES.values()} <= packed


# What a person does


def test_remit_open_leads_to_what_waits_and_an_approval_lets_it_go(door: Door, approver: Approver) -> None:
    decline_all(door)
    approver.enter(door)
    assert "Nothing waits for approval." in approver.main
    assert approver.page.url == approver.url + "/", "the code is gone from the address"
    assert approver.who == "owner, operator"
    small, large = held(door, "10"), held(door, "12")
    approver.press("Look again")
    assert approver.links == [f"/approvals/{large}", f"/approvals/{small}"]
    approver.page.get_by_role("link", name="buy 12 AAPL").click()
    approver.page.get_by_role("heading", name="Why it waits").wait_for()
    digest = door.http("ada").get(f"/v1/approvals/{large}").json()["digest"]
    shown = approver.main
    for text in ("Worth at most\n1,200 USD", "Worst price\n100", "0 bps, from 100", "no limit on it", "momentum",
                 "Time left\n4 min", "training: no real money", digest):  # fmt: skip
        assert text in shown, (text, shown)
    assert shown.index("1,200 USD") < shown.index("Why it waits") < shown.index("Approve") < shown.index(digest)
    approver.press("Approve")
    assert approver.note == "Approved: the order may go out."
    assert "buy 12 AAPL" in approver.main and "limit" not in approver.main
    sent = approver.sent[-1]
    assert (sent.method, sent.url) == ("POST", f"{approver.url}/v1/approvals/{large}/approve")
    assert sent.post_data_json == {"digest": digest} and sent.headers["idempotency-key"].startswith("page-")
    assert answer_of(door, large)[0] == "released"
    approver.open(f"/approvals/{large}")
    assert "It was approved." in approver.note
    approver.open(f"/approvals/{small}")
    asked = len(approver.sent)
    approver.press("Decline")
    assert len(approver.sent) == asked, "not without a reason"
    approver.fill(Why_not=HOSTILE)
    approver.press("Decline")
    assert approver.note == "Declined: nothing goes out."
    assert answer_of(door, small) == ("declined", HOSTILE)
    approver.open(f"/approvals/{small}")
    assert "It was declined." in approver.note and HOSTILE in approver.note
    approver.press("Sign out")
    assert (approver.note, approver.who) == ("You are signed out.", "")
    approver.open("/")
    assert approver.note == "You are signed out."


def test_the_rule_that_is_furthest_beyond_its_limit_comes_first(door: Door, approver: Approver) -> None:
    firm = msgspec.structs.replace(LIMITS, approval_notional_min=parse(Money, "100"))
    door.processes.say(c.SetMandate(subject="account:main", mandate=firm, why="look at more"))
    order = held(door, "11")
    door.processes.say(c.SetMandate(subject="account:main", mandate=LIMITS, why="as before"))
    approver.enter(door, f"/approvals/{order}")
    found = approver.page.locator("#main ul li").all_inner_texts()
    assert len(found) == 2 and "account:main" in found[0] and "agent:momentum" in found[1], found


def test_an_approval_is_of_what_was_shown(door: Door, approver: Approver) -> None:
    """A mandate that changed meanwhile ends the order, and a price that ran away denies it: both are said."""
    limits = msgspec.structs.replace(LIMITS, approval_drift_max_bps=10)
    door.processes.say(c.SetMandate(subject="agent:momentum", mandate=limits, why="no further than that"))
    approver.enter(door, f"/approvals/{held(door)}")
    assert "at most 10 bps" in approver.main
    door.processes.say(c.Marked(marks=(door.processes.quote("100.60"),)), "bars")
    approver.press("Approve")
    assert approver.note == "Judged again and denied: nothing goes out."
    rules = approver.page.locator("#main li").all_inner_texts()
    assert len(rules) == 1 and rules[0].startswith("approval_drift_max_bps of agent:momentum: "), "what denied it alone"
    door.processes.say(c.Marked(marks=(door.processes.quote("100"),)), "bars")
    order = held(door)
    approver.open(f"/approvals/{order}")
    wider = msgspec.structs.replace(LIMITS, order_notional_max=parse(Money, "6000"))
    door.processes.say(c.SetMandate(subject="agent:momentum", mandate=wider, why="another version"))
    approver.press("Approve")
    assert approver.note.startswith("The order is over: nothing goes out."), approver.note
    assert answer_of(door, order)[0] != "released"
    door.processes.say(c.SetMandate(subject="agent:momentum", mandate=LIMITS, why="as before"))


def test_the_second_of_two_tabs_is_told_that_the_first_was_quicker(door: Door, approver: Approver) -> None:
    order = held(door)
    approver.enter(door, f"/approvals/{order}")
    first, second = approver.page, approver.context.new_page()
    approver.page = second
    approver.open(f"/approvals/{order}")
    approver.page = first
    approver.press("Approve")
    assert approver.note == "Approved: the order may go out."
    approver.page = second
    approver.press("Approve")
    quicker = f"Somebody was quicker, or its time was up. Order {order} does not wait for approval. It was approved."
    assert approver.note == quicker
    assert answer_of(door, order)[0] == "released"


def test_an_answer_that_is_sent_again_after_a_broken_link_acts_once(door: Door, approver: Approver) -> None:
    order = held(door)
    approver.enter(door, f"/approvals/{order}")

    def cut(route: Any) -> None:
        route.fetch()  # it arrives, and its answer does not
        route.abort()

    approver.page.route("**/approve", cut)
    approver.press("Approve")
    assert approver.note.startswith("It is not known whether this took effect.")
    assert answer_of(door, order)[0] == "released"
    approver.page.unroute("**/approve")
    approver.press("Approve")
    assert approver.note == "Approved: the order may go out."
    first, again = (sent for sent in approver.sent if sent.url.endswith("/approve"))
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"] != ""
    assert first.post_data == again.post_data


def test_who_only_looks_is_told_so_and_an_ended_session_too(door: Door, approver: Approver) -> None:
    order = held(door)
    approver.enter(door, f"/approvals/{order}", who="otto")
    assert approver.who == "otto, auditor" and "You see this as auditor; others answer it." in approver.main
    approver.enter(door, f"/approvals/{order}")
    end_sessions(door, "owner")
    approver.press("Approve")
    assert approver.note == "You are signed out. Your session has ended: sign in again."
    assert approver.page.get_by_label("Name", exact=True).evaluate("one => one === document.activeElement")
    assert answer_of(door, order)[0] == "waiting"


def test_what_cannot_be_is_said_plainly(door: Door, approver: Approver) -> None:
    approver.open("/#code=" + "0" * 48)
    assert approver.note.startswith("This code does not sign in")
    assert approver.page.url == approver.url + "/"
    approver.enter(door, "/approvals/none-1")
    assert "none-1" in approver.note and "Try again" in approver.main
    approver.open("/#code=" + "0" * 48)
    assert approver.note.startswith("This code does not sign in")
    assert approver.who == "owner, operator", "the session from before goes on"


def test_a_guard_that_is_away_is_said_and_comes_back(door: Door, approver: Approver) -> None:
    order = held(door)
    approver.enter(door, f"/approvals/{order}")
    door.processes.kill_guard()
    try:
        approver.press("Approve")
        assert approver.note.startswith("The guard is away")
        approver.open("/")
        assert approver.note.startswith("The guard is away")
    finally:
        door.processes.start_guard()
    approver.press("Try again")
    assert f"/approvals/{order}" in approver.links


def test_a_door_that_is_started_again_is_found_by_the_open_page(door: Door, chromium: Any) -> None:
    order, own = held(door), Door(door.processes)
    own.start()
    approver = Approver(chromium, f"http://localhost:{own.port}")
    approver.enter(door, f"/approvals/{order}")
    own.stop()
    approver.press("Approve")
    assert "The door does not answer. Look whether remit up runs." in approver.note
    assert answer_of(door, order)[0] == "waiting"
    again = Door(door.processes, port=own.port)
    again.start()
    try:
        approver.press("Approve")
        assert approver.note == "Approved: the order may go out."
        assert answer_of(door, order)[0] == "released"
        approver.close()
    finally:
        again.stop()


def spoilt(told: Any) -> Any:
    """An answer of the API with markup in every text that is free."""
    if isinstance(told, dict):
        kept = ("order", "environment", "answer", "code")
        return {name: value if name in kept else spoilt(value) for name, value in told.items()}
    if isinstance(told, list):
        return [spoilt(one) for one in told]
    return told + HOSTILE if isinstance(told, str) else told


def test_whatever_is_written_in_an_order_stays_text(door: Door, approver: Approver) -> None:
    order = held(door)
    approver.enter(door)

    def spoil(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=spoilt(answer.json()))

    for path in ("/v1/approvals", "/v1/approvals/*"):
        approver.page.route(approver.url + path, spoil)
    for path in ("/", f"/approvals/{order}"):
        approver.open(path)
        assert approver.main.count(HOSTILE) > 5
        assert approver.page.locator("img, #main script, script:not([src])").count() == 0
    approver.page.unroute_all()


def test_the_keyboard_alone_is_enough(door: Door, approver: Approver) -> None:
    order = held(door, "13")
    approver.enter(door)

    def to(name: str) -> None:
        """Press Tab until something with this name has the focus, and see that it shows."""
        for _ in range(20):
            approver.page.keyboard.press("Tab")
            focus = approver.page.locator(":focus")
            if focus.count() and name in (focus.inner_text(), focus.get_attribute("name")):
                width = focus.evaluate("one => getComputedStyle(one).outlineWidth")
                assert width == "3px", f"{name} has no ring"
                return
        raise AssertionError(f"no Tab leads to {name}")

    to("buy 13 AAPL")
    approver.page.keyboard.press("Enter")
    approver.page.get_by_role("button", name="Decline").wait_for()
    assert approver.page.locator("h2:focus").count() == 1, "what is new is where the next key begins"
    to("Approve")
    to("why")
    approver.page.keyboard.type("not by hand")
    approver.page.keyboard.press("Enter")
    approver.page.get_by_text("Declined: nothing goes out.").wait_for()
    assert answer_of(door, order) == ("declined", "not by hand")
    assert approver.page.locator(":focus").inner_text() == "What waits now"


def widest(approver: Approver) -> int:
    return int(approver.page.evaluate("document.documentElement.scrollWidth"))


def test_a_phone_scrolls_in_one_direction(door: Door, chromium: Any) -> None:
    order = held(door)
    approver = Approver(chromium, f"http://localhost:{door.port}", **PHONE)
    width = PHONE["viewport"]["width"]  # type: ignore[index]
    approver.open("/")
    assert widest(approver) == width
    approver.enter(door)
    long = {"instrument": "A" * 64, "worth": "9" * 30, "agent": "m" * 64, "worst_price": "1." + "7" * 18}

    def stretch(route: Any) -> None:
        answer = route.fetch()
        told = answer.json()
        rows = told["items"] if "items" in told else [told]
        for row in rows:
            row.update(long)
        route.fulfill(response=answer, json=told)

    for path in ("/v1/approvals", "/v1/approvals/*"):
        approver.page.route(approver.url + path, stretch)
    for path in ("/", f"/approvals/{order}"):
        approver.open(path)
        assert "A" * 64 in approver.main and widest(approver) == width, path
    for name in ("Approve", "Decline"):
        box = approver.page.get_by_role("button", name=name).bounding_box()
        assert box["height"] >= 44, "a thumb finds it"
    approver.press("Passkeys")
    assert widest(approver) == width
    assert approver.page.locator("#who").bounding_box()["height"] < 30, "one line, beside nothing that squeezes it"
    approver.close()


def test_what_no_page_may_do_does_not_go_unseen(door: Door, approver: Approver) -> None:
    """The watch over all these tests: without it they would say nothing of the policy and of other hosts."""
    approver.open("/")
    approver.page.evaluate("""() => {
        document.body.append(Object.assign(document.createElement("script"), { textContent: "1" }));
        document.body.append(Object.assign(document.createElement("img"), { src: "https://remit.invalid/" }));
        setTimeout(() => { throw new Error("on purpose") });
    }""")
    approver.page.goto(f"{door.url}/healthz")
    faults, approver.faults = " ".join(approver.faults), []
    for seen in ("policy: script-src-elem inline", "policy: img-src https://remit.invalid/", "raised on purpose",
                 f"asked {door.url}/healthz"):  # fmt: skip
        assert seen in faults, (seen, faults)
