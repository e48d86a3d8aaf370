"""What people do at the page from end to end, in a real browser before the real demo: see, answer, limit, stop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import msgspec
from scripts.demo import Demo
from tests.guard.processes import intent
from tests.web.conftest import Person

from remit.guard.wire import AsyncClient
from remit.kernel import command as c

HOSTILE = "<img src=x onerror=\"throw 'markup'\"><script>throw 'script'</script><b>bold</b>"
MANY, AT_ONCE = 10_000, 250
SCROLLED_TO = """(least) => {
    scrollTo(0, document.documentElement.scrollHeight);
    return [...document.querySelectorAll(".decisions-lines li")].some((row) => row.dataset.index >= least);
}"""
FEW_NODES = 60
"""Rows of a window and what is kept ready around it."""


def line_of(person: Person, order: str) -> Any:
    """The line of a decision, once it is there."""
    line = person.page.locator(".decisions-lines li", has=person.page.get_by_role("link", name=f"Order {order}"))
    line.first.wait_for()
    return line


def test_a_denial_appears_by_itself_and_is_explained_and_proved(demo: Demo, operator: Person) -> None:
    said = demo.propose("reversion", 9000)
    assert said["verdict"] == "deny"
    line = line_of(operator, said["order"]).filter(has_text="Denied")
    assert "agent reversion asked to buy" in line.inner_text() and "limit 4,000" in line.inner_text()
    line.get_by_text("Order notional, at most", exact=True).wait_for()
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
    operator.open("/mandates/agent%3Amomentum")
    limit = operator.page.get_by_label("Order notional, at most", exact=True)
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
    resting = demo.propose("reversion", 1000, "GOOG", at_bps=-800)
    assert resting["verdict"] == "allow"
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


async def many(demo: Demo) -> None:
    """Let an agent be denied thousands of times."""
    async with AsyncClient(demo.socket, demo.token("reversion"), "test") as client:
        for first in range(0, MANY, AT_ONCE):
            await asyncio.gather(*(client.ask("command", far_too_much(n)) for n in range(first, first + AT_ONCE)))


def far_too_much(number: int) -> c.Submit:
    order = intent(f"many-{number}", "100000", agent="reversion")
    return c.Submit(intent=msgspec.structs.replace(order, connection="reserve"))


def test_ten_thousand_decisions_scroll_with_few_rows_in_the_page(demo: Demo, operator: Person) -> None:
    with ThreadPoolExecutor() as apart:  # this thread runs the browser's loop
        apart.submit(asyncio.run, many(demo)).result()
    last = demo.propose("reversion", 9000)["order"]
    demo.until(lambda: demo.rows("/v1/journal", order=last), "a journal that is read to its end")
    operator.open("/decisions?verdict=deny&agent=reversion")
    rows = operator.page.locator(".decisions-lines li")
    rows.first.wait_for()
    most, held = 0, 0
    while held < MANY:
        operator.page.wait_for_function(SCROLLED_TO, arg=min(held + 99, MANY - 1))
        held = int(rows.last.get_attribute("data-index")) + 1
        most = max(most, rows.count())
    assert most < FEW_NODES, f"{most} rows for {held} lines"
    operator.page.evaluate("scrollTo(0, 0)")
    operator.page.locator(".decisions-lines li[data-index='0']").wait_for()
    assert rows.count() < FEW_NODES


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
