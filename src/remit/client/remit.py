"""The two clients, with the verbs of `remit.client.verbs`: `Remit` for plain programs, `AsyncRemit` for asyncio."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import update_wrapper
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from remit.client import verbs
from remit.client.asking import Asking, Rest
from remit.client.errors import Unclear
from remit.client.links import AsyncHttpLink, HttpLink
from remit.client.verbs import Voice
from remit.guard.config import load
from remit.guard.wire import AsyncClient, Client, GuardError, GuardNotRunning

DOOR = "client"
PATIENCE_S = 30.0
"""How long a verb goes on asking while the guard is away."""

Words = ParamSpec("Words")
Answered = TypeVar("Answered")
Method = TypeVar("Method", bound=Callable[..., Any])
Verb = Callable[Concatenate[Voice, Words], Asking[Answered]]


def _plain(verb: Verb[Words, Answered]) -> Callable[Concatenate[Remit, Words], Answered]:
    """Return a verb as a method of `Remit`."""

    def spoken(self: Remit, /, *words: Words.args, **named: Words.kwargs) -> Answered:
        return self.speak(verb(self.voice, *words, **named))

    return _described(spoken, verb)


def _awaited(
    verb: Verb[Words, Answered],
) -> Callable[Concatenate[AsyncRemit, Words], Coroutine[Any, Any, Answered]]:
    """Return a verb as a method of `AsyncRemit`."""

    async def spoken(self: AsyncRemit, /, *words: Words.args, **named: Words.kwargs) -> Answered:
        return await self.speak(verb(self.voice, *words, **named))

    return _described(spoken, verb)


def _described(method: Method, verb: Callable[..., Any]) -> Method:
    """Return a method with the words of its verb, as `help` shows them: the voice is its own."""
    update_wrapper(method, verb)
    said = signature(verb)
    of_self = Parameter("self", Parameter.POSITIONAL_ONLY)
    answers = str(said.return_annotation).removeprefix("Asking[").removesuffix("]")
    method.__signature__ = said.replace(  # type: ignore[attr-defined]  # what `inspect` looks for
        parameters=[of_self, *list(said.parameters.values())[1:]], return_annotation=answers
    )
    return method


class Remit:
    """One token's way to the guard, for plain programs; one request at a time.

    Without arguments it acts with REMIT_TOKEN at the guard of REMIT_HOME, as the command line does; with a `url`, at
    the guard behind that door (REMIT_URL does the same; it needs the extra `remote`). While the guard is
    away, or starts again, a verb goes on asking for `patience_s`; an order never acts twice. Where none was there from
    the first call on, it raises GuardNotRunning at once. Every error is a
    GuardError with `code`, `message` and `fix`.
    """

    def __init__(
        self,
        token: str | None = None,
        *,
        home: Path | None = None,
        url: str | None = None,
        patience_s: float = PATIENCE_S,
        door: str = DOOR,
    ) -> None:
        secret, url = _token(token), _url(url, home)
        self.voice = Voice(patience_s, knows_prices=bool(url))
        self._found = False
        """Whether a guard, or a door, was ever there."""
        self._link = HttpLink(url, secret, door) if url else Client(token=secret, door=door, **_guard(home))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the link."""
        self._link.close()

    def follow(self, start: int = 0) -> Iterator[dict[str, Any]]:
        """Yield the records that concern this token as they become durable, from an entry on; 0 for what comes next."""
        return self._link.follow({"from": start})

    def speak(self, asking: Asking[Answered]) -> Answered:
        """Ask and rest as a verb says, and return its answer."""
        try:
            step = next(asking)
            while True:
                if isinstance(step, Rest):
                    time.sleep(step.seconds)
                    step = asking.send(None)
                    continue
                try:
                    answer = self._link.ask(step.do, step.body)
                except GuardError as fault:
                    if isinstance(fault, GuardNotRunning) and not self._found:
                        raise  # nothing was ever there: waiting would only hide it
                    self._found = True
                    step = asking.throw(fault)
                else:
                    self._found = True
                    step = asking.send(answer)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]  # what the verb returned

    get_account = _plain(verbs.get_account)
    get_positions = _plain(verbs.get_positions)
    get_exposure = _plain(verbs.get_exposure)
    get_limits = _plain(verbs.get_limits)
    get_quote = _plain(verbs.get_quote)
    search_markets = _plain(verbs.search_markets)
    list_orders = _plain(verbs.list_orders)
    get_order = _plain(verbs.get_order)
    explain_decision = _plain(verbs.explain_decision)
    get_approval = _plain(verbs.get_approval)
    wait_for_approval = _plain(verbs.wait_for_approval)
    preview_order = _plain(verbs.preview_order)
    place_order = _plain(verbs.place_order)
    close_position = _plain(verbs.close_position)
    replace_order = _plain(verbs.replace_order)
    cancel_order = _plain(verbs.cancel_order)
    set_exit = _plain(verbs.set_exit)
    drop_exit = _plain(verbs.drop_exit)
    record_thought = _plain(verbs.record_thought)
    record_error = _plain(verbs.record_error)
    report_usage = _plain(verbs.report_usage)
    ask = _plain(verbs.ask)


