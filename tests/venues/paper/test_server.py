"""The venue as a process of its own: a real socket, a real kill, a real restart."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from tests.venues.paper.desk import ABC, GUARD_KEY, LISTED, PUBLIC_KEY, desk, mark, order, spelt

from remit.kernel.codec import decode, encode
from remit.kernel.command import Acked, Filled, Split
from remit.kernel.permit import Permit
from remit.venues.paper.codec import Paper
from remit.venues.paper.messages import FromFeed, Heard, Message, Refused, read_reply
from remit.venues.paper.server import PaperServer, ServerFault, framed

FEED_KEY = "a-feed-key-of-the-tests"
FOREVER = 2**62


class Venue:
    """The venue's process, and links to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "venue.sock"
        (folder / "permit.key").write_text(PUBLIC_KEY.hex() + "\n")
        (folder / "feed.key").write_text(FEED_KEY)
        (folder / "feed.key").chmod(0o600)
        (folder / "instruments").write_bytes(b"\n".join(encode(instrument) for instrument in LISTED))
        self.process: subprocess.Popen[str] | None = None

    def command(self, *more: str) -> list[str]:
        files = {
            "--socket": "venue.sock",
            "--state": "state",
            "--permit-key": "permit.key",
            "--instruments": "instruments",
            "--feed-key": "feed.key",
        }
        given = [word for option, name in files.items() for word in (option, str(self.folder / name))]
        return [sys.executable, "-m", "remit.venues.paper", *given, "--cash", "one,USD,1000000", *more]

    def start(self) -> None:
        self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None and "listening" in self.process.stdout.readline()

    def stop(self, number: int = signal.SIGKILL) -> int:
        assert self.process is not None and self.process.stdout is not None
        self.process.send_signal(number)
        self.process.stdout.close()
        return self.process.wait(10)

    def link(self) -> socket.socket:
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(10)
        link.connect(str(self.socket))
        return link


def ask(link: socket.socket, payload: bytes) -> bytes:
    link.sendall(framed(payload))
    return hear(link)


def hear(link: socket.socket) -> bytes:
    return read_exactly(link, int.from_bytes(read_exactly(link, 4), "big"))


