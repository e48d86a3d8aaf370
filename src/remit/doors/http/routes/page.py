"""Rows of the page of approvals: one static page at two places, with its scripts and its style.

They ask nobody and hold nothing of this house: all that the page shows it asks the API for, as whoever signed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from importlib.resources import files

from starlette.types import Receive, Send

from remit.doors.http.call import Answer, Call, Streaming
from remit.doors.http.shapes.approvals import OneHeld
from remit.doors.http.table import Do, Route

FOLDER = files("remit.doors.http") / "page"


def _static(name: str, media: str) -> Callable[[Call], Awaitable[Answer | Streaming]]:
    """Return what answers with a file of the package, or with 304 whoever has it already."""
    held = (FOLDER / name).read_bytes()
    tag = f'"{hashlib.sha256(held).hexdigest()[:32]}"'
    headers = ((b"etag", tag.encode()), (b"cache-control", b"no-cache"))

    async def unchanged(receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 304, "headers": [*headers]})
        await send({"type": "http.response.body", "body": b""})

    async def answer(call: Call) -> Answer | Streaming:
        """Answer with the file."""
        known = [one.strip().removeprefix("W/") for one in call.header("If-None-Match").split(",")]
        if tag in known and call.scope["method"] == "GET":
            return Streaming(unchanged)
        return Answer(held, headers=headers, media=f"{media}; charset=utf-8".encode())

    return answer


_page = _static("page.html", "text/html")


def _row(
    path: str, name: str, says: str, do: Callable[[Call], Awaitable[object]], media: str, params: type | None = None
) -> Route:
    return Route("GET", path, name, says, "door", (), Do(do), params, answer=None, open=True, media=media)


ROUTES = (
    _row("/", "front", "The page where people sign in and see what waits for approval.", _page, "text/html"),
    _row("/approvals/{order}", "front_of_approval", "The same page, at one held order.", _page, "text/html", OneHeld),
    *(
        _row(f"/{name}.js", f"front_{name}", says, _static(f"{name}.js", "text/javascript"), "text/javascript")
        for name, says in (
            ("page", "The page's script."),
            ("ask", "A part of it: asking this API."),
            ("shown", "A part of it: what is seen and pressed."),
            ("passkeys", "A part of it: passkeys."),
        )
    ),
    _row("/page.css", "front_style", "The page's style.", _static("page.css", "text/css"), "text/css"),
)
