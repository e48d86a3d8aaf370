"""The table of the HTTP API: one row is one endpoint, and the OpenAPI document is made from the rows alone.

How to add a row:
1. In `shapes/<part>.py` write msgspec Structs of `shapes/base.py`: `Sent` for what is sent (unknown fields are
   refused), `Given` for the path's and the query's parameters (a field whose name stands in the path as
   `{name}` is the path's), `Shape` for an answer. Use the kernel's nouns as types: Price, Quantity,
   Money (decimal text), At, Name.
2. In `routes/<part>.py` write ROUTES, a tuple of `Route(method, path, name, says, tag, roles, do, ...)`, and add it to
   `routes/__init__.py` (one line).
3. `do` says how the guard is asked, always with the caller's own token:
   `Look("view")`: a view; the given parameters are its arguments (or `arguments=lambda p: {...}`). A view that is a
   list is answered as `Items[Row]`: `{"items": [...], "next": cursor}`, paged where `page=("name",)` names its order.
   `Enter(lambda p, b: c.Command(...))`: a command; the answer is `Entered`, a refusal is a problem.
   `Do(function)`: anything else: `async def function(call: Call) -> object`, with `call.read`, `call.enter`,
   `call.preview`, `call.params`, `call.body`; it returns bytes of JSON, a Struct, or an `Answer` with headers.
4. `roles` is for the document alone: who may is the guard's to say. `open=True` needs no token. An error is a
   `Problem`; a GuardError becomes one by itself. Examples are made from the types; `example=` gives a better body.
5. Test it through the fixture `door` of tests/doors/http/conftest.py; test_table.py checks every row by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from remit.doors.http.shapes.base import Entered
from remit.kernel.names import Role

if TYPE_CHECKING:
    from remit.doors.http.call import Call

READERS: tuple[Role, ...] = ("operator", "owner", "approver", "compliance", "auditor")
TRADERS: tuple[Role, ...] = ("operator", "owner", "agent", "client")
TOLD: tuple[Role, ...] = (*READERS, "agent", "client")
OPERATORS: tuple[Role, ...] = ("operator",)
PERSONS: tuple[Role, ...] = ("operator", "approver")


class Look(NamedTuple):
    """Answer with a view of the guard. `page` names the fields that a list is in order of, `-` before one that
    falls."""

    view: str
    arguments: Callable[[Any], dict[str, Any]] | None = None
    page: tuple[str, ...] | None = None


class Enter(NamedTuple):
    """Enter the command that `build(params, body)` makes; `text` is the free text beside it, where there is one."""

    build: Callable[[Any, Any], object]
    text: Callable[[Any], str] | None = None


class Do(NamedTuple):
    """Do what the function does."""

    function: Callable[[Call], Awaitable[object]]


class Route(NamedTuple):
    """One endpoint: how it is asked, what is done, and what it answers.

    `remembered` is whether an Idempotency-Key repeats the first answer: for whatever changes something. Orders bring
    their own, for there the key is the intent's id. `headers` are request headers that it reads, with what they mean.
    """

    method: str
    path: str
    name: str
    says: str
    tag: str
    roles: tuple[Role, ...]
    do: Look | Enter | Do
    params: type[Any] | None = None
    body: type[Any] | None = None
    answer: Any = Entered
    example: dict[str, Any] | None = None
    open: bool = False
    remembered: bool = True
    raw: bool = False
    """The function gets the body's bytes as they came; `body` is only what the document says of them."""
    status: int = 200
    media: str = "application/json"
    headers: Mapping[str, str] | None = None
    screen: bool = False
    """Whether it is a screen of the page, which reads its query itself."""