class AsyncRemit:
    """One token's way to the guard, for asyncio: many verbs under way at once on one link.

    Everything else is as with `Remit`; each verb is awaited.
    """

    def __init__(
        self,
        token: str | None = None,
        *,
        home: Path | None = None,
        url: str | None = None,
        patience_s: float = PATIENCE_S,
        door: str = DOOR,
    ) -> None:
        secret, url = _token(token), _url(url, home)
        self.voice = Voice(patience_s, knows_prices=bool(url))
        self._found = False
        """Whether a guard, or a door, was ever there."""
        self._link = AsyncHttpLink(url, secret, door) if url else AsyncClient(token=secret, door=door, **_guard(home))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the link."""
        if isinstance(self._link, AsyncHttpLink):
            await self._link.aclose()
        else:
            self._link.close()

    def follow(self, start: int = 0) -> AsyncIterator[dict[str, Any]]:
        """Yield the records that concern this token as they become durable, from an entry on; 0 for what comes next."""
        return self._link.follow({"from": start})

    async def speak(self, asking: Asking[Answered]) -> Answered:
        """Ask and rest as a verb says, and return its answer."""
        try:
            step = next(asking)
            while True:
                if isinstance(step, Rest):
                    await asyncio.sleep(step.seconds)
                    step = asking.send(None)
                    continue
                try:
                    answer = await self._link.ask(step.do, step.body)
                except GuardError as fault:
                    if isinstance(fault, GuardNotRunning) and not self._found:
                        raise  # nothing was ever there: waiting would only hide it
                    self._found = True
                    step = asking.throw(fault)
                else:
                    self._found = True
                    step = asking.send(answer)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]  # what the verb returned

    get_account = _awaited(verbs.get_account)
    get_positions = _awaited(verbs.get_positions)
    get_exposure = _awaited(verbs.get_exposure)
    get_limits = _awaited(verbs.get_limits)
    get_quote = _awaited(verbs.get_quote)
    search_markets = _awaited(verbs.search_markets)
    list_orders = _awaited(verbs.list_orders)
    get_order = _awaited(verbs.get_order)
    explain_decision = _awaited(verbs.explain_decision)
    get_approval = _awaited(verbs.get_approval)
    wait_for_approval = _awaited(verbs.wait_for_approval)
    preview_order = _awaited(verbs.preview_order)
    place_order = _awaited(verbs.place_order)
    close_position = _awaited(verbs.close_position)
    replace_order = _awaited(verbs.replace_order)
    cancel_order = _awaited(verbs.cancel_order)
    set_exit = _awaited(verbs.set_exit)
    drop_exit = _awaited(verbs.drop_exit)
    record_thought = _awaited(verbs.record_thought)
    record_error = _awaited(verbs.record_error)
    report_usage = _awaited(verbs.report_usage)
    ask = _awaited(verbs.ask)


def _guard(home: Path | None) -> dict[str, Any]:
    """Return where the guard listens, and as which user."""
    settings = load(dict(os.environ) if home is None else {**os.environ, "REMIT_HOME": str(home)})
    return {"path": settings.socket, "guard_uids": settings.guard_uids}


def _url(url: str | None, home: Path | None) -> str:
    return os.environ.get("REMIT_URL", "") if url is None and home is None else url or ""


def _token(token: str | None) -> str:
    """Return the token to act with; Unclear where none was given and none is set."""
    found = os.environ.get("REMIT_TOKEN", "") if token is None else token
    if token is None and not found:
        raise Unclear("REMIT_TOKEN is not set", "Set it to the agent's token: remit token issue NAME --role agent")
    return found
