"""The way to the guard over its HTTP door, without any network: what a client asks, said in the door's words, and what
the door answers, said back as the guard says it."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from remit.client.errors import Unclear
from remit.guard.wire import Do, Failure, GuardError, GuardGone, GuardNotRunning, GuardRefused, RequestMalformed
from remit.kernel import command as c
from remit.kernel.codec import plain

PAGE = 1_000
LOCAL = ("127.0.0.1", "::1", "localhost")
VIEWS: dict[str, str] = {
    "self": "/v1/self",
    "positions": "/v1/positions",
    "exposure": "/v1/exposure",
    "levels": "/v1/levels",
    "exits": "/v1/exits",
    "effective": "/v1/mandates/effective",
    "marks": "/v1/marks",
    "instruments": "/v1/instruments",
    "orders": "/v1/orders",
    "order": "/v1/orders/{order}",
    "explanation": "/v1/orders/{order}/why",
    "approval": "/v1/orders/{order}/approval",
    "closing": "/v1/closing",
    "halts": "/v1/halts",
    "pauses": "/v1/pauses",
    "status": "/v1/status",
    "health": "/v1/health",
    "sessions": "/v1/sessions",
    "spend": "/v1/budgets",
}
_LISTS = frozenset({"levels", "exits", "marks", "instruments", "orders", "halts", "pauses", "sessions"})
_AWAY = {"guard_not_running": GuardNotRunning, "guard_gone": GuardGone}


class Question(NamedTuple):
    """One request to the door."""

    method: str
    path: str
    params: dict[str, str] = {}
    body: dict[str, Any] | None = None

    @property
    def content(self) -> bytes | None:
        """The body as JSON, or None where there is none."""
        return None if self.body is None else msgspec.json.encode(self.body)


def check_url(url: str) -> str:
    """Return a door's URL; Unclear where it is none, or would show the token to the network."""
    found = urlsplit(url)
    if found.scheme not in ("http", "https") or not found.hostname:
        raise Unclear(f"{url!r} is no URL", "Write it as https://remit.example:8420")
    if found.scheme == "http" and found.hostname not in LOCAL:
        raise Unclear(f"{url} would send the token in clear over the network", "Use https")
    return url.rstrip("/")


def question_of(do: Do, body: Any) -> Question:
    """Return what a client asks as a request; RequestMalformed for what the door has no words for."""
    if do == "read":
        return _reading(dict(body))
    command, text = (body["command"], body["text"]) if isinstance(body, dict) else (body, "")
    if isinstance(command, c.Submit):
        said = {**plain(command.intent), **({"thought": text} if text else {})}
        return Question("POST", "/v1/orders", {"preview": "true"} if do == "preview" else {}, said)
    if isinstance(command, c.Replace):
        terms = {"id": command.id, "quantity": str(command.quantity), "limit_price": str(command.limit_price)}
        return Question("POST", f"/v1/orders/{_part(command.order)}/replace", body=terms)
    if isinstance(command, c.Cancel):
        return Question("POST", f"/v1/orders/{_part(command.order)}/cancel")
    if isinstance(command, c.SetExit):
        where = {"agent": command.agent, "connection": command.connection, "instrument": command.instrument}
        return Question("POST", "/v1/exits", body={"id": command.id, "terms": plain(command.terms), **where})
    if isinstance(command, c.DropExit):
        return Question("DELETE", f"/v1/exits/{_part(command.exit)}")
    if isinstance(command, c.Noted):
        about = {"order": command.order} if command.order else {}
        return Question("POST", "/v1/notes", body={"note": command.note, "text": text, **about})
    if isinstance(command, c.ReportSpend):
        used = {"input_tokens": command.input_tokens, "output_tokens": command.output_tokens}
        cost = {} if command.cost is None else {"cost": str(command.cost)}
        told = {"id": command.id, "provider": command.provider, "model": command.model, **used, **cost}
        return Question("POST", "/v1/usage", body=told)
    raise RequestMalformed(
        f"{type(command).__name__} cannot be said over HTTP here", "Use the door's API: docs/http.md"
    )


def _reading(arguments: dict[str, Any]) -> Question:
    view = arguments.pop("view")
    path = VIEWS.get(view)
    if path is None:
        raise RequestMalformed(f"the view {view} cannot be asked over HTTP here", f"Take one of {', '.join(VIEWS)}")
    if "{order}" in path:
        path = path.replace("{order}", _part(arguments.pop("order")))
    if view in _LISTS:
        arguments.setdefault("limit", PAGE)
    params = {name: _word(value) for name, value in arguments.items() if value is not None}
    return Question("GET", path, params)


def _part(name: object) -> str:
    return quote(str(name), safe="")


def _word(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def answer_of(status: int, content: bytes) -> Any:
    """Return what the door answered, in plain JSON as the guard says it.

    GuardRefused for a problem; GuardNotRunning and GuardGone where the door could not ask the guard, or did not hear
    from it.
    """
    try:
        said = msgspec.json.decode(content) if content else {}
    except ValueError:
        raise GuardGone(f"what answered with {status} is not the guard's door", "Check the URL") from None
    if status >= 400:
        raise _fault(status, said if isinstance(said, dict) else {})
    if isinstance(said, dict) and "decision" in said and "repeated" in said:
        record = {"command": {"seq": said["seq"]}, "events": (), "decision": said["decision"]}
        return {**record, "first": record} if said["repeated"] else record
    if isinstance(said, dict) and {"seq", "at"} <= said.keys():
        return {"command": {"seq": said["seq"], "at": said["at"]}, "events": said.get("events", ())}
    return said


def _fault(status: int, problem: dict[str, Any]) -> GuardError:
    code = str(problem.get("code", f"http_{status}"))
    message, fix = str(problem.get("detail", f"HTTP status {status}")), str(problem.get("fix", "Check the URL"))
    if code in _AWAY:
        return _AWAY[code](message, fix)
    detail = {**problem.get("more", {}), "retry_after_s": problem.get("retry_after_s")}
    return GuardRefused(Failure(code, message, fix, detail))


def following(said: Any, question: Question, rows: list[Any]) -> tuple[bool, Question | None]:
    """Return whether an answer is a page of a list, whose rows are added to `rows`, and the question for the next one.

    Orders are asked for up to their limit, everything else to its end.
    """
    if not isinstance(said, dict) or set(said) != {"items", "next"}:
        return False, None
    rows += said["items"]
    enough = question.path == VIEWS["orders"] and len(rows) >= int(question.params["limit"])
    if said["next"] is None or enough:
        return True, None
    return True, question._replace(params={**question.params, "cursor": said["next"]})


def record_of(line: str) -> dict[str, Any] | None:
    """Return the record in a line of the event stream; None in the lines between. GuardRefused for a problem."""
    if not line.startswith("data: "):
        return None
    said = msgspec.json.decode(line.removeprefix("data: "))
    if "command" not in said:
        raise _fault(int(said.get("status", 500)), said)
    return dict(said)
