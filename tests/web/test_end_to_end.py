"""What people do at the page from end to end, in a real browser before the real demo: see, answer, limit, stop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from scripts.demo import Demo
from tests.doors.http.approver import GOOD
from tests.doors.http.browser import REFUSED
from tests.web.conftest import Person, code_of, hired
from tests.web.second_door import SecondDoor, built_anew, other

from remit.up.desk import INSTRUMENTS

HOSTILE = "<img src=x onerror=\"throw 'markup'\"><script>throw 'script'</script><b>bold</b>"
MOMENTUM = "/mandates/agent%3Amomentum"


def line_of(person: Person, order: str) -> Any:
    """The line of a decision, once it is there."""
    line = person.page.locator(".decisions-lines li", has=person.page.get_by_role("link", name=f"Order {order}"))
    line.first.wait_for()
    return line


def untouched(demo: Demo, agent: str) -> str:
    """An instrument in which an agent of the demo holds and wants nothing: it trades by itself meanwhile."""
    held = demo.http().get("/v1/positions", params={"subject": f"agent:{agent}"}).json()["positions"]
    touched = {row["instrument"] for row in [*held, *demo.rows("/v1/orders", agent=agent, live=True)]}
    return next(name for name in INSTRUMENTS if name not in touched)


def test_a_denial_appears_by_itself_and_is_explained_and_proved(demo: Demo, operator: Person) -> None:
    said = demo.propose("reversion", 9000)
    assert said["verdict"] == "deny"
    line = line_of(operator, said["order"]).filter(has_text="Denied")
    assert "Agent reversion asked to buy" in line.inner_text() and "at most 4,000 USD" in line.inner_text()
    line.get_by_text("Largest order", exact=True).wait_for()
    line.get_by_role("link", name=f"Order {said['order']}").click()
    operator.page.get_by_role("heading", name="What was decided").wait_for()
    operator.settled()
    assert "4,000 USD, of agent reversion" in operator.main and "Nothing was sent." in operator.main
    operator.page.get_by_role("button", name="Verify entry").first.click()
    operator.page.get_by_text(f"Entry {said['seq']} holds.").wait_for()


def test_what_an_agent_wrote_stays_text_wherever_it_is_shown(demo: Demo, operator: Person) -> None:
    order = demo.propose("reversion", 3200, thought=HOSTILE)["order"]
    operator.open("/decisions?kind=thought&agent=reversion")
    operator.page.get_by_role("button", name="Read what was written").first.click()
    for path in (None, f"/orders/{order}", f"/approvals/{order}"):
        if path is not None:
            operator.open(path)
        operator.page.locator("main blockquote", has_text=HOSTILE).first.wait_for()
        assert operator.page.locator("main img, main script, main blockquote b").count() == 0, path
    operator.press("Approve")
    operator.told("Approved: the order may go out.")
    answer = demo.http("reversion").get(f"/v1/orders/{order}/approval").json()
    assert answer["answer"] == "released"


def test_a_tighter_limit_that_is_published_denies_the_next_order(demo: Demo, operator: Person) -> None:
    operator.open(MOMENTUM)
    limit = operator.page.get_by_label("Largest order", exact=True)
    limit.fill("500")
    operator.page.get_by_text("Tighter").first.wait_for()
    assert demo.http().get("/v1/mandates/agent:momentum").json()["mandate"]["order_notional_max"] == "4000", "a draft"
    operator.press("Publish…")
    operator.fill(Why="less at once")
    operator.press("Publish")
    operator.told("The mandate of agent momentum is published and in force.")
    said = demo.propose("momentum", 1000, "MSFT")
    assert said["verdict"] == "deny"
    operator.open(f"/orders/{said['order']}")
    operator.page.get_by_text("500 USD, of agent momentum").first.wait_for()


def test_a_looser_limit_is_tried_on_the_last_days_and_takes_a_second_person(demo: Demo, operator: Person) -> None:
    demo.change("agent:momentum", "less, and no more by one alone", order_notional_max="500", second_person="required")
    instrument = untouched(demo, "momentum")
    denied = demo.propose("momentum", 1500, instrument)
    assert denied["verdict"] == "deny"
    operator.open(MOMENTUM)
    operator.page.get_by_label("Largest order", exact=True).fill("2000")
    changed = operator.page.locator(".limits-loosens", has_text="Largest order")
    assert "Looser" in changed.inner_text() and "500 USD → 2,000 USD" in changed.inner_text()
    operator.page.get_by_label("Orders of the last").select_option("1")
    operator.press("Try it")
    way = operator.page.locator(f"a[href='/orders/{denied['order']}']")
    turned = operator.page.locator(".limits-flips li", has=way)
    assert "Denied → Allowed" in " ".join(turned.inner_text().split())
    assert "500 USD of agent momentum; here it was" in turned.inner_text()
    operator.press("Publish what loosens…")
    operator.fill(**{"To confirm, type momentum": "momentum", "Why": "it behaves"})
    operator.press("Propose")
    operator.told("The mandate of agent momentum waits for a second person, as ")
    operator.page.get_by_text("You cannot confirm it: somebody else must").wait_for()
    assert demo.propose("momentum", 1500, instrument)["verdict"] == "deny", "nothing of it is in force"

    operator.begin()
    operator.sign_in(code_of(demo, hired(demo, "grace")), MOMENTUM)
    operator.press("Confirm…")
    asked = operator.page.get_by_label("To confirm, type ")
    asked.fill(asked.evaluate("one => one.labels[0].innerText").removeprefix("To confirm, type "))
    operator.press("Confirm")
    operator.told("The mandate of agent momentum is in force as it was proposed.")
    said = demo.propose("momentum", 1500, instrument)
    assert said["verdict"] == "allow", said


def test_a_halt_is_made_reviewed_and_resumed(demo: Demo, operator: Person) -> None:
    operator.open("/halts")
    operator.press("Pause or halt…")
    operator.page.get_by_label("Whom", exact=True).select_option("agent:reversion")
    operator.page.get_by_label("Halt", exact=False).and_(operator.page.locator("input[type=radio]")).check()
    operator.fill(Why="it looks wrong")
    operator.press("Halt agent reversion")
    card = operator.page.get_by_role("article", name="Agent reversion")
    card.get_by_text("it looks wrong").wait_for()
    assert demo.propose("reversion", 300, "IBM")["verdict"] == "deny"
    card.get_by_role("button", name="Resume…").wait_for(state="detached")
    card.get_by_role("button", name="Review…").click()
    operator.fill(**{"What you looked at, and what you found": "a feed that was late"})
    operator.press("It is reviewed")
    card.get_by_role("button", name="Resume…").click()
    operator.fill(Why_it_may_go_on="the feed is back")
    operator.press("Resume agent reversion")
    card.wait_for(state="detached")
    assert demo.propose("reversion", 300, "IBM")["verdict"] == "allow"


def test_a_kill_takes_its_word_typed_and_ends_what_works(demo: Demo, operator: Person) -> None:
    resting = demo.propose("reversion", 1000, untouched(demo, "reversion"), at_bps=-800)
    assert resting["verdict"] == "allow", resting
    operator.open("/")
    operator.press("Kill switch")
    operator.page.get_by_label("Kill", exact=True).select_option("agent:reversion")
    operator.fill(**{"To confirm, type reversion": "momentum", "Why": "enough"})
    operator.press("Kill agent reversion")
    operator.told("Type reversion, exactly as it stands.")
    assert "agent:reversion" not in {row["subject"] for row in demo.rows("/v1/halts")}
    operator.fill(**{"To confirm, type reversion": "reversion"})
    operator.press("Kill agent reversion")
    done = operator.page.get_by_role("dialog", name="Agent reversion is killed")
    done.get_by_text("Through", exact=True).first.wait_for()
    assert demo.http().get(f"/v1/orders/{resting['order']}").json()["state"] == "cancelled"
    assert demo.propose("reversion", 300, "IBM")["verdict"] == "deny"


def test_who_signs_out_in_one_tab_is_signed_out_in_the_other(demo: Demo, operator: Person) -> None:
    first, second = operator.page, operator.context.new_page()
    operator.page = second
    operator.open("/positions")
    operator.page = first
    operator.press("Sign out")
    operator.page = second
    operator.told("You are signed out.")
    assert operator.who == "" and second.url.endswith("/positions")
    answer = second.evaluate("fetch('/v1/status').then((answer) => answer.status)")
    assert answer == 401


def test_who_signs_in_in_another_tab_does_nothing_that_was_begun_in_this_one(demo: Demo, operator: Person) -> None:
    operator.open("/halts")
    operator.press("Pause or halt…")
    operator.page.get_by_label("Whom", exact=True).select_option("agent:momentum")
    operator.fill(Why="as the owner says")
    first, operator.page = operator.page, operator.context.new_page()
    operator.sign_in(code_of(demo, hired(demo, "grace")), "/positions")
    operator.page = first
    operator.press("Pause agent momentum")
    operator.told("You are grace now, operator: this browser was signed in anew. What owner began here is dropped.")
    assert operator.who == "grace, operator" and operator.page.locator("dialog[open]").count() == 0
    assert demo.rows("/v1/pauses") == []


def test_a_session_whose_time_is_over_leaves_nothing_and_comes_back_to_its_screen(demo: Demo, operator: Person) -> None:
    http = httpx2.Client(base_url=demo.url, headers={"Authorization": f"Bearer {hired(demo, 'nora')}"})
    assert http.post("/v1/me/password", json={"password": GOOD}).status_code == 200
    began = time.monotonic()
    operator.begin()
    operator.sign_in(demo.code(), "/halts")
    lasts_s = 1 + 3 * (time.monotonic() - began)  # long enough to come in, however busy the machine is
    secret = hired(demo, "nora", expires_at=time.time_ns() + int(lasts_s * 10**9))
    operator.begin()
    operator.sign_in(code_of(demo, secret), "/halts")
    operator.press("Pause or halt…")
    operator.fill(Why="typed before the end")

    operator.told("You are signed out. Your session has ended: sign in again.")  # nobody pressed anything
    assert operator.who == "" and operator.page.title() == "Sign in · Remit"
    assert operator.page.locator("dialog, nav, .frame, .toasts").count() == 0
    assert operator.page.url == f"{demo.url}/halts"
    changes = [sent.url.removeprefix(demo.url) for sent in operator.sent if sent.method != "GET"]
    assert changes == ["/v1/session/code"], "what was typed went nowhere"
    assert operator.page.evaluate("fetch('/v1/halts').then((answer) => answer.status)") == 401

    operator.fill(Name="nora", Password=GOOD)
    operator.press("Sign in")
    operator.page.get_by_role("heading", name="Halts", exact=True).wait_for()
    assert operator.who == "nora, operator"
    operator.press("Pause or halt…")
    assert operator.page.get_by_label("Why", exact=True).input_value() == ""


def test_a_door_that_fell_over_is_back_by_itself_and_what_came_meanwhile_is_shown(demo: Demo, operator: Person) -> None:
    operator.open("/decisions?verdict=deny&agent=reversion")
    demo.kill_doors()
    operator.told("Disconnected: the door does not answer.")
    order = demo.until(lambda: _again(demo), "a door that answers")["order"]
    operator.page.get_by_text("Live", exact=True).wait_for()
    line_of(operator, order)


def _again(demo: Demo) -> Any:
    try:
        return demo.propose("reversion", 9000)
    except httpx2.TransportError:
        return None


SCRIPT = "document.querySelector('head script[src]').getAttribute('src')"


def test_a_page_that_was_built_anew_is_noticed_and_loaded(
    demo: Demo, chromium: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anew = built_anew(tmp_path / "page")
    with SecondDoor(demo, monkeypatch).open() as door:
        person = Person(chromium, door.url)
        person.sign_in(demo.code(), "/halts")
        staying, before = person.page, person.page.evaluate(SCRIPT)
        going = person.page = person.context.new_page()
        person.open("/halts")
        door.start_again(anew)
        for tab in (staying, going):
            tab.get_by_text("There is a newer page than this one.").wait_for()

        going.get_by_role("link", name="Proof").first.click()  # its file is gone
        going.get_by_role("heading", name="Proof", exact=True).wait_for()
        staying.get_by_role("button", name="Load it").click()
        staying.get_by_text("Live", exact=True).wait_for()
        for tab in (staying, going):
            assert tab.evaluate(SCRIPT) == "/assets/" + other(before.removeprefix("/assets/"))
            assert tab.get_by_text("There is a newer page than this one.").count() == 0
        assert only_of_files(person)

        going.route("**/assets/Settings-*.js", lambda route: route.fulfill(status=404))
        going.get_by_role("link", name="Settings").first.click()
        person.told("A part of this page is missing, and it was loaded anew for that a moment ago.")
        going.unroute_all()
        person.press("Load the page anew")
        going.get_by_role("heading", name="Settings", exact=True).wait_for()
        assert only_of_files(person)

        person.open("/decisions")  # this door never reads the journal
        person.told("The journal has not been read yet. Try again in a moment. It is tried again by itself.")
        with going.expect_request("**/v1/journal?*"):
            pass
        person.close()


def only_of_files(person: Person) -> bool:
    """Whether all that the pages complained of were files that did not come; forgotten with that."""
    faults, person.faults = person.faults, []
    return faults != [] and all("/assets/" in fault or REFUSED in fault for fault in faults)
