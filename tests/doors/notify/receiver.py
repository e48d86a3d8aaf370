"""A receiver of webhooks on loopback: a real server that answers as it is told to, and keeps what it was sent."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Got(NamedTuple):
    """One message as it came, and to which name a caller over TLS thought it was speaking."""

    target: str
    headers: dict[str, str]
    body: bytes
    named: str


Answer = Callable[["Receiver", asyncio.StreamWriter], Awaitable[None]]


class Receiver:
    """What came so far, and how the next message is answered: by default, or by each of `script` in turn."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.script: list[Answer] = []
        self.connections = 0
        self.port = 0
        self.named = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.got.append(Got(head[0].split(" ")[1], headers, body, self.named))
            await (self.script.pop(0) if self.script else status(200))(self, writer)
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
            return
        finally:
            writer.close()


def status(code: int, location: str = "", body: bytes = b"") -> Answer:
    """Answer a status, and a redirect where there is a location."""

    async def answer(receiver: Receiver, writer: asyncio.StreamWriter) -> None:
        more = f"location: {location.format(port=receiver.port)}\r\n" if location else ""
        writer.write(f"HTTP/1.1 {code} X\r\ncontent-length: {len(body)}\r\n{more}\r\n".encode() + body)
        await writer.drain()

    return answer


async def hang(receiver: Receiver, writer: asyncio.StreamWriter) -> None:
    """Take the message and never say a word."""
    await asyncio.sleep(60)


async def drip(receiver: Receiver, writer: asyncio.StreamWriter) -> None:
    """Answer one byte now and then: always alive, never done."""
    for byte in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 10_000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def flood(receiver: Receiver, writer: asyncio.StreamWriter) -> None:
    """Answer with a body that has no end."""
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    with contextlib.suppress(OSError):
        while True:
            writer.write(b"10000\r\n" + b"z" * 0x10000 + b"\r\n")
            await writer.drain()


async def vanish(receiver: Receiver, writer: asyncio.StreamWriter) -> None:
    """Hang up without an answer."""


@contextlib.asynccontextmanager
async def receiving(host: str = "127.0.0.1", context: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver that listens on a port of its own; over TLS where there is a context."""
    receiver = Receiver()
    if context is not None:

        def heard(link: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            receiver.named = name or ""

        context.sni_callback = heard  # type: ignore[assignment]
    server = await asyncio.start_server(receiver.serve, host, 0, ssl=context)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a new certificate for these names or addresses, and a client's that trusts it alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    alternatives: list[x509.GeneralName] = []
    for name in names:
        try:
            alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            alternatives.append(x509.DNSName(name))
    made = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, private = folder / f"{names[0]}.pem", folder / f"{names[0]}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem, private)
    return server, ssl.create_default_context(cafile=str(pem))
