"""Rows of the page: one document at the path of every screen, and the files that it is made of.

They ask nobody and hold nothing of this house: all that the page shows it asks the API for, as whoever signed in. It is
built from `web/` into the folder beside these rows; where it was not, one plain page says how.
"""

from __future__ import annotations

import gzip
import hashlib
from importlib.resources import files
from typing import Annotated, NamedTuple

import msgspec
from starlette.types import Receive, Send

from remit.doors.http.call import Answer, Call, Streaming
from remit.doors.http.problem import Problem
from remit.doors.http.shapes.access import OneAgent
from remit.doors.http.shapes.approvals import OneHeld
from remit.doors.http.shapes.base import Given
from remit.doors.http.shapes.mandates import OneSubject
from remit.doors.http.shapes.orders import OneOrder
from remit.doors.http.shapes.world import OneInstrument
from remit.doors.http.table import Do, Route

FOLDER = files("remit.doors.http") / "page"
INDEX, MADE_OF = "index.html", "made-of"
SCREENS: dict[str, tuple[str, type | None]] = {
    "/": ("overview", None),
    "/sign-in": ("sign_in", None),
    "/agents": ("agents", None),
    "/agents/{agent}": ("agent", OneAgent),
    "/mandates": ("mandates", None),
    "/mandates/{subject}": ("mandate", OneSubject),
    "/approvals": ("approvals", None),
    "/approvals/{order}": ("approval", OneHeld),
    "/decisions": ("decisions", None),
    "/orders/{order}": ("order", OneOrder),
    "/positions": ("positions", None),
    "/positions/{instrument}": ("position", OneInstrument),
    "/halts": ("halts", None),
    "/proof": ("proof", None),
    "/safeguards": ("safeguards", None),
    "/settings": ("settings", None),
    "/start": ("start", None),
}
"""Where the page shows a screen: the same document everywhere, which reads its own address."""
MEDIA = {"js": b"text/javascript; charset=utf-8", "css": b"text/css; charset=utf-8", "svg": b"image/svg+xml"}
HTML = b"text/html; charset=utf-8"
FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")
"""A file whose name is of its bytes never changes."""
NOT_BUILT = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Remit</title></head><body>
<h1>The page was not built</h1>
<p>This Remit runs from a checkout. In its folder: <code>make web</code>, then load this anew.</p>
<p>All else works: <code>remit status</code>, <code>remit approvals watch</code>, the API at /v1/openapi.json.</p>
</body></html>
"""


class OneFile(Given, frozen=True):
    """Which file of the page."""

    file: Annotated[str, msgspec.Meta(max_length=200)]


class File(NamedTuple):
    """A file as it is sent: as it is, gzipped, and its tag."""

    plain: bytes
    zipped: bytes
    tag: bytes


_held: dict[str, File] = {}


def _file(name: str) -> File | None:
    """Return a file of the page by its path there; None where there is none. All are read at once, so that a page which
    is built anew meanwhile is never mixed with this one; one that is not there yet is looked for again."""
    if not _held:
        _held.update(_read())
    return _held.get(name)


def _read() -> dict[str, File]:
    """Return every file of the page; none where there is no page, or another takes its place just now: half of one
    would be held for as long as this process runs."""
    try:
        before = (FOLDER / MADE_OF).read_bytes()
        found = {INDEX: _packed((FOLDER / INDEX).read_bytes())}
        for path in (FOLDER / "assets").iterdir():
            found[f"assets/{path.name}"] = _packed(path.read_bytes())
        return found if (FOLDER / MADE_OF).read_bytes() == before else {}
    except OSError:
        return {}


def _packed(plain: bytes) -> File:
    tag = f'"{hashlib.sha256(plain).hexdigest()[:32]}"'.encode()
    return File(plain, gzip.compress(plain, mtime=0), tag)


async def screen(call: Call) -> Answer | Streaming:
    """Answer with the page; with 304 whoever has it already."""
    found = _file(INDEX)
    if found is None:
        return Answer(NOT_BUILT, status=503, media=HTML)
    headers = ((b"etag", found.tag), (b"cache-control", b"no-cache"))
    known = [one.strip().removeprefix("W/") for one in call.header("If-None-Match").split(",")]

    async def unchanged(receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 304, "headers": [*headers]})
        await send({"type": "http.response.body", "body": b""})

    if found.tag.decode() in known and call.scope["method"] == "GET":
        return Streaming(unchanged)
    return Answer(found.plain, headers=headers, media=HTML)


async def asset(call: Call) -> Answer:
    """Answer with a file that the page is made of, gzipped for whoever takes it so."""
    name: str = call.params.file
    media = MEDIA.get(name.rpartition(".")[2])
    found = None if media is None else _file(f"assets/{name}")
    if found is None or media is None:
        raise Problem("not_found", "the page has no such file", "Load the page anew")
    headers = (FOR_EVER, (b"vary", b"accept-encoding"))
    if "gzip" in call.header("Accept-Encoding"):
        return Answer(found.zipped, headers=(*headers, (b"content-encoding", b"gzip")), media=media)
    return Answer(found.plain, headers=headers, media=media)


def _row(path: str, name: str, says: str, do: Do, params: type | None, media: str) -> Route:
    return Route("GET", path, name, says, "door", (), do, params, answer=None, open=True, media=media)


ROUTES = (
    *(
        _row(path, f"screen_{name}", f"The page, at its screen `{name}`.", Do(screen), params, "text/html")._replace(
            screen=True
        )
        for path, (name, params) in SCREENS.items()
    ),
    _row("/assets/{file}", "asset", "A file that the page is made of.", Do(asset), OneFile, "application/octet-stream"),
)
