"""Sending to addresses that somebody else may have chosen, so that nothing inside is ever reached by it.

A name is looked up once; every address it stands for is judged; the connection goes to the address that was judged,
under the name that was asked for. A redirect is a new address and is judged like the first one.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Protocol

from remit.doors.notify.errors import AddressRefused, ChannelInvalid, ExtraMissing, Undelivered

try:
    import httpx2
except ImportError:  # the extra `doors`; without it nothing can be sent, and `Sender` says so
    httpx2 = None  # type: ignore[assignment]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

TOTAL_S = 10
"""How long one sending may take in all, redirects included."""
CONNECT_S = 5
BODY_BYTES_MAX = 262_144
REDIRECTS_MAX = 3
URL_CHARS_MAX = 2_000
_KEEPING = (307, 308)
"""Redirects that keep the message what it is; the others would turn it into a question."""
_LIST_IT = (
    'If it is yours, list it in remit.toml, in the data folder: notify_allow = ["{}"]. Then start `remit up` anew'
)
_METADATA = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "169.254.169.254", "100.100.100.200")))
"""Where clouds tell a machine its own secrets."""
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.ip_network("::/96")


class Resolver(Protocol):
    """Looks a name up; a test puts its own in place."""

    async def __call__(self, host: str, port: int) -> list[str]:
        """Return the addresses of a name, in the order to try them; OSError."""
        ...


async def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a name as this machine knows them; OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(row[4][0]) for row in found))


def networks(written: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks that are listed, such as `127.0.0.1` or `10.1.0.0/16`; ChannelInvalid."""
    found = []
    for one in written:
        try:
            found.append(ipaddress.ip_network(one.strip()))
        except ValueError as fault:
            raise ChannelInvalid(
                f"{one!r} is no address or network: {fault}", "Write 10.1.2.3 or 10.1.0.0/16"
            ) from None
    return tuple(found)


def why_not(address: Address) -> str:
    """Return why nothing is sent to an address unless it is listed; empty where it is a public one."""
    for one in (address, _inner(address)):
        if one in _METADATA or one.is_link_local:
            return "link-local or a cloud's metadata"
        if one.is_loopback:
            return "loopback"
        if one.is_multicast:
            return "multicast"
        if one.is_unspecified or one.is_reserved:
            return "reserved"
        if one.is_private or not one.is_global:
            return "private"
    return ""


def is_listed(address: Address, listed: Iterable[Network]) -> bool:
    """Whether an address, or the IPv4 address it stands for, lies in a network that is listed."""
    both = (address, _inner(address))
    return any(one in network for network in listed for one in both if one.version == network.version)


def _inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in (*_NAT64, _COMPATIBLE)):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


class Target:
    """An address to send to, taken apart: `url`, `host`, `port`, whether it is `https`. ChannelInvalid."""

    def __init__(self, url: str) -> None:
        if httpx2 is None:
            raise missing()
        if len(url) > URL_CHARS_MAX or not url.isascii() or not url.isprintable() or " " in url:
            raise ChannelInvalid("this is no address", "Write https://HOST/PATH in plain letters")
        try:
            self.url = httpx2.URL(url)
            self.host = self.url.raw_host.decode("ascii").rstrip(".")
            port = self.url.port
        except (httpx2.InvalidURL, ValueError) as fault:
            raise ChannelInvalid(f"this is no address: {fault}", "Write https://HOST/PATH") from None
        if self.url.scheme not in ("https", "http") or not self.host:
            raise ChannelInvalid(f"an address begins with https://, not {self.url.scheme}", "Write https://HOST/PATH")
        if self.url.userinfo:
            raise ChannelInvalid("an address carries no user and password", "Leave them out: messages are signed")
        self.https = self.url.scheme == "https"
        self.port = (443 if self.https else 80) if port is None else port
        if not 0 < self.port < 65_536:
            raise ChannelInvalid(f"there is no port {self.port}", "Write https://HOST/PATH")


