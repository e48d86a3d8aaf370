"""One seed is one run, in any real process."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from remit.testing.sim.loop import Process, VirtualLoop

ROOT = Path(__file__).resolve().parents[3]
PATHS = ("/sim/a.sock", "/sim/b.sock")


def trace(seed: int, explore: bool = False) -> str:
    """The digest of everything that happens where servers die and sleep under clients that shout at once, with much
    that lies in sets and much that is garbage."""
    seen = hashlib.sha256()
    source = random.Random(f"{seed}/people")

    def told(*what: object) -> None:
        seen.update(f"{loop.ns} {what}\n".encode())

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                await asyncio.sleep(len(line) / 1e5)
                writer.write(line.upper())
        except ConnectionError as fault:
            told("broke", fault)
        finally:
            writer.close()

    async def serve(path: str) -> None:
        async with await asyncio.start_unix_server(answer, path) as server, asyncio.TaskGroup() as group:
            for name in "xyz":
                group.create_task(asyncio.sleep(source.random(), name))
            await server.serve_forever()

    async def shout(name: str, path: str) -> None:
        for number in range(20):
            try:
                reader, writer = await asyncio.open_unix_connection(path)
                tasks = {asyncio.ensure_future(talk(reader, writer, f"{name} {number} {n}\n")) for n in range(5)}
                done, pending = await asyncio.wait(tasks, timeout=0.01, return_when=asyncio.FIRST_COMPLETED)
                for task in done | pending:
                    told(name, task.get_name(), task in done)
                    task.cancel()
                cycle: list[object] = [asyncio.get_running_loop().create_future()]
                cycle.append(cycle)
                writer.close()
            except OSError as fault:
                told(name, fault)
            await asyncio.sleep(0.02)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str) -> None:
        writer.write(line.encode())
        told(line)

    async def main() -> None:
        loop.network.tap = told
        people = [loop.spawn(loop.process(f"person {n}"), shout(f"person {n}", PATHS[n % 2])) for n in range(10)]
        servers: dict[str, Process] = {}
        for _ in range(20):
            path = source.choice(PATHS)
            if path in servers and source.random() < 0.5:
                loop.suspend(servers[path])
                await asyncio.sleep(0.01)
                loop.resume(servers[path])
            elif path in servers:
                loop.kill(servers[path])
            servers[path] = loop.process(path)
            if loop.network.links(path) == 0 or source.random() < 0.5:
                loop.network.drop(path)
            try:
                await loop.spawn(servers[path], started(path))
            except OSError as fault:
                told(path, fault)
            await asyncio.sleep(0.03)
        await asyncio.gather(*people)

    async def started(path: str) -> None:
        serving = asyncio.ensure_future(serve(path))
        await asyncio.wait([serving], timeout=0.001)
        if serving.done():
            serving.result()

    with VirtualLoop(random.Random(seed), explore=explore) as loop:
        loop.run(main())
    told(loop.faults)
    return f"{loop.ns} {seen.hexdigest()}"


@pytest.mark.parametrize("explore", [False, True])
def test_the_same_seed_is_the_same_run_and_another_is_another(explore: bool) -> None:
    assert trace(5, explore) == trace(5, explore)
    assert len({trace(seed, explore) for seed in range(5)}) == 5
    assert trace(5, True) != trace(5, False)


def test_a_seed_is_the_same_run_in_another_process_with_other_hashes() -> None:
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from {Path(__file__).stem} import trace; "
    code += "print(trace(7), trace(8, True))"
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hashes},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
        for hashes in ("1", "2", "3")
    }
    assert said == {f"{trace(7)} {trace(8, True)}\n"}
