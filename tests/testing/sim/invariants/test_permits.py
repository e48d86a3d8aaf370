"""P1 to P4, each broken by hand and kept."""

from __future__ import annotations

import msgspec
import pytest
from tests.kernel.desk import BOB
from tests.testing.sim.invariants.scene import Scene, scene

from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.event import Planned
from remit.kernel.names import GUARD
from remit.kernel.numbers import NANOSECONDS
from remit.kernel.permit import Request
from remit.venues.paper import messages
from remit.venues.paper.codec import Paper

fields = msgspec.structs.asdict


@pytest.fixture
def desk() -> Scene:
    return scene()


def test_what_is_permitted_sent_once_and_in_time_is_well(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.send(order.id)
    desk.took(c.Acked(order=order.id), GUARD, after_ns=NANOSECONDS)
    desk.took(c.Cancel(order=order.id))
    desk.send(order.id, "cancel")
    desk.is_well()


def test_p1_finds_an_entry_that_is_not_durable_when_its_bytes_leave(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.send(order.id, seq=99)
    desk.finds("P1", f"place of {order.id} left", "entry 99", "entries were durable")


def test_p1_finds_an_entry_that_was_written_and_not_synced(desk: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.world.disks["journal"], "sync", lambda name: None)
    order = desk.order("5", "100")
    desk.send(order.id)
    desk.finds("P1", f"place of {order.id} left", "entries were durable")


def test_p1_finds_bytes_that_no_entry_planned(desk: Scene) -> None:
    desk.forge = lambda record: msgspec.structs.replace(record, requests=())
    order = desk.order("5", "100")
    desk.send(order.id)
    desk.finds("P1", f"place of {order.id}", "plans no such thing")


def test_p1_finds_two_entries_that_permit_to_place_one_order(desk: Scene) -> None:
    order = desk.order("5", "100")
    digest = desk.permit(order.id)[0].digest
    desk.forge = lambda record: msgspec.structs.replace(record, requests=(Planned("place", order.id, digest),))
    desk.mark("AAPL", "101")
    desk.send(order.id)
    desk.finds("P1", f"order {order.id}", "2 entries permit to place it")


def test_p1_finds_an_order_at_the_venue_that_was_never_let_out(desk: Scene) -> None:
    permit, request = desk.permit(desk.order("5", "100").id)
    body = messages.read_body(request.body)
    other = Request(**{**fields(request), "body": encode(msgspec.structs.replace(body, order="test-77"))})
    written = encode(msgspec.structs.replace(permit, order="test-77", digest=other.digest))
    desk.exchange.handle(Paper().seal(other, written, desk.vault._permit.sign(written)), desk.at)
    desk.finds("P1", "north knows the buy order test-77 of paper1", "no entry")


def test_p1_leaves_alone_what_was_on_its_way_when_the_world_put_an_old_copy_back(desk: Scene) -> None:
    files = desk.world.disks["journal"].durable
    copy = {name: bytes(data) for name, data in files.items()}
    order = desk.order("5", "100")
    message = desk.send(order.id)
    desk.observer.died("power")
    for name, data in copy.items():
        files[name][:] = data
    desk.observer.befell("old_copy", "journal")
    desk.observer.arrived("", message)
    assert not [said for said in desk.wrong() if said.startswith("P1")]


def test_p2_finds_other_bytes_than_those_planned(desk: Scene) -> None:
    order = desk.order("5", "100")
    request = desk.permit(order.id)[1]
    wider = Request(**{**fields(request), "body": request.body.replace(b'"5"', b'"9"')})
    desk.send(order.id, request=wider, digest=wider.digest)
    desk.finds("P2", f"place-{order.id}", "and entry", "planned")


def test_p2_finds_a_permit_for_other_bytes_than_it_travels_with(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.send(order.id, digest="0" * 64)
    desk.finds("P2", "its permit names 0000000000000000")


def test_p3_finds_bytes_that_are_sent_again(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.send(order.id)
    desk.send(order.id)
    desk.finds("P3", f"place-{order.id} was sent 2 times")


def test_p3_finds_an_order_that_is_placed_again_under_another_permit(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.send(order.id)
    desk.send(order.id, id="test-other")
    desk.finds("P3", f"order {order.id} was placed twice", "test-other")


def test_p3_leaves_alone_what_a_network_doubles(desk: Scene) -> None:
    order = desk.order("5", "100")
    message = desk.send(order.id)
    desk.observer.arrived("", message)
    desk.is_well()


def test_p4_finds_what_is_signed_after_its_permit_expired(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.at += 6 * NANOSECONDS
    desk.send(order.id)
    desk.finds("P4", f"place-{order.id} was signed 1.000 s after")


def test_p4_finds_a_permit_that_lives_longer_than_its_entry_allows(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.send(order.id, expires_at=desk.at + 3_600 * NANOSECONDS)
    desk.finds("P4", "expires 3595.000 s later than entry", "which was for 5 s")


def test_p4_finds_what_waited_for_longer_than_a_permit_lives(desk: Scene) -> None:
    order = desk.order("5", "100")
    desk.at += 10 * NANOSECONDS
    desk.send(order.id, expires_at=desk.at + NANOSECONDS)
    desk.finds("P4", f"place-{order.id} left 10.000 s after entry", "allowed it for 5 s")


@pytest.mark.parametrize("of", ["firm", "account:main", "agent:momentum", "venue:paper", "connection:paper1"])
def test_p4_finds_what_opens_for_a_halted_scope(desk: Scene, of: str) -> None:
    order = desk.order("5", "100")
    desk.took(c.Halt(subject=of, why="enough"), BOB)
    desk.send(order.id)
    desk.finds("P4", f"place-{order.id} opens and was signed while {of} was halted", "person")


def test_p4_lets_cancels_pass_a_halt(desk: Scene) -> None:
    order = desk.working("5", "100")
    desk.took(c.Halt(subject="firm", why="enough"), BOB)
    desk.send(order.id, "cancel")
    desk.is_well()
