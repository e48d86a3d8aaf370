"""The read model: the same however it was fed, what an independent fold says, and nobody sees what is another's."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.kernel.test_fuzz import bodies, busy, principals
from tests.reports.lived import entries, everything, model, numbered, records

from remit.journal.log import Journal
from remit.journal.note import Signer
from remit.kernel import event as e
from remit.kernel.codec import encode
from remit.kernel.event import Record
from remit.kernel.kernel import Kernel
from remit.kernel.numbers import text
from remit.reports import model as models
from remit.reports.errors import AnotherJournal, JournalUnread, ModelUnusable, OutOfStep
from remit.reports.model import LEFT_S, Model, path_in
from remit.reports.sources import from_journal, from_stream
from remit.reports.visible import EVERYTHING, Visible
from remit.testing.disk import MemoryStore

SIGNER = Signer("remit.test/journal", bytes(32))


def journal(held: list[bytes]) -> MemoryStore:
    """A journal in memory with these entries."""
    store = MemoryStore()
    kept, _ = Journal.open(store, SIGNER)
    for entry in held:
        kept.append(entry)
    kept.sync()
    return store


# However it was fed


def test_fed_one_by_one_in_batches_or_as_it_lives_it_is_the_same() -> None:
    wanted = everything(model())
    assert all(wanted[name] for name in ("lines", "orders", "fills", "violations")), "the simulation lived"
    singly, live = Model(":memory:"), Model(":memory:")
    for seq, entry in numbered():
        singly.take(seq, entry)

    async def stream() -> AsyncGenerator[Record, None]:
        for number, record in enumerate(records()):
            yield record
            if number % 7 == 0:
                await asyncio.sleep(0)

    asyncio.run(from_stream(live, stream()))
    assert everything(singly) == wanted and everything(live) == wanted


def test_it_resumes_from_its_position(tmp_path: Path) -> None:
    half, store = len(entries()) // 2, journal(list(entries()))
    with Model(tmp_path / "read.sqlite") as first:
        assert from_journal(first, journal(list(entries())[:half])) == half
    with Model(tmp_path / "read.sqlite") as again:
        assert again.position == half
        assert from_journal(again, store) == len(entries()) - half
        assert from_journal(again, store) == 0
        assert everything(again) == everything(model())


def test_another_journal_is_noticed_and_read_anew(tmp_path: Path) -> None:
    other = [entry.replace(b'"at":1', b'"at":2') for entry in entries()]
    shorter = list(entries())[:-3]
    for held in (other, shorter):
        with Model(tmp_path / "read.sqlite") as it:
            from_journal(it, journal(list(entries())))
            from_journal(it, journal(held))
            fresh = Model(":memory:")
            fresh.take_all(enumerate(held, 1))
            assert everything(it) == everything(fresh)


def test_a_file_that_was_removed_while_it_was_read_is_noticed(tmp_path: Path) -> None:
    """Whoever went on would write where nobody reads."""
    with Model(tmp_path / "read.sqlite") as one:
        one.take_all(numbered()[:50])
        (tmp_path / "read.sqlite").unlink()
        with pytest.raises(ModelUnusable, match="removed or replaced"):
            one.take_all(numbered())
        with Model(tmp_path / "read.sqlite") as other:
            other.take_all(numbered()[:10])
            with pytest.raises(ModelUnusable, match="removed or replaced"):
                one.take_all(numbered())
            assert other.take_all(numbered()) == len(numbered()) - 10


def test_a_program_that_only_asks_takes_nothing_from_who_follows(tmp_path: Path) -> None:
    """Whoever opens and closes the file beside a follower leaves the follower's lock, so others leave its log."""
    path = path_in(tmp_path)
    with Model(path) as follower:
        follower.take_all(numbered()[:50])
        Model(path).close()
        asks = f"from remit.reports.model import Model; from pathlib import Path; Model(Path({str(path)!r})).close()"
        subprocess.run([sys.executable, "-c", asks], check=True)
        follower.take_all(numbered())
        with Model(path) as other:
            assert other.position == len(numbered())


