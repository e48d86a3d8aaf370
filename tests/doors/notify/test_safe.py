"""Sending safely: only public addresses and listed ones, the one that was judged, under the name that was asked for."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import time
from pathlib import Path

import pytest
from tests.doors.notify.receiver import Answer, certificate, drip, flood, hang, receiving, status, vanish

from remit.doors.notify.errors import AddressRefused, ChannelInvalid, Undelivered
from remit.doors.notify.safe import BODY_BYTES_MAX, Sender, Target, authorities, is_listed, look_up, networks, why_not

LOOPBACK = networks(["127.0.0.1"])


class Names:
    """A resolver of our own: each look-up of a name gets the next of its answers, the last one for ever."""

    def __init__(self, **names: list[list[str]]) -> None:
        self.names = {name.replace("_", "."): answers for name, answers in names.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        answers = self.names.get(host, [[host]])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("127.0.0.1", "loopback"), ("127.255.255.254", "loopback"), ("::1", "loopback"),
        ("10.0.0.1", "private"), ("172.16.0.1", "private"), ("192.168.1.1", "private"), ("100.64.0.1", "private"),
        ("fd00:ec2::254", "private"), ("fc00::1", "private"), ("192.0.2.1", "private"), ("198.18.0.1", "private"),
        ("169.254.169.254", "link-local"), ("fe80::1", "link-local"), ("fe80::1%eth0", "link-local"),
        ("168.63.129.16", "metadata"), ("100.100.100.200", "metadata"),
        ("224.0.0.1", "multicast"), ("239.255.255.250", "multicast"), ("ff02::1", "multicast"),
        ("ff0e::1", "multicast"),
        ("0.0.0.0", "reserved"), ("::", "reserved"), ("240.0.0.1", "reserved"), ("255.255.255.255", "reserved"),
        ("::ffff:127.0.0.1", ""), ("::ffff:10.0.0.1", ""), ("::ffff:169.254.169.254", ""), ("::127.0.0.1", ""),
        ("64:ff9b::7f00:1", ""), ("64:ff9b::a9fe:a9fe", ""), ("2002:7f00:1::1", ""), ("2002:a00:1::1", ""),
        ("2001:0:7f00:1::1", ""),
    ],
)  # fmt: skip
def test_what_is_not_public_is_refused(address: str, why: str) -> None:
    found = why_not(ipaddress.ip_address(address))
    assert found and why in found


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001:81b::200e"])
def test_what_is_public_is_not(address: str) -> None:
    assert why_not(ipaddress.ip_address(address)) == ""


def test_what_is_listed() -> None:
    listed = networks(["10.1.0.0/16", "fd00::/8", "127.0.0.1"])
    inside = ["10.1.2.3", "fd12::1", "127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.1.0.9"]
    outside = ["10.2.0.1", "127.0.0.2", "::1", "::ffff:10.2.0.1", "8.8.8.8"]
    assert all(is_listed(ipaddress.ip_address(one), listed) for one in inside)
    assert not any(is_listed(ipaddress.ip_address(one), listed) for one in outside)
    for wrong in ("localhost", "10.0.0.1/8", "", "10.0.0.0/33", "https://a"):
        with pytest.raises(ChannelInvalid):
            networks([wrong])


@pytest.mark.parametrize(
    "url",
    [
        "", "https://", "ftp://a.example/", "file:///etc/passwd", "gopher://a.example", "//a.example", "a.example",
        "https://user:pass@a.example/", "https://a.example:99999/", "https://a.example/ x", "https://a\n.example/",
        "https://ä.example/", "https://a.example/" + "x" * 2_000, "javascript:alert(1)", "https://[::1",
    ],
)  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ChannelInvalid):
        Target(url)


def test_nothing_is_sent_to_what_is_refused() -> None:
    """Not by its number, however it is written, nor by a name that stands for it, alone or among others."""

    async def main() -> None:
        names = Names(inside_example=[["10.0.0.7"]], two_example=[["93.184.216.34", "127.0.0.1"]], none_example=[[]])
        async with receiving() as receiver:
            for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "inside.example", "two.example"):
                with pytest.raises(AddressRefused):
                    await Sender(resolve=names).post(f"https://{host}:{receiver.port}/", {}, b"{}")
            for host in ("2130706433", "0x7f.1", "127.1", "0177.0.0.1", "localhost"):  # as this machine reads them
                with pytest.raises((AddressRefused, ChannelInvalid)):
                    await Sender(resolve=look_up).post(f"https://{host}:{receiver.port}/", {}, b"{}")
            with pytest.raises(Undelivered, match="no address"):
                await Sender(resolve=names).post("https://none.example/", {}, b"{}")
        assert receiver.connections == 0

    asyncio.run(main())


def test_plain_http_only_where_it_is_listed() -> None:
    async def main() -> None:
        async with receiving() as receiver:
            url = f"http://127.0.0.1:{receiver.port}/in?x=1"
            assert await Sender(LOOPBACK).post(url, {"webhook-id": "m1"}, b'{"a":1}') == 200
            with pytest.raises(AddressRefused, match="https"):
                await Sender(resolve=Names(a_example=[["93.184.216.34"]])).post("http://a.example/", {}, b"{}")
        (got,) = receiver.got
        assert (got.target, got.body, got.headers["webhook-id"]) == ("/in?x=1", b'{"a":1}', "m1")
        assert got.headers["host"] == f"127.0.0.1:{receiver.port}"

    asyncio.run(main())


def test_a_name_that_changes_between_look_up_and_connection() -> None:
    """It is looked up once, and the connection goes to the address that was judged."""

    async def main() -> None:
        async with receiving("127.0.0.1") as right, receiving("127.0.0.2") as wrong:
            names = Names(a_example=[["127.0.0.1"], ["127.0.0.2"]])
            sender = Sender(LOOPBACK, names)
            await sender.post(f"http://a.example:{right.port}/", {}, b"{}")
            assert names.asked == ["a.example"] and right.got[0].headers["host"] == f"a.example:{right.port}"
            with pytest.raises(AddressRefused):  # and the next time it is judged anew
                await sender.post(f"http://a.example:{right.port}/", {}, b"{}")
            assert (right.connections, wrong.connections) == (1, 0)

    asyncio.run(main())


def test_the_certificate_must_be_that_of_the_name(tmp_path: Path) -> None:
    async def main() -> None:
        server, trusts = certificate(tmp_path, "hook.example")
        names = Names(hook_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
        async with receiving(context=server) as receiver:
            sender = Sender(LOOPBACK, names, trusts)
            assert await sender.post(f"https://hook.example:{receiver.port}/in", {}, b"{}") == 200
            assert receiver.got[0].named == "hook.example"
            for host, context in (("other.example", trusts), ("127.0.0.1", trusts), ("hook.example", None)):
                with pytest.raises(Undelivered):
                    await Sender(LOOPBACK, names, context).post(f"https://{host}:{receiver.port}/", {}, b"{}")
        assert len(receiver.got) == 1

    asyncio.run(main())


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:{port}/", "https://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/",
        "http://inside.example:{port}/", "file:///etc/passwd", "http://u:p@127.0.0.1:{port}/", "\x7f",
    ],
)  # fmt: skip
@pytest.mark.parametrize("code", [307, 308])
def test_a_redirect_is_judged_like_the_first_address(code: int, location: str) -> None:
    async def main() -> None:
        names = Names(inside_example=[["127.0.0.2"]])
        async with receiving("127.0.0.1") as receiver:
            receiver.script = [status(code, location)]
            with pytest.raises(AddressRefused):
                await Sender(LOOPBACK, names).post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
        assert len(receiver.got) == 1

    asyncio.run(main())


def test_a_redirect_to_where_one_may_go_keeps_the_message() -> None:
    async def main() -> None:
        async with receiving() as receiver:
            receiver.script = [status(307, "http://127.0.0.1:{port}/b"), status(308, "/c?d=e"), status(204)]
            assert await Sender(LOOPBACK).post(f"http://127.0.0.1:{receiver.port}/a", {"x": "y"}, b"body") == 204
            assert [(got.target, got.body, got.headers["x"]) for got in receiver.got] == [
                ("/a", b"body", "y"), ("/b", b"body", "y"), ("/c?d=e", b"body", "y"),
            ]  # fmt: skip
            receiver.script = [status(307, "/")] * 9
            with pytest.raises(Undelivered, match="redirects"):
                await Sender(LOOPBACK).post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
            assert len(receiver.got) == 3 + 4

    asyncio.run(main())


@pytest.mark.parametrize("code", [100, 301, 302, 303, 304, 400, 404, 410, 429, 500, 503])
def test_what_is_not_taken_is_undelivered(code: int) -> None:
    async def main() -> None:
        async with receiving() as receiver:
            receiver.script = [status(code, "/elsewhere" if code in (301, 302, 303) else "")]
            with pytest.raises(Undelivered):
                await Sender(LOOPBACK, total_s=1).post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
        assert len(receiver.got) == 1

    asyncio.run(main())


@pytest.mark.parametrize("answer", [hang, drip, vanish])
def test_a_receiver_that_holds_us_up(answer: Answer) -> None:
    async def main() -> None:
        async with receiving() as receiver:
            receiver.script = [answer]
            began = time.monotonic()
            with pytest.raises(Undelivered):
                await Sender(LOOPBACK, total_s=0.3).post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
            assert time.monotonic() - began < 2

    asyncio.run(main())


def test_an_endless_answer_stays_unread() -> None:
    async def main() -> None:
        async with receiving() as receiver:
            receiver.script = [flood]
            began = time.monotonic()
            assert await Sender(LOOPBACK).post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}") == 200
            assert time.monotonic() - began < 2

    asyncio.run(main())


def test_nobody_listens_and_too_much_to_say() -> None:
    async def main() -> None:
        async with receiving() as receiver:
            port = receiver.port
        with pytest.raises(Undelivered, match="no connection"):
            await Sender(LOOPBACK).post(f"http://127.0.0.1:{port}/", {}, b"{}")
        with pytest.raises(Undelivered, match="at most"):
            await Sender(LOOPBACK).post(f"http://127.0.0.1:{port}/", {}, b"x" * (BODY_BYTES_MAX + 1))

    asyncio.run(main())


def test_no_proxy_of_the_environment_comes_between(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with receiving() as receiver, receiving() as proxy:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            await Sender(LOOPBACK).post(f"http://127.0.0.1:{receiver.port}/", {}, b"{}")
            assert (receiver.connections, proxy.connections) == (1, 0)

    asyncio.run(main())


def test_certificates_are_checked_where_nothing_else_is_said() -> None:
    context = authorities()
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname
