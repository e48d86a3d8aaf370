"""`analyze_market`: ask a model about one market, with what it may cost reserved before it is asked.

The largest possible cost is metered first, with the caller's own token: a budget without room, or a price that is not
known, and the model is not asked. Its answer settles what it did cost. An answer that does not say what it used, and a
call that ends in doubt, leave all that was reserved. What the model says is text from outside.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

import msgspec

from remit.doors.spend.analyst import Analyst
from remit.doors.spend.errors import AnalystFailed, AnalystInvalid, BudgetExceeded, NotMetered
from remit.doors.spend.prices import needed
from remit.kernel.codec import plain
from remit.kernel.command import MeterSpend, ReportSpend
from remit.kernel.names import Name
from remit.kernel.numbers import Money
from remit.kernel.printable import printable

try:
    import httpx2
except ImportError:  # the extra `doors`
    httpx2 = None  # type: ignore[assignment]

Ask = Callable[[Literal["read", "command"], object], Awaitable[Any]]
"""Asks the guard with the caller's token and returns plain JSON; GuardError."""

TOOL = "analyze_market"
QUESTION_CHARS_MAX = 2_000
ANSWER_BYTES_MAX = 262_144
TEXT_CHARS_MAX = 8_000
MESSAGE_TOKENS = 32
"""What a message may cost beside its text: its role, and the marks around it."""
NEVER_RAN = frozenset({400, 401, 403, 404, 405, 413, 415, 422, 429})
"""Answers that say that no model ran, so that nothing was used."""
INSTRUCTIONS = (
    "You analyze one market for a trading agent. Say briefly what speaks for and against a rise of its price, what is "
    "not known, and how sure you are. You see only what is given here. You place no order and give no instruction."
)


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked about which instrument; the agent's own words go to the model as they are."""

    instrument: Name
    question: Annotated[str, msgspec.Meta(min_length=1, max_length=QUESTION_CHARS_MAX)]


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """What a model said, wrapped as text from outside, and what it did cost.

    `cost` is in US dollars; where the model did not say what it used (`settled` is false) it is what was reserved.
    """

    id: str
    instrument: str
    provider: str
    model: str
    text: str
    settled: bool
    cost: Money
    input_tokens: int | None
    output_tokens: int | None


class _Usage(msgspec.Struct):
    prompt_tokens: Annotated[int, msgspec.Meta(ge=0, le=10**12)]
    completion_tokens: Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Answer(msgspec.Struct):
    choices: Annotated[list[_Choice], msgspec.Meta(min_length=1)]


class _Used(msgspec.Struct):
    usage: _Usage


async def analyze_market(ask: Ask, analyst: Analyst, asked: Question) -> Analysis:
    """Return what a model says of a market, metered before it is asked and settled after.

    BudgetExceeded, PriceUnknown and NotMetered: it was not asked. AnalystFailed: it was, to no use. GuardError.
    """
    if httpx2 is None:
        raise AnalystInvalid("the extra `doors` is not installed", "pip install 'remit[doors]'")
    messages = [
        {"role": "system", "content": INSTRUCTIONS},
        {"role": "user", "content": await _facts(ask, asked.instrument)},
        {"role": "user", "content": asked.question},
    ]
    cost_max = needed(analyst.cost(tokens_max(messages), analyst.output_tokens_max), analyst.provider, analyst.model)
    call = _Call(ask, analyst)
    await call.meter(cost_max)
    answer = await call.post(messages)
    usage = _read(_Used, answer)
    said = _read(_Answer, answer)
    cost = None
    if usage is not None:
        cost = await call.settle(usage.usage.prompt_tokens, usage.usage.completion_tokens)
    if said is None:
        raise AnalystFailed("the model's answer cannot be read", "Look at the endpoint in analyst.toml")
    return Analysis(
        id=call.id,
        instrument=asked.instrument,
        provider=analyst.provider,
        model=analyst.model,
        text=wrapped(said.choices[0].message.content or ""),
        settled=cost is not None,
        cost=cost_max if cost is None else cost,
        input_tokens=None if usage is None else usage.usage.prompt_tokens,
        output_tokens=None if usage is None else usage.usage.completion_tokens,
    )


def tokens_max(messages: list[dict[str, str]]) -> int:
    """Return how many tokens messages can be at most: no tokenizer makes more of a text than it has bytes."""
    return sum(len(message["content"].encode()) + MESSAGE_TOKENS for message in messages) + MESSAGE_TOKENS


def wrapped(text: str) -> str:
    """Return a text from outside on one line, between marks that its writer could not know."""
    nonce = secrets.token_hex(8)
    cut = " (cut)" if len(text) > TEXT_CHARS_MAX else ""
    return f"<untrusted {nonce}>{printable(text[:TEXT_CHARS_MAX])}{cut}</untrusted {nonce}>"