def read_exactly(link: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = link.recv(length - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def sealed_place(id: str) -> bytes:
    request = Paper().place(order(id, "buy", "10", "100"), ABC, 1, 1)
    permit = encode(
        Permit(
            id=f"permit-{id}",
            seq=1,
            action="place",
            order=id,
            connection="one",
            digest=request.digest,
            expires_at=FOREVER,
        )
    )
    return Paper().seal(request, permit, GUARD_KEY.sign(permit))


def sealed_query(id: str) -> tuple[bytes, object]:
    request = Paper().query(order(id, "buy", "10", "100"), ABC, 1, 1)
    permit = encode(
        Permit(
            id=f"query-{id}",
            seq=2,
            action="query",
            order=id,
            connection="one",
            digest=request.digest,
            expires_at=FOREVER,
        )
    )
    return Paper().seal(request, permit, GUARD_KEY.sign(permit)), request


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    made = Venue(tmp_path)
    made.start()
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop()


def quote(link: socket.socket, bid: str, ask_at: str) -> None:
    assert isinstance(read_reply_or_heard(ask(link, encode(FromFeed(key=FEED_KEY, marks=(mark(bid, ask_at),))))), Heard)


def read_reply_or_heard(reply: bytes) -> object:
    return decode(Heard, reply) if b'"frame"' in reply else read_reply(reply)


def test_a_session_with_a_kill_in_the_middle(venue: Venue) -> None:
    with venue.link() as guard, venue.link() as feed, venue.link() as stream:
        stream.sendall(framed(Paper().subscribe("one", 0)))
        quote(feed, "99", "101")
        assert b"accepted" in ask(guard, sealed_place("first"))
        quote(feed, "99", "100")
        message = decode(Message, hear(stream))
        assert (message.number, spelt(message.report)) == (1, "first 10@100")
        assert b"accepted" in ask(guard, sealed_place("second"))
    venue.stop(signal.SIGKILL)
    venue.start()
    with venue.link() as guard, venue.link() as stream:
        assert b"permit_used" in ask(guard, sealed_place("first")), "a used permit stays used"
        sealed, request = sealed_query("first")
        reports = Paper().read(request, "first", ask(guard, sealed))  # type: ignore[arg-type]
        assert [type(report) for report in reports] == [Acked, Filled]
        stream.sendall(framed(Paper().subscribe("one", 1)))
        (report,) = Paper().listen(hear(stream))
        assert spelt(report) == "second 10@100", "what was missed comes first, and only that"
    assert venue.stop(signal.SIGTERM) == 0
    assert not venue.socket.exists()


def test_the_socket_and_the_state_are_private(venue: Venue) -> None:
    for file in (venue.socket, venue.folder / "state"):
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600


def test_only_a_feed_with_its_key_is_heard(venue: Venue) -> None:
    with venue.link() as link:
        reply = read_reply(
            ask(
                link,
                encode(
                    FromFeed(key="guess", marks=(mark("1", "2"),), settlements=(Split(instrument="ABC", new=9, old=1),))
                ),
            )
        )
        assert isinstance(reply, Refused) and reply.code == "feed_unproven"


def test_noise_is_refused_and_a_giant_frame_ends_the_link(venue: Venue) -> None:
    with venue.link() as link:
        reply = read_reply(ask(link, b"noise"))
        assert isinstance(reply, Refused) and reply.code == "malformed"
        link.sendall((1 << 30).to_bytes(4, "big"))
        with pytest.raises(EOFError):
            hear(link)
    with venue.link() as link:
        assert b"malformed" in ask(link, b"still here")


def test_a_second_venue_is_refused_with_a_sentence(venue: Venue) -> None:
    second = subprocess.run(venue.command(), capture_output=True, text=True, timeout=10)
    assert second.returncode == 2 and "Traceback" not in second.stderr and "paper venue:" in second.stderr


@pytest.mark.parametrize(
    ("file", "content", "mode", "says"),
    [
        ("permit.key", "zz", 0o600, "hex"),
        ("feed.key", FEED_KEY, 0o644, "chmod 600"),
        ("feed.key", "short", 0o600, "too short"),
        ("instruments", "{}", 0o600, "line 1"),
        ("state", "this is no database, whatever it says", 0o600, "database"),
    ],
)
def test_what_keeps_the_venue_from_starting_is_said_in_a_line(
    tmp_path: Path, file: str, content: str, mode: int, says: str
) -> None:
    venue = Venue(tmp_path)
    (tmp_path / file).write_text(content)
    (tmp_path / file).chmod(mode)
    done = subprocess.run(venue.command(), capture_output=True, text=True, timeout=10)
    assert done.returncode == 2 and says in done.stderr and len(done.stderr.splitlines()) == 1


def test_an_order_on_its_way_arrives_by_itself(tmp_path: Path) -> None:
    trader = desk(latency_ns=30_000_000)
    trader.mark(mark("99", "100"))

    async def session() -> bytes:
        began = monotonic()
        server = PaperServer(trader.exchange, clock=lambda: int((monotonic() - began) * 10**9))
        ready = asyncio.Event()
        serving = asyncio.ensure_future(server.serve(tmp_path / "s", ready.set))
        await ready.wait()
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        writer.write(framed(Paper().subscribe("one", 0)))
        guard_reader, guard_writer = await asyncio.open_unix_connection(tmp_path / "s")
        guard_writer.write(framed(sealed_place("a")))
        length = int.from_bytes(await reader.readexactly(4), "big")
        message = await reader.readexactly(length)
        writer.close()
        guard_writer.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return message

    assert spelt(decode(Message, asyncio.run(session())).report) == "a 10@100"


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("mine")

    async def serve() -> None:
        await PaperServer(desk().exchange).serve(tmp_path / "s")

    with pytest.raises(ServerFault, match="in the way"):
        asyncio.run(serve())
    assert (tmp_path / "s").read_text() == "mine"