def test_a_file_that_is_busy_is_left_to_whom_it_is(tmp_path: Path) -> None:
    path = path_in(tmp_path)
    with Model(path) as it:
        it.take_all(numbered())
    with closing(sqlite3.connect(path, isolation_level=None)) as holds:
        holds.execute("PRAGMA locking_mode = EXCLUSIVE")
        holds.execute("BEGIN EXCLUSIVE")
        asks = (
            "import sqlite3, remit.reports.model as m; from pathlib import Path; connect = sqlite3.connect;"
            "sqlite3.connect = lambda path, **more: connect(path, **more | {'timeout': 0.1});"
            f"m.Model(Path({str(path)!r}))"
        )
        ran = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True)
        assert "model_unusable" in ran.stderr and "locked" in ran.stderr
    with Model(path) as again:
        assert again.position == len(numbered())


def test_each_version_has_its_own_file_and_what_is_long_left_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Model(path_in(tmp_path)) as ours:
        ours.take_all(numbered())
        monkeypatch.setattr(models, "reader", lambda: "b" * 64)
        long_ago = time.time() - LEFT_S - 60
        for name in ("read.sqlite", "read-0123.sqlite"):
            (tmp_path / name).write_bytes(b"")
            os.utime(tmp_path / name, (long_ago, long_ago))
        with Model(path_in(tmp_path)) as theirs:
            assert theirs.position == 0
            assert theirs.take_all(numbered()[:10]) == 10
        assert ours.position == len(numbered()) and ours.take_all(numbered()) == 0
    assert len(list(tmp_path.glob("read*.sqlite"))) == 2


def test_a_journal_that_cannot_be_read_is_named() -> None:
    store = journal(list(entries()))
    store.flip(store.names()[0], 8 * 200)
    with pytest.raises(JournalUnread), Model(":memory:") as it:
        from_journal(it, store)


def test_another_version_reads_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Model(tmp_path / "read.sqlite") as it:
        it.take_all(numbered())
    monkeypatch.setattr(models, "reader", lambda: "another")
    with Model(tmp_path / "read.sqlite") as it:
        assert it.position == 0 and it.lines(EVERYTHING).rows == []


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "read.sqlite").write_bytes(b"not a database" * 500)
    with Model(tmp_path / "read.sqlite") as it:
        assert it.position == 0
    (tmp_path / "folder").mkdir()
    with pytest.raises(ModelUnusable):
        Model(tmp_path / "folder")


def test_two_processes_take_beside_each_other(tmp_path: Path) -> None:
    with Model(tmp_path / "read.sqlite") as one, Model(tmp_path / "read.sqlite") as other:
        one.take_all(numbered()[:50])
        assert other.take_all(numbered()[:80]) == 30, "what the other took is passed over"
        assert one.position == 80
        one.take_all(numbered())
        assert everything(other) == everything(model())


def test_entries_out_of_step_change_nothing(tmp_path: Path) -> None:
    it = Model(":memory:")
    with pytest.raises(OutOfStep):
        it.take_all([numbered()[0], numbered()[2]])
    assert it.position == 0 and it.lines(EVERYTHING).rows == []
    it.take(1, entries()[0])
    with pytest.raises(AnotherJournal):
        it.check(1, b"x")


# What an independent fold says


