"""Whatever befalls a link: what arrives is a beginning of what was written, and who lives hears of its end once."""

from __future__ import annotations

import asyncio
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.testing.sim.test_network import PATH, Ear

from remit.testing.sim.loop import Process, VirtualLoop

DEEDS = ("write", "flood", "pause", "resume", "eof", "close", "abort", "kill", "suspend", "wake", "cut", "mend", "drop")
HARM = {"eof", "close", "abort", "kill", "drop"}


class Side:
    """One end of the link, its process, and what was written there."""

    def __init__(self, loop: VirtualLoop, name: str) -> None:
        self.process: Process = loop.process(name)
        self.ear = Ear()
        self.written = b""
        self.ended = False

    def do(self, loop: VirtualLoop, deed: str, source: random.Random) -> None:
        """Do it, as code of this process would: a dead or sleeping one does nothing."""
        transport, network = self.ear.transport, loop.network
        if deed in ("cut", "mend", "drop"):
            {"cut": network.cut, "mend": network.mend, "drop": network.drop}[deed](PATH)
        elif deed == "kill":
            loop.kill(self.process)
        elif deed == "suspend":
            loop.suspend(self.process)
        elif deed == "wake":
            loop.resume(self.process)
        elif not self.process.runs or transport.is_closing():
            return
        elif deed in ("write", "flood") and not self.ended:
            data = source.randbytes(source.randint(1, 300_000 if deed == "flood" else 50))
            self.written += data
            transport.write(data)
        elif deed == "pause":
            transport.pause_reading()
        elif deed == "resume":
            transport.resume_reading()
        elif deed == "eof":
            self.ended = True
            transport.write_eof()
        elif deed == "close":
            transport.close()
        elif deed == "abort":
            transport.abort()


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    half_open=st.booleans(),
    deeds=st.lists(st.tuples(st.sampled_from(DEEDS), st.booleans(), st.integers(0, 600_000)), max_size=25),
)
def test_what_arrives_is_a_beginning_of_what_was_written(
    seed: int, half_open: bool, deeds: list[tuple[str, bool, int]]
) -> None:
    source = random.Random(seed)

    async def main() -> None:
        server, client = Side(loop, "server"), Side(loop, "client")
        server.ear.half_open = half_open

        async def serve() -> None:
            await loop.create_unix_server(lambda: server.ear, PATH)

        async def connect() -> None:
            await loop.create_unix_connection(lambda: client.ear, PATH)

        await loop.spawn(server.process, serve())
        await loop.spawn(client.process, connect())
        await asyncio.sleep(0)
        for deed, at_server, pause_ns in deeds:
            (server if at_server else client).do(loop, deed, source)
            await asyncio.sleep(pause_ns / 10**9)
            assert server.written.startswith(client.ear.data) and client.written.startswith(server.ear.data)
        quiet = not {deed for deed, _, _ in deeds} & HARM
        loop.network.mend(PATH)
        for side in (server, client):
            loop.resume(side.process)
            side.do(loop, "resume", source)
        await asyncio.sleep(60)
        if quiet:
            assert client.ear.data == server.written and server.ear.data == client.written
            assert client.ear.lost == server.ear.lost == []
        for side in (server, client):
            side.do(loop, "close", source)
        await asyncio.sleep(60)
        for side in (server, client):
            assert len(side.ear.lost) == 1 or (not side.ear.lost and not side.process.alive)
            assert side.ear.said.count("pause") - side.ear.said.count("resume") in (0, 1)
            if quiet:
                assert side.ear.said.count("pause") == side.ear.said.count("resume")
        assert loop.network.links(PATH) == 0

    with VirtualLoop(source) as loop:
        loop.run(main())
    assert loop.faults == []
