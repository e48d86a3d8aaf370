"""Links to the HTTP door, in the place of those to the guard's socket: they are asked and followed alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from types import ModuleType
from typing import Any

from remit.client.errors import Unclear
from remit.client.remote import Question, answer_of, check_url, following, question_of, record_of
from remit.guard.wire import Do, GuardError, GuardGone, GuardNotRunning

TIMEOUT_S = 30


class HttpLink:
    """A caller of the guard behind the door at `url`, for plain programs. Errors are those of `remit.guard.wire`."""

    def __init__(self, url: str, token: str, door: str) -> None:
        self._http = httpx()
        self._client = self._http.Client(**_settings(url, token, door))

    def ask(self, do: Do, body: Any) -> Any:
        """Send one request and return its answer as plain JSON; a list is asked for to its end."""
        question: Question | None = question_of(do, body)
        rows: list[Any] = []
        while question is not None:
            try:
                answer = self._client.request(**_request(question))
            except self._http.HTTPError as fault:
                raise _fault(self._http, fault) from None
            said = answer_of(answer.status_code, answer.content)
            page, question = following(said, question, rows)
            if not page:
                return said
        return rows

    def follow(self, body: Any) -> Iterator[dict[str, Any]]:
        """Yield records as they become durable, until it is left."""
        try:
            with self._client.stream("GET", "/v1/events", params=_start(body), timeout=None) as answer:
                if answer.status_code != 200:
                    answer_of(answer.status_code, answer.read())
                for line in answer.iter_lines():
                    record = record_of(line)
                    if record is not None:
                        yield record
        except self._http.HTTPError as fault:
            raise _fault(self._http, fault) from None
        raise GuardGone("the door ended the stream", "Follow again from the last item")

    def close(self) -> None:
        """Close the links."""
        self._client.close()


class AsyncHttpLink:
    """A caller of the guard behind the door at `url`, for asyncio: many requests under way at once."""

    def __init__(self, url: str, token: str, door: str) -> None:
        self._http = httpx()
        self._client = self._http.AsyncClient(**_settings(url, token, door))

    async def ask(self, do: Do, body: Any) -> Any:
        """Send one request and return its answer as plain JSON; a list is asked for to its end."""
        question: Question | None = question_of(do, body)
        rows: list[Any] = []
        while question is not None:
            try:
                answer = await self._client.request(**_request(question))
            except self._http.HTTPError as fault:
                raise _fault(self._http, fault) from None
            said = answer_of(answer.status_code, answer.content)
            page, question = following(said, question, rows)
            if not page:
                return said
        return rows

    async def follow(self, body: Any) -> AsyncIterator[dict[str, Any]]:
        """Yield records as they become durable, until it is left."""
        try:
            async with self._client.stream("GET", "/v1/events", params=_start(body), timeout=None) as answer:
                if answer.status_code != 200:
                    answer_of(answer.status_code, await answer.aread())
                async for line in answer.aiter_lines():
                    record = record_of(line)
                    if record is not None:
                        yield record
        except self._http.HTTPError as fault:
            raise _fault(self._http, fault) from None
        raise GuardGone("the door ended the stream", "Follow again from the last item")

    async def aclose(self) -> None:
        """Close the links."""
        await self._client.aclose()


def httpx() -> ModuleType:
    """Return the package that speaks HTTP; Unclear where it is not installed."""
    try:
        import httpx2
    except ModuleNotFoundError:
        raise Unclear("a URL needs httpx2, which is not installed", "pip install 'remit[remote]'") from None
    return httpx2


def _settings(url: str, token: str, door: str) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {token}", "user-agent": f"remit-{door}", "accept": "application/json"}
    return {"base_url": check_url(url), "headers": headers, "timeout": TIMEOUT_S}


def _request(question: Question) -> dict[str, Any]:
    headers = {} if question.body is None else {"content-type": "application/json"}
    said = {"method": question.method, "url": question.path, "params": question.params, "content": question.content}
    return {**said, "headers": headers}


def _start(body: Any) -> dict[str, str]:
    return {"from": str(body["from"])}


def _fault(http: ModuleType, fault: Exception) -> GuardError:
    """Return what a broken way means: nothing was sent, or nobody knows."""
    if isinstance(fault, http.ConnectError | http.ConnectTimeout | http.PoolTimeout):
        return GuardNotRunning(f"the door cannot be reached: {fault}", "Check the URL, and that `remit up` runs there")
    return GuardGone(f"the link to the door broke: {type(fault).__name__}", "Ask again with the same id")
