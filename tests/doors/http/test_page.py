"""The page: the bytes that are served, and what a person does with it in a real browser, before a real guard: look,
approve, decline."""

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
from remit.doors.http.routes import page
from remit.doors.http.routes.page import SCREENS
from remit.kernel import command as c
from remit.kernel.numbers import Money, parse

FOLDER = Path(remit.doors.http.__file__).parent / "page"
HOSTILE = "<img src=x onerror=\"throw 'markup'\"><script>throw 'script'</script>"
GIVEN = {"agent": "a", "subject": "agent%3Aa", "order": "r1-17", "instrument": "AAPL"}
PATHS = [path.format(**GIVEN) for path in SCREENS]


@pytest.mark.parametrize("path", PATHS)
def test_every_screen_is_the_page(door: Door, path: str) -> None:
    answer = door.http("nobody").get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.content == (FOLDER / "index.html").read_bytes()
    assert answer.headers["cache-control"] == "no-cache"


def test_the_page_is_sent_once(door: Door) -> None:
    tag = door.http("nobody").get("/").headers["etag"]
    for known in (tag, f'W/{tag}, "other"'):
        again = door.http("nobody").get("/", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert "default-src 'none'" in again.headers["content-security-policy"]
    assert door.http("nobody").get("/", headers={"If-None-Match": '"other"'}).status_code == 200
    bare = door.http("nobody").head("/", headers={"If-None-Match": tag})
    assert (bare.status_code, bare.headers["content-length"]) == (200, str((FOLDER / "index.html").stat().st_size))


def test_what_the_page_is_made_of_is_kept_for_ever_and_comes_gzipped(door: Door) -> None:
    names = sorted(path.name for path in (FOLDER / "assets").iterdir())
    assert any(name.endswith(".js") for name in names) and any(name.endswith(".css") for name in names)
    for name in names:
        for encoding in ("gzip", "identity"):
            answer = door.http("nobody").get(f"/assets/{name}", headers={"Accept-Encoding": encoding})
            assert answer.content == (FOLDER / "assets" / name).read_bytes()
            assert answer.headers.get("content-encoding", "identity") == encoding
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert answer.headers["content-type"].startswith(("text/javascript", "text/css"))


@pytest.mark.parametrize("name", ["none.js", "..%2Findex.html", "..%2Fmade-of", "%2e%2e%2f%2e%2e%2fapp.py", "a\\b.js"])
def test_no_name_leads_out_of_the_folder(door: Door, name: str) -> None:
    answer = door.http("nobody").get(f"/assets/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_page_that_was_not_built_says_how(door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(page, "FOLDER", tmp_path / "page")
    monkeypatch.setattr(page, "_held", dict[str, page.File]())
    answer = door.http("nobody").get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert "make web" in answer.text
    assert door.http("nobody").get("/assets/index.js").status_code == 404


def test_the_policy_lets_the_page_work_and_nothing_else() -> None:
    """No script or style within the page, and nothing from elsewhere."""
    html = (FOLDER / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script[^>]*>", html) == re.findall(
        r'<script type="module" crossorigin src="/assets/[\w-]+\.js">', html
    )
    assert len(re.findall(r"<script", html)) == 1
    assert "<style" not in html and not re.search(r'\s(style|on\w+)="', html)
    assert not re.search(r"https?://|[\"'(]//", html)
    for path in (FOLDER / "assets").glob("*.css"):
        style = path.read_text(encoding="utf-8")
        assert "url(" not in style and "@import" not in style


# What a person does


def test_remit_open_leads_to_what_waits_and_an_approval_lets_it_go(door: Door, approver: Approver) -> None:
    decline_all(door)
    approver.enter(door)
    assert "Nothing waits for approval." in approver.main
    assert approver.page.url == approver.url + "/approvals", "the code is gone from the address"
    assert approver.who == "owner, operator"
    small, large = held(door, "10"), held(door, "12")
    approver.page.get_by_role("link", name="buy 12 AAPL").wait_for()  # it comes by itself
    assert approver.links == [f"/approvals/{large}", f"/approvals/{small}"]
    approver.page.get_by_role("link", name="buy 12 AAPL").click()
    approver.page.get_by_role("heading", name="Why it waits").wait_for()
    digest = door.http("ada").get(f"/v1/approvals/{large}").json()["digest"]
    shown = approver.main
    for text in ("Worth at most\n1,200.00 USD", "Worst price\n100", "0 bps, from 100", "no limit on it", "momentum",
                 "Time left\n4 min", "training: no real money", digest):  # fmt: skip
        assert text in shown, (text, shown)
    assert shown.index("1,200.00 USD") < shown.index("Why it waits") < shown.index("Approve") < shown.index(digest)
    approver.press("Approve")
    approver.told("Approved: the order may go out.")
    assert "Buy 12 AAPL" in approver.main and "limit" not in approver.main
    sent = next(one for one in reversed(approver.sent) if one.method == "POST")
    assert sent.url == f"{approver.url}/v1/approvals/{large}/approve"
    assert sent.post_data_json == {"digest": digest} and sent.headers["idempotency-key"].startswith("page-")
    assert answer_of(door, large)[0] == "released"
    approver.open(f"/approvals/{large}")
    approver.told("It was approved.")
    approver.open(f"/approvals/{small}")
    approver.press("Decline")
    assert answer_of(door, small)[0] == "waiting", "not without a reason"
    approver.fill(Why_not=HOSTILE)
    approver.press("Decline")
    approver.told("Declined: nothing goes out.")
    assert answer_of(door, small) == ("declined", HOSTILE)
    approver.open(f"/approvals/{small}")
    approver.told("It was declined.", HOSTILE)
    approver.press("Sign out")
    approver.told("You are signed out.")
    assert approver.who == ""
    approver.open("/")
    assert approver.note == "You are signed out."


def test_the_rule_that_is_furthest_beyond_its_limit_comes_first(door: Door, approver: Approver) -> None:
    firm = msgspec.structs.replace(LIMITS, approval_notional_min=parse(Money, "100"))
    door.processes.say(c.SetMandate(subject="account:main", mandate=firm, why="look at more"))
    order = held(door, "11")
    door.processes.say(c.SetMandate(subject="account:main", mandate=LIMITS, why="as before"))
    approver.enter(door, f"/approvals/{order}")
    found = approver.page.get_by_role("region", name="Why it waits").locator("li").all_inner_texts()
    assert len(found) == 2 and "account main" in found[0] and "agent momentum" in found[1], found


def test_an_approval_is_of_what_was_shown(door: Door, approver: Approver) -> None:
    """A mandate that changed meanwhile ends the order, and a price that ran away denies it: both are said."""
    limits = msgspec.structs.replace(LIMITS, approval_drift_max_bps=10)
    door.processes.say(c.SetMandate(subject="agent:momentum", mandate=limits, why="no further than that"))
    approver.enter(door, f"/approvals/{held(door)}")
    assert "at most 10 bps" in approver.main
    door.processes.say(c.Marked(marks=(door.processes.quote("100.60"),)), "bars")
    approver.press("Approve")
    approver.told("Judged again and denied: nothing goes out.")
    rules = approver.page.locator("main .page li").all_inner_texts()
    assert [rule.split(":")[0] for rule in rules] == ["Drift while an order waits, of agent momentum"]
    door.processes.say(c.Marked(marks=(door.processes.quote("100"),)), "bars")
    order = held(door)
    approver.open(f"/approvals/{order}")
    wider = msgspec.structs.replace(LIMITS, order_notional_max=parse(Money, "6000"))
    door.processes.say(c.SetMandate(subject="agent:momentum", mandate=wider, why="another version"))
    approver.press("Approve")
    approver.told("The order is over: nothing goes out.")
    assert answer_of(door, order)[0] != "released"
    door.processes.say(c.SetMandate(subject="agent:momentum", mandate=LIMITS, why="as before"))


def alone(approver: Approver) -> None:
    """Let the tab know nothing but what it asks for itself: it gets no stream."""
    approver.page.route("**/v1/events", lambda route: route.abort())


def test_the_second_of_two_tabs_is_told_that_the_first_was_quicker(door: Door, approver: Approver) -> None:
    order = held(door)
    approver.enter(door, f"/approvals/{order}")
    first, second, live = approver.page, approver.context.new_page(), approver.context.new_page()
    approver.page = live
    approver.open(f"/approvals/{order}")
    approver.page = second
    alone(approver)
    approver.open(f"/approvals/{order}")
    approver.page = first
    approver.press("Approve")
    approver.told("Approved: the order may go out.")
    approver.page = second
    approver.press("Approve")
    over = f"Order {order} does not wait for approval. It was approved."
    approver.told(f"Somebody was quicker, or its time was up. {over}")
    approver.page = live
    approver.told(over)
    assert answer_of(door, order)[0] == "released"


def test_an_answer_that_is_sent_again_after_a_broken_link_acts_once(door: Door, approver: Approver) -> None:
    order = held(door)
    approver.enter(door)
    alone(approver)
    approver.open(f"/approvals/{order}")

    def cut(route: Any) -> None:
        route.fetch()  # it arrives, and its answer does not
        route.abort()

    approver.page.route("**/approve", cut)
    approver.page.route("**/v1/approvals/*", lambda route: route.abort() if shown else route.continue_())
    shown = True  # what is asked for anew after it would tell already
    approver.press("Approve")
    approver.told("It is not known whether this took effect.")
    assert answer_of(door, order)[0] == "released"
    approver.page.unroute("**/approve")
    approver.press("Approve")
    approver.told("Approved: the order may go out.")
    first, again = (sent for sent in approver.sent if sent.url.endswith("/approve"))
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"] != ""
    assert first.post_data == again.post_data


def test_who_only_looks_is_told_so_and_an_ended_session_too(door: Door, approver: Approver) -> None:
    order = held(door)
    approver.enter(door, f"/approvals/{order}", who="otto")
    assert approver.who == "otto, auditor" and "You see this as auditor; others answer it." in approver.main
    approver.enter(door, f"/approvals/{order}")
    end_sessions(door, "owner")
    approver.told("You are signed out. Your session has ended: sign in again.")  # the stream says so by itself
    assert approver.page.get_by_label("Name", exact=True).evaluate("one => one === document.activeElement")
    assert approver.page.url.endswith(f"/approvals/{order}")
    approver.enter(door, f"/approvals/{order}")
    assert "Why it waits" in approver.main, "and back"
    assert answer_of(door, order)[0] == "waiting"


def test_what_cannot_be_is_said_plainly(door: Door, approver: Approver) -> None:
    approver.open("/#code=" + "0" * 48)
    assert approver.note.startswith("This code does not sign in")
    assert approver.page.url == approver.url + "/"
    approver.enter(door, "/approvals/none-1")
    approver.told("none-1")
    approver.open("/#code=" + "0" * 48)
    approver.told("This code does not sign in")
    assert approver.who == "owner, operator", "the session from before goes on"


def test_a_guard_that_is_away_is_said_and_comes_back(door: Door, approver: Approver) -> None:
    order = held(door)
    approver.enter(door, f"/approvals/{order}")
    door.processes.kill_guard()
    try:
        approver.told("The guard is away:")  # without anything being pressed
        approver.press("Approve")
        approver.open("/approvals")
        approver.told("The guard is away:")
    finally:
        door.processes.start_guard()
    approver.page.locator(f"a[href='/approvals/{order}']").wait_for()  # by itself
    assert "The guard is away" not in approver.note


def test_a_door_that_is_started_again_is_found_by_the_open_page(door: Door, chromium: Any) -> None:
    order, own = held(door), Door(door.processes)
    own.start()
    approver = Approver(chromium, f"http://localhost:{own.port}")
    approver.enter(door, f"/approvals/{order}")
    own.stop()
    approver.told("Disconnected: the door does not answer.")
    assert answer_of(door, order)[0] == "waiting"
    again = Door(door.processes, port=own.port)
    again.start()
    try:
        approver.page.get_by_text("Live", exact=True).wait_for()
        assert "Disconnected" not in approver.note
        approver.press("Approve")
        approver.told("Approved: the order may go out.")
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
    for path in ("/approvals", f"/approvals/{order}"):
        approver.open(path)
        approver.page.locator("main").get_by_text(HOSTILE).first.wait_for()
        assert approver.main.count(HOSTILE) > 5
        assert approver.page.locator("img, main script, script:not([src])").count() == 0
    approver.page.unroute_all()


def test_the_keyboard_alone_is_enough(door: Door, approver: Approver) -> None:
    order = held(door, "13")
    approver.enter(door)

    def to(name: str) -> None:
        """Press Tab until something with this name has the focus, and see that it shows."""
        for _ in range(60):
            approver.page.keyboard.press("Tab")
            focus = approver.page.locator(":focus")
            if focus.count() and name in (focus.inner_text(), focus.get_attribute("name")):
                width = focus.evaluate("one => getComputedStyle(one).outlineWidth")
                assert width == "3px", f"{name} has no ring"
                return
        raise AssertionError(f"no Tab leads to {name}")

    approver.page.locator("h1").evaluate("document.activeElement.blur()")
    to("Skip to what is shown")
    approver.page.keyboard.press("Enter")
    assert approver.page.locator("main:focus").count() == 1
    to("Buy 13 AAPL")
    approver.page.keyboard.press("Enter")
    approver.page.get_by_role("button", name="Decline").wait_for()
    assert approver.page.locator("h1:focus").inner_text() == "Buy 13 AAPL", "what is new is where the next key begins"
    to("Approve")
    to("why")
    approver.page.keyboard.type("not by hand")
    approver.page.keyboard.press("Enter")
    approver.told("Declined: nothing goes out.")
    assert answer_of(door, order) == ("declined", "not by hand")
    to("What waits now")


def widest(approver: Approver) -> int:
    return int(approver.page.evaluate("document.documentElement.scrollWidth"))


def test_a_phone_scrolls_in_one_direction(door: Door, chromium: Any) -> None:
    order = held(door)
    approver = Approver(chromium, f"http://localhost:{door.port}", **PHONE)
    width = PHONE["viewport"]["width"]  # type: ignore[index]
    approver.open("/")
    assert widest(approver) == width
    approver.enter(door, "/")
    approver.page.get_by_text("Equity").first.wait_for()
    assert widest(approver) == width
    long = {"instrument": "A" * 64, "worth": "9" * 30, "agent": "m" * 64, "worst_price": "1." + "7" * 18}

    def stretch(route: Any) -> None:
        answer = route.fetch()
        told = answer.json()
        rows = told.get("items", [told])
        for row in rows:
            row.update(long)
        route.fulfill(response=answer, json=told)

    for path in ("/v1/approvals", "/v1/approvals/*"):
        approver.page.route(approver.url + path, stretch)
    for path in ("/", "/approvals", f"/approvals/{order}"):
        approver.open(path)
        approver.page.get_by_text("A" * 64).first.wait_for()
        assert widest(approver) == width, path
    for name in ("Approve", "Decline"):
        box = approver.page.get_by_role("button", name=name).bounding_box()
        assert box["height"] >= 44, "a thumb finds it"
    approver.press("More")
    approver.press("Passkeys")
    approver.page.get_by_role("dialog", name="Your passkeys").wait_for()
    assert widest(approver) == width
    assert approver.page.locator("#who").bounding_box()["height"] < 30, "one line, beside nothing that squeezes it"
    approver.close()


def test_what_no_page_may_do_does_not_go_unseen(door: Door, approver: Approver) -> None:
    """The watch over all these tests: without it they would say nothing of the policy and of other hosts."""
    approver.open("/")
    approver.page.evaluate("""() => {
        const script = document.createElement("script");
        script.append("1");
        document.body.append(script);
        try { document.body.innerHTML = "<p>markup</p>"; } catch { /* it is refused */ }
        document.body.append(Object.assign(document.createElement("img"), { src: "https://remit.invalid/" }));
        setTimeout(() => { throw new Error("on purpose") });
    }""")
    approver.page.goto(f"{door.url}/healthz")
    faults, approver.faults = " ".join(approver.faults), []
    for seen in ("policy: require-trusted-types-for", "policy: img-src https://remit.invalid/", "raised on purpose",
                 f"asked {door.url}/healthz"):  # fmt: skip
        assert seen in faults, (seen, faults)