class Sender:
    """Sends one message at a time to public addresses and to those that are `listed`, over TLS.

    Plain HTTP goes to listed addresses alone. `context` is what certificates are checked with.
    """

    def __init__(
        self,
        listed: Iterable[Network] = (),
        resolve: Resolver = look_up,
        context: ssl.SSLContext | None = None,
        total_s: float = TOTAL_S,
    ) -> None:
        self._listed = tuple(listed)
        self._resolve = resolve
        self._context = context
        self._total_s = total_s

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """Send a message and return the status of who took it (200 to 299).

        AddressRefused before anything was sent; Undelivered for every other end: what was answered stays unread.
        """
        if len(body) > BODY_BYTES_MAX:
            raise Undelivered(f"a message has at most {BODY_BYTES_MAX} bytes", "Say less at once")
        try:
            async with asyncio.timeout(self._total_s):
                return await self._post(Target(url), headers, body)
        except TimeoutError:
            raise Undelivered(f"no answer within {self._total_s} s", "See whether the receiver runs") from None

    async def _post(self, target: Target, headers: Mapping[str, str], body: bytes) -> int:
        for _ in range(REDIRECTS_MAX + 1):
            status, location = await self._once(target, headers, body)
            if 200 <= status < 300:
                return status
            if status not in _KEEPING or not location:
                raise Undelivered(f"the receiver answered {status}", "It must answer 200 to 299 to take a message")
            target = self._next(target, location)
        raise Undelivered(f"more than {REDIRECTS_MAX} redirects", "Name the address itself")

    def _next(self, target: Target, location: str) -> Target:
        try:
            return Target(str(target.url.join(location)))
        except (ChannelInvalid, httpx2.InvalidURL, ValueError):
            raise AddressRefused("the receiver redirects to what is no address", "Name the address itself") from None

    async def _once(self, target: Target, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        fault: Exception | None = None
        for address in await self.judged(target):
            try:
                return await self._to(target, address, headers, body)
            except httpx2.ConnectError as refused:  # nothing was sent: another address of the same name may take it
                fault = refused
            except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError, ValueError) as broken:
                raise Undelivered(f"the link broke: {_said(broken)}", "See whether the receiver runs") from None
        raise Undelivered(f"no connection: {_said(fault)}", "See whether the receiver runs, and its certificate")

    async def judged(self, target: Target) -> list[Address]:
        """Return the addresses that a target stands for now, each fit to be sent to; AddressRefused, Undelivered.

        One that is not makes the whole name unfit: who can slip in one address can slip in its turn too.
        """
        try:
            found = [ipaddress.ip_address(one) for one in await self._resolve(target.host, target.port)]
        except (OSError, ValueError) as fault:
            raise Undelivered(f"{target.host} cannot be looked up: {_said(fault)}", "Check the name") from None
        if not found:
            raise Undelivered(f"{target.host} has no address", "Check the name")
        for address in found:
            if is_listed(address, self._listed):
                continue
            why = why_not(address) or ("" if target.https else "not reached by https")
            if why:
                what = str(address) if target.host == str(address) else f"{target.host} is {address}, which"
                raise AddressRefused(f"nothing is sent there: {what} is {why}", _LIST_IT.format(address))
        return found

    async def refuse_unfit(self, url: str) -> None:
        """AddressRefused where it shows without asking anybody that nothing would ever be sent to a URL: an address
        itself, this machine by its name, or no TLS. A name may stand for something else by then: it is judged then."""
        target = Target(url)
        if not (target.https and _is_name(target.host)) or target.host == "localhost":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CONNECT_S):
                    await self.judged(target)

    async def _to(self, target: Target, address: Address, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """Send to exactly this address, in the target's name: in the header, and in what its certificate must say."""
        pinned = target.url.copy_with(host=str(address).partition("%")[0])
        sent = {**headers, "host": target.url.netloc.decode("ascii")}
        transport = httpx2.AsyncHTTPTransport(
            verify=self._context or authorities(), trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0)
        )
        timeout = httpx2.Timeout(self._total_s, connect=CONNECT_S)
        async with httpx2.AsyncClient(transport=transport, trust_env=False, timeout=timeout) as client:
            request = client.build_request(
                "POST", pinned, headers=sent, content=body, extensions={"sni_hostname": target.host}
            )
            answer = await client.send(request, stream=True, follow_redirects=False)
            try:
                return answer.status_code, answer.headers.get("location", "")
            finally:
                await answer.aclose()


@cache
def authorities() -> ssl.SSLContext:
    """Return what certificates are checked with where nothing else is said: the usual authorities, read once."""
    return httpx2.create_ssl_context(trust_env=False)


def missing() -> ExtraMissing:
    """Return the error that says what to install."""
    return ExtraMissing("webhooks need the package httpx2", "Install it: pip install 'remit[doors]'")


def _is_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return True
    return False


def _said(fault: Exception | None) -> str:
    return f"{type(fault).__name__} {str(fault)[:200]}".strip()