def test_orders_and_fills_are_what_the_kernel_holds() -> None:
    kernel = Kernel()
    booked: Counter[str] = Counter()
    denied = 0
    for record in records():
        kernel.fold(record)
        for event in record.events:
            if isinstance(event, e.Booked):
                booked[event.order] += event.quantity
        denied += record.decision is not None and record.decision.verdict == "deny"
    state, page = kernel.state, model().orders(EVERYTHING, limit=1_000)
    rows = {row["order"]: row for row in page.rows}
    known = state.orders | state.finished
    assert known
    for name, order in known.items():
        row = rows[name]
        assert (row["state"], row["quantity"], row["filled"]) == (order.state, text(order.quantity), text(order.filled))
        assert (row["agent"], row["client"], row["account"]) == (order.agent, order.client, order.account)
        assert row["limit_price"] == (None if order.limit_price is None else text(order.limit_price))
    assert {name for name, row in rows.items() if row["filled"] != "0"} >= {name for name in booked if name in rows}
    assert (
        len(model()._database.execute("SELECT DISTINCT seq FROM violations WHERE subject <> ''").fetchall()) == denied
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(entered=st.lists(st.tuples(bodies, principals), min_size=1, max_size=12))
def test_any_entry_is_told(entered: list[tuple[Any, Any]]) -> None:
    """Whatever enters, its entry is read, and the orders stand as the kernel has them."""
    desk, it = busy(), Model(":memory:")
    for body, by in entered:
        desk.do(body, by)
    it.take_all((seq, encode(record)) for seq, record in enumerate(desk.records, 1))
    rows = {row["order"]: row for row in it.orders(EVERYTHING, limit=1_000).rows}
    for name, order in (desk.state.orders | desk.state.finished).items():
        assert (rows[name]["state"], rows[name]["filled"]) == (order.state, text(order.filled)), name


# Who sees what

names = st.sampled_from(["momentum", "value", "global", "carry", "claude", "desk", "fund", "nobody", ""])


@given(
    st.builds(Visible, st.just(False), *(st.frozensets(names, max_size=2) for _ in range(3))),
    st.sampled_from(["", "momentum", "global"]),
    st.sampled_from(["", "action", "violation", "order"]),
)
@settings(deadline=None)
def test_no_row_of_another_ever_comes_out(visible: Visible, agent: str, kind: str) -> None:
    it, last = model(), 2**62
    found = [
        *it.lines(visible, agent=agent, kind=kind, limit=1_000).rows,
        *it.orders(visible, agent=agent, limit=1_000).rows,
        *it.timeline("momentum", visible).rows,
        *it.blotter(visible, 0, last),
        *it.rejected(visible, 0, last),
        *it.violations(visible, 0, last),
        *it.approvals(visible, 0, last),
    ]
    for row in found:
        mine = row["account"] in visible.accounts or row["agent"] in visible.agents or row["client"] in visible.clients
        assert mine, row


def test_an_account_sees_all_of_its_own() -> None:
    accounts = {row["account"] for row in model().lines(EVERYTHING, limit=1_000).rows} - {""}
    assert accounts >= {"desk", "fund"}
    counted = Counter(row[0] for row in model()._database.execute("SELECT account FROM lines").fetchall())
    for account in accounts:
        seen, after = 0, None
        while True:
            page = model().lines(Visible(accounts=frozenset({account})), after=after, limit=100)
            seen, after = seen + len(page.rows), page.next
            if after is None:
                break
        assert seen == counted[account]


# Pages


@pytest.mark.parametrize("size", [1, 7, 100])
def test_pages_lose_and_repeat_nothing_while_entries_come(size: int) -> None:
    it, held = Model(":memory:"), numbered()
    it.take_all(held[:200])
    found, after = [], None
    for step in range(10_000):
        if 200 + step < len(held):
            it.take(*held[200 + step])  # it grows while somebody pages
        page = it.lines(EVERYTHING, after=after, limit=size)
        found += [row["id"] for row in page.rows]
        if page.next is None:
            break
        after = page.next
    assert (
        found == [row[0] for row in it._database.execute("SELECT id FROM lines ORDER BY id").fetchall()][: len(found)]
    )
    latest = it.lines(EVERYTHING, latest=True, limit=5)
    following = it.lines(EVERYTHING, latest=True, limit=5, after=latest.next)
    assert [row["id"] for row in (*latest.rows, *following.rows)] == sorted(
        {row["id"] for row in (*latest.rows, *following.rows)}, reverse=True
    )


def test_a_timeline_of_an_order_tells_its_life() -> None:
    filled = next(row for row in model().orders(EVERYTHING, limit=1_000).rows if row["state"] == "filled")
    told = [row["said"] for row in model().timeline(filled["order"], EVERYTHING).rows]
    assert "asked to" in told[0] and any(" at " in line and "each" in line for line in told)
    assert {row["order"] for row in model().timeline(filled["order"], EVERYTHING).rows} == {filled["order"]}


def test_memory_stays_flat_and_files_are_private(tmp_path: Path) -> None:
    path = tmp_path / "read.sqlite"
    with Model(path) as it:
        it.take_all(numbered())
        assert path.stat().st_mode & 0o077 == 0
    shutil.rmtree(tmp_path)
