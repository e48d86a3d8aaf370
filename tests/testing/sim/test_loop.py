"""The virtual loop: time, processes that die and sleep, and what asyncio's own parts make of it."""

from __future__ import annotations

import asyncio
import gc
import random
import time
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any

import pytest

from remit.testing.sim.loop import NotSimulated, Process, Stuck, VirtualLoop

SECOND = 10**9


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    with VirtualLoop(random.Random(1)) as loop:
        yield loop
    assert loop.faults == []


def test_time_goes_to_the_next_timer_and_costs_nothing(loop: VirtualLoop) -> None:
    seen: list[tuple[str, int]] = []

    async def after(name: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        seen.append((name, loop.ns))

    async def main() -> None:
        await asyncio.gather(after("day", 86_400), after("second", 1), after("other second", 1), after("tick", 1e-9))

    began = time.monotonic()
    loop.run(main())
    assert seen == [("tick", 1), ("second", SECOND), ("other second", SECOND), ("day", 86_400 * SECOND)]
    assert time.monotonic() - began < 1


def test_asyncio_works_unchanged(loop: VirtualLoop) -> None:
    async def main() -> list[Any]:
        queue: asyncio.Queue[int] = asyncio.Queue(1)
        event = asyncio.Event()

        async def produce() -> None:
            for number in range(5):
                await queue.put(number)
                await asyncio.sleep(0.5)
            event.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(produce())
            got = [await queue.get() for _ in range(5)]
        await event.wait()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await asyncio.Event().wait()
        done, pending = await asyncio.wait(
            {asyncio.ensure_future(asyncio.sleep(1, "a")), asyncio.ensure_future(asyncio.sleep(9, "b"))},
            return_when=asyncio.FIRST_COMPLETED,
        )
        for task in pending:
            task.cancel()
        return [got, [task.result() for task in done], loop.time()]

    assert loop.run(main()) == [[0, 1, 2, 3, 4], ["a"], 6.5]


def test_a_timer_is_at_least_a_nanosecond_away_so_that_time_passes(loop: VirtualLoop) -> None:
    async def main() -> int:
        loop.ns = 3 * 10**15 + 1
        await asyncio.sleep(1e-13)
        return loop.ns

    assert loop.run(main()) == 3 * 10**15 + 2


def test_blocking_makes_what_falls_due_late_and_its_own_process_too(loop: VirtualLoop) -> None:
    async def main() -> list[int]:
        late = asyncio.ensure_future(asyncio.sleep(1))
        await asyncio.sleep(0)
        loop.block(5 * SECOND)
        seen = [loop.ns]
        await late
        return [*seen, loop.ns]

    assert loop.run(main()) == [5 * SECOND, 5 * SECOND]
    with pytest.raises(ValueError, match="back"):
        loop.block(-1)


def test_busy_tasks_do_not_hold_up_a_timer_that_is_due(loop: VirtualLoop) -> None:
    async def busy() -> None:
        while True:
            loop.block(1000)
            await asyncio.sleep(0)

    async def main() -> int:
        work = asyncio.ensure_future(busy())
        await asyncio.sleep(1e-3)
        work.cancel()
        return loop.ns

    assert SECOND / 1000 <= loop.run(main()) <= SECOND / 1000 + 2000


class Life:
    """What a process did; it would do more for as long as anybody let it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def ticks(self) -> AsyncIterator[int]:
        number = 0
        try:
            while True:
                yield number
                await asyncio.sleep(1)
                number += 1
        finally:
            self.done.append("generator's finally")

    async def live(self) -> None:
        asyncio.get_running_loop().call_later(1.5, self.done.append, "timer")
        other = asyncio.ensure_future(self.clean())
        try:
            async for number in self.ticks():
                self.done.append(f"tick {number}")
        except asyncio.CancelledError:
            self.done.append("cancelled")
        finally:
            self.done.append("finally")
            await other

    async def clean(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.done.append("the other's finally")
            await asyncio.sleep(1)
            self.done.append("after the other's sleep")


def test_a_killed_process_does_nothing_more_not_even_its_finally(
    loop: VirtualLoop, capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    life = Life()

    async def main() -> list[str]:
        process = loop.process("short")
        task = loop.spawn(process, life.live())
        await asyncio.sleep(1.1)
        loop.kill(process)
        loop.kill(process)  # twice is once
        task.cancel()
        with pytest.raises(RuntimeError, match="dead"):
            loop.spawn(process, life.live())
        await asyncio.sleep(100)
        return list(life.done)

    assert loop.run(main()) == ["tick 0", "tick 1"]
    assert life.done == ["tick 0", "tick 1"]
    loop.close()
    assert capsys.readouterr() == ("", "") and not recwarn.list


def test_the_end_of_a_run_kills_what_is_left(loop: VirtualLoop, recwarn: pytest.WarningsRecorder) -> None:
    life = Life()

    async def main() -> None:
        loop.spawn(loop.process("left"), life.live())
        asyncio.ensure_future(life.live())
        await asyncio.sleep(0.5)

    loop.run(main())
    assert life.done == ["tick 0", "tick 0"]
    with pytest.raises(RuntimeError, match="once"):
        loop.run(main())
    assert not recwarn.list


def test_a_process_that_dies_of_itself_reaches_nothing_while_python_unwinds_it(loop: VirtualLoop) -> None:
    reached: list[str] = []

    class Crash(Exception):
        pass

    async def more() -> None:
        reached.append("a new task")

    async def main() -> None:
        process = loop.process("suicide")

        async def crash() -> None:
            try:
                await asyncio.sleep(1)
                loop.kill(process)
                raise Crash
            finally:
                asyncio.ensure_future(more())
                loop.call_soon(reached.append, "a call")
                loop.call_later(1, reached.append, "a timer")
                await asyncio.sleep(0)
                reached.append("after an await")

        loop.spawn(process, crash())
        await asyncio.sleep(10)

    loop.run(main())
    assert reached == []


def test_the_dead_may_be_buried_in_the_run_and_reach_nothing(loop: VirtualLoop) -> None:
    reached: list[str] = []

    async def more() -> None:
        reached.append("a new task")

    async def main() -> None:
        heard: list[object] = []
        server = await asyncio.start_unix_server(lambda reader, writer: None, "/sim/some.sock")
        process, held = loop.process("dead"), weakref.WeakSet[Life]()

        async def live() -> None:
            life = Life()
            held.add(life)
            _, writer = await asyncio.open_unix_connection("/sim/some.sock")
            loop.call_later(3600, reached.append, life)
            try:
                await asyncio.Event().wait()
            finally:
                writer.write(b"from the grave")
                loop.create_task(more())
                loop.call_soon(reached.append, life)
                await asyncio.sleep(1)
                reached.append("after an await")

        loop.spawn(process, live())
        await asyncio.sleep(1)
        loop.kill(process)
        loop.network.tap = lambda *said: heard.append(said)
        gc.collect()
        assert len(held) == 1
        loop.bury()
        assert len(held) == 0
        await asyncio.sleep(10)
        server.close()
        assert heard == []

    loop.run(main())
    assert reached == []


def test_what_a_dead_process_completes_for_a_living_one_is_heard(loop: VirtualLoop) -> None:
    async def main() -> str:
        process, news = loop.process("witness"), asyncio.get_running_loop().create_future()

        async def die() -> None:
            loop.kill(process)
            news.set_result("it died")

        loop.spawn(process, die())
        return str(await news)

    assert loop.run(main()) == "it died"


def test_a_suspended_process_goes_on_where_it_stood(loop: VirtualLoop) -> None:
    async def main() -> tuple[list[str], list[str]]:
        process, life = loop.process("sleeper"), Life()
        loop.spawn(process, life.live())
        await asyncio.sleep(0.5)
        loop.suspend(process)
        await asyncio.sleep(10)
        slept = list(life.done)
        loop.resume(process)
        await asyncio.sleep(1.1)
        return slept, life.done[:]

    slept, woken = loop.run(main())
    assert slept == ["tick 0"]
    assert woken == ["tick 0", "timer", "tick 1", "tick 2"]


def test_a_process_killed_while_suspended_never_wakes(loop: VirtualLoop) -> None:
    async def main() -> list[str]:
        process, life = loop.process("sleeper"), Life()
        loop.spawn(process, life.live())
        await asyncio.sleep(0.5)
        loop.suspend(process)
        await asyncio.sleep(10)
        loop.kill(process)
        loop.resume(process)
        await asyncio.sleep(10)
        return life.done[:]

    assert loop.run(main()) == ["tick 0"]


def test_everything_made_in_a_process_belongs_to_it(loop: VirtualLoop) -> None:
    async def main() -> list[str]:
        process = loop.process("one")
        names: list[str] = []

        async def grandchild() -> None:
            task = asyncio.current_task()
            names.append(task.get_name() if task else "")

        async def child() -> None:
            await asyncio.gather(grandchild(), grandchild())

        async def parent() -> None:
            await asyncio.create_task(child())

        await loop.spawn(process, parent())
        return [name.split("/")[0] for name in names]

    assert loop.run(main()) == ["one", "one"]


def test_stuck_names_what_waits(loop: VirtualLoop) -> None:
    async def wait_for_nobody() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        await asyncio.sleep(3)
        await loop.spawn(loop.process("lonely"), wait_for_nobody())

    with pytest.raises(Stuck, match=r"nothing can ever happen after 3000000000 ns.*lonely/\d+ at .*Event.wait:"):
        loop.run(main())


def test_a_timer_of_a_dead_or_given_up_wait_does_not_let_time_pass(loop: VirtualLoop) -> None:
    async def main() -> None:
        process = loop.process("dead")
        loop.spawn(process, asyncio.sleep(50))
        asyncio.get_running_loop().call_later(70, print).cancel()
        await asyncio.sleep(1)
        loop.kill(process)
        await asyncio.Event().wait()

    with pytest.raises(Stuck, match="after 1000000000 ns"):
        loop.run(main())


def test_time_that_stands_still_is_stuck_too(loop: VirtualLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remit.testing.sim.loop.AT_ONE_INSTANT_MAX", 1000)

    async def main() -> None:
        while True:
            await asyncio.sleep(0)

    with pytest.raises(Stuck, match="time stands still at 0 ns"):
        loop.run(main())


def test_time_that_goes_on_for_ever_is_stuck_where_the_run_has_an_end(loop: VirtualLoop) -> None:
    loop.until_ns = 60 * SECOND

    async def tick() -> None:
        while True:
            await asyncio.sleep(1)

    async def main() -> None:
        loop.spawn(loop.process("clock"), tick())
        await asyncio.sleep(59)
        loop.allow(40 * SECOND)
        await asyncio.sleep(40)
        await asyncio.Event().wait()

    with pytest.raises(Stuck, match=r"goes on for ever: it was to end by 100000000000 ns; .*world/\d+ at Event.wait:"):
        loop.run(main())
    assert loop.ns == 101 * SECOND


def test_time_that_creeps_on_for_ever_is_stuck_where_the_run_has_an_end(loop: VirtualLoop) -> None:
    loop.until_ns, loop.calls_max = 60 * SECOND, 5_000

    async def main() -> None:
        while True:
            await asyncio.sleep(1e-9)

    with pytest.raises(Stuck, match=r"no end after 5,001 callbacks, at \d+ ns; waiting: world/\d+ at sleep:"):
        loop.run(main())


@pytest.mark.parametrize(
    "ask",
    [
        lambda loop: loop.run_in_executor(None, print),
        lambda loop: asyncio.to_thread(print),
        lambda loop: asyncio.open_connection("localhost", 1),
        lambda loop: asyncio.create_subprocess_exec("true"),
        lambda loop: loop.create_unix_server(asyncio.Protocol, sock=object()),
        lambda loop: loop.create_unix_connection(asyncio.Protocol, sock=object()),
    ],
)
def test_what_would_leave_the_simulation_is_refused(
    loop: VirtualLoop, ask: Callable[[VirtualLoop], Awaitable[object]]
) -> None:
    async def main() -> None:
        with pytest.raises(NotSimulated):
            await ask(loop)
        for name in ("run_forever", "stop", "add_reader", "add_signal_handler", "sock_recv"):
            with pytest.raises(NotSimulated, match=name):
                getattr(loop, name)()
        with pytest.raises(NotSimulated):
            loop.set_debug(True)

    loop.run(main())


async def fail(after_s: float = 1) -> None:
    await asyncio.sleep(after_s)
    raise KeyError("a bug")


async def forgotten(loop: VirtualLoop, process: Process) -> None:
    loop.spawn(process, fail())


async def held(loop: VirtualLoop, process: Process) -> None:
    process.kept = loop.spawn(process, fail())  # type: ignore[attr-defined]


async def in_callback(loop: VirtualLoop, process: Process) -> None:
    loop.call_later(1, {}.__getitem__, "a bug")


@pytest.mark.parametrize("go_wrong", [forgotten, held, in_callback])
def test_an_exception_that_nobody_handles_is_a_fault(
    go_wrong: Callable[[VirtualLoop, Process], Coroutine[Any, Any, None]],
) -> None:
    async def main() -> None:
        await go_wrong(loop, loop.process("faulty"))
        await asyncio.sleep(5)

    with VirtualLoop(random.Random(1)) as loop:
        loop.run(main())
        assert [repr(fault) for fault in loop.faults] == ["KeyError('a bug')"]


def test_an_exception_that_somebody_handles_or_of_the_dead_is_no_fault(loop: VirtualLoop) -> None:
    async def main() -> None:
        process, killed = loop.process("handled"), loop.process("killed")
        with pytest.raises(KeyError):
            await loop.spawn(process, fail())

        async def die() -> None:
            loop.kill(killed)
            raise KeyError("in its last moment")

        loop.spawn(killed, die())
        await asyncio.sleep(5)

    loop.run(main())


def test_the_exception_of_main_is_raised() -> None:
    with VirtualLoop(random.Random(1)) as loop, pytest.raises(KeyError):
        loop.run(fail())
    assert loop.faults == []


def test_cancelled_timers_do_not_pile_up(loop: VirtualLoop) -> None:
    async def main() -> int:
        for _ in range(5000):
            async with asyncio.timeout(3600):
                await asyncio.sleep(0.001)
        return len(loop._timers)

    assert loop.run(main()) < 2500


def test_exploring_changes_the_order_between_processes_and_never_within_one() -> None:
    def orders(seed: int, explore: bool) -> tuple[str, ...]:
        said: list[str] = []

        async def speak(name: str) -> None:
            for number in range(3):
                said.append(f"{name}{number}")
                await asyncio.sleep(0)

        async def main() -> None:
            await asyncio.gather(*(loop.spawn(loop.process(name), speak(name)) for name in "abc"))

        with VirtualLoop(random.Random(seed), explore=explore) as loop:
            loop.run(main())
        return tuple(said)

    assert len({orders(seed, False) for seed in range(20)}) == 1
    assert orders(3, True) == orders(3, True)
    explored = {orders(seed, True) for seed in range(20)}
    assert len(explored) > 5
    assert all([said for said in order if said[0] == "b"] == ["b0", "b1", "b2"] for order in explored)
