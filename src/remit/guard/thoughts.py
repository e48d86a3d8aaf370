"""Thoughts: how much free text an agent and its clients may leave beside the journal."""

from __future__ import annotations

from remit.guard.calls import speaker
from remit.guard.errors import GuardError
from remit.kernel import command as c
from remit.kernel.authority import CALLERS
from remit.kernel.command import Body
from remit.kernel.names import Principal
from remit.kernel.numbers import DAY_NS, NANOSECONDS, div_ceil
from remit.kernel.state import State

BYTES_PER_DAY_MAX = 16 * 2**20
"""Of one agent, its clients included: so much at once after a day of silence, and so much again over each day."""


class TooMuchText(GuardError):
    """An agent wrote as much as it may for now: nothing was entered. The same without the text passes."""

    code = "too_much_text"


class Thoughts:
    """Counts the text that comes with commands of agents and clients. A new start of the guard counts anew."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._free: dict[str, int] = {}
        """By agent: when all that it wrote has worn off, in ns. Each byte takes its share of a day."""

    def kept(self, by: Principal, body: Body, text: str, at: int) -> str:
        """Return the text that is to be kept of an order or a note, and count it where it is an agent's or client's;
        TooMuchText where it is more than a day's. No other command's text is kept.

        An order that was decided before gets its first answer whatever it says now, so its text goes first.
        """
        if not text or not isinstance(body, c.Submit | c.Noted):
            return ""
        if by.role not in CALLERS:
            return text
        agent, _ = speaker(self._state, by)
        if isinstance(body, c.Submit) and (agent, body.intent.id) in self._state.seen:
            return ""
        size = len(text.encode(errors="surrogatepass"))
        free = max(self._free.get(agent, 0), at) + div_ceil(size * DAY_NS, BYTES_PER_DAY_MAX)
        if free - at > DAY_NS:
            wait_s = div_ceil(free - at - DAY_NS, NANOSECONDS)
            raise TooMuchText(
                f"agent {agent} left its {BYTES_PER_DAY_MAX} bytes of text a day",
                f"Leave the text out, or ask again in {wait_s} s",
                {"agent": agent, "bytes_per_day_max": BYTES_PER_DAY_MAX, "bytes": size, "retry_after_s": wait_s},
            )
        self._free[agent] = free
        return text