async def _facts(ask: Ask, instrument: str) -> str:
    """Return what the guard shows the caller of an instrument, as text for the model; AnalystFailed where nothing."""
    known = next((row for row in await ask("read", {"view": "instruments"}) if row.get("name") == instrument), None)
    if known is None:
        raise NotMetered("unknown_instrument", f"there is no instrument {instrument}")
    marks = await ask("read", {"view": "marks", "instrument": instrument})
    shown = {
        field: known.get(field) for field in ("name", "kind", "venue", "currency", "category", "market", "outcome")
    }
    mark = {field: marks[0].get(field) for field in ("bid", "ask", "last", "close", "at")} if marks else None
    return "What is known: " + json.dumps({"instrument": shown, "mark": mark}, ensure_ascii=True, sort_keys=True)


class _Call:
    """One metered call of a model; the key of its reservation never leaves this object but to settle it."""

    def __init__(self, ask: Ask, analyst: Analyst) -> None:
        self.id = f"analysis-{secrets.token_hex(12)}"
        self._ask, self._analyst = ask, analyst
        self._key = secrets.token_hex(32)

    async def meter(self, cost_max: Money) -> None:
        """Reserve what the call may cost; BudgetExceeded, NotMetered."""
        body = MeterSpend(
            id=self.id,
            provider=self._analyst.provider,
            model=self._analyst.model,
            cost_max=cost_max,
            seal=hashlib.sha256(self._key.encode()).hexdigest(),
            tool=TOOL,
        )
        events = (await self._ask("command", plain(body)))["events"]
        if any(event["event"] == "spent" for event in events):
            return
        refused: dict[str, Any] = next((event for event in events if event["event"] == "refused"), {})
        code, why, wait = refused.get("code", "not_metered"), refused.get("why", ""), refused.get("retry_after_s")
        if code != BudgetExceeded.code:
            raise NotMetered(code, why or "the guard did not reserve what it may cost", wait)
        detail = {**refused["findings"][0], **({} if wait is None else {"retry_after_s": wait})}
        detail.pop("verdict", None)
        fix = "A person raises it: remit budget set" if wait is None else f"Wait {wait} s until its day rolls"
        raise BudgetExceeded(why, fix, detail)

    async def settle(self, input_tokens: int, output_tokens: int) -> Money | None:
        """Settle what was reserved by what was used; None where its price is not known, and all of it stays."""
        cost = self._analyst.cost(input_tokens, output_tokens)
        if cost is None:
            return None
        body = ReportSpend(
            id=self.id,
            provider=self._analyst.provider,
            model=self._analyst.model,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cost=cost,
            key=self._key,
        )
        events = (await self._ask("command", plain(body)))["events"]
        return cost if any(event["event"] == "spent" for event in events) else None

    async def post(self, messages: list[dict[str, str]]) -> bytes:
        """Return the endpoint's answer; AnalystFailed, with nothing spent where certainly no model ran."""
        analyst = self._analyst
        headers = {"authorization": f"Bearer {analyst.key}"} if analyst.key else {}
        body = {"model": analyst.model, "messages": messages, analyst.output_limit: analyst.output_tokens_max}
        try:
            async with (
                asyncio.timeout(analyst.timeout_s),
                httpx2.AsyncClient(timeout=analyst.timeout_s, trust_env=False, follow_redirects=False) as client,
                client.stream(
                    "POST", f"{analyst.url.rstrip('/')}/chat/completions", json=body, headers=headers
                ) as answer,
            ):
                if answer.status_code in NEVER_RAN:
                    await self.settle(0, 0)
                if answer.status_code != 200:
                    raise AnalystFailed(
                        f"the endpoint answered {answer.status_code}", "Look at url, model and key_file in analyst.toml"
                    )
                return await _bounded(answer)
        except httpx2.ConnectError as fault:
            await self.settle(0, 0)
            raise AnalystFailed(f"the endpoint cannot be reached: {fault}", "Look at url in analyst.toml") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as fault:
            raise AnalystFailed(
                f"the call ended in doubt ({type(fault).__name__}): all that was reserved counts", "Try again later"
            ) from None


async def _bounded(answer: Any) -> bytes:
    """Return the body of an answer of a bounded size; AnalystFailed for a longer one."""
    found = bytearray()
    async for part in answer.aiter_bytes():
        found += part
        if len(found) > ANSWER_BYTES_MAX:
            raise AnalystFailed(f"the answer is longer than {ANSWER_BYTES_MAX} bytes", "Lower output_tokens_max")
    return bytes(found)


def _read(kind: type[Any], answer: bytes) -> Any:
    try:
        return msgspec.json.decode(answer, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
