"""The analyst: which model is asked for analyses, where, under which key and at what price (`analyst.toml`)."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from remit.doors.spend.errors import AnalystInvalid
from remit.doors.spend.prices import cost_at, cost_of
from remit.kernel.codec import build
from remit.kernel.names import Name
from remit.kernel.numbers import Money

FILE = "analyst.toml"
_SET_IT = f"Write {FILE} in the data folder; docs/budgets.md shows one"
KEY_BYTES_MAX = 4_096


class Analyst(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model behind an OpenAI-compatible endpoint. `url` ends before `/chat/completions`.

    Its price is looked up by provider and model, unless both prices are stated, in US dollars for a million tokens.
    """

    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]{1,500}\Z")]
    provider: Name
    model: Name
    key_file: str | None = None
    output_tokens_max: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 800
    output_limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the endpoint calls the bound of its answer."""
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=600)] = 60
    input_usd_per_mtok: Money | None = None
    output_usd_per_mtok: Money | None = None
    key: str = ""
    """Never in the file itself: `load` reads it from the key file."""

    def __post_init__(self) -> None:
        stated = (self.input_usd_per_mtok, self.output_usd_per_mtok)
        if (stated[0] is None) != (stated[1] is None):
            raise ValueError("state both prices or none")
        if any(price is not None and price < 0 for price in stated):
            raise ValueError("a price is not below zero")

    def cost(self, input_tokens: int, output_tokens: int) -> Money | None:
        """Return what a call costs in US dollars, None where its price is not known."""
        if self.input_usd_per_mtok is not None and self.output_usd_per_mtok is not None:
            return cost_at(self.input_usd_per_mtok, self.output_usd_per_mtok, input_tokens, output_tokens)
        return cost_of(self.provider, self.model, input_tokens, output_tokens)


def load(home: Path) -> Analyst:
    """Return the analyst that a data folder sets up; AnalystInvalid where there is none or it cannot be read."""
    path = home / FILE
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        if "key" in said:
            raise ValueError("a key stands in a file of its own: name it in key_file")
        analyst = build(Analyst, said)
    except FileNotFoundError:
        raise AnalystInvalid(f"no model is set up: there is no {FILE}", _SET_IT) from None
    except (OSError, ValueError, msgspec.ValidationError) as fault:
        raise AnalystInvalid(f"{FILE} cannot be used: {_told(fault)}", _SET_IT) from None
    if analyst.key_file is None:
        return analyst
    return msgspec.structs.replace(analyst, key=_key(home / analyst.key_file))


def _told(fault: Exception) -> str:
    """Return what is wrong, without the path: whoever asks through a door need not know where things lie."""
    return (fault.strerror or type(fault).__name__) if isinstance(fault, OSError) else str(fault)


def _key(path: Path) -> str:
    """Return the key in a file; AnalystInvalid, which names the file and not where it lies."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise AnalystInvalid(f"the key file {path.name} can be read by others", "chmod 600 what key_file names")
        key = path.read_bytes()[: KEY_BYTES_MAX + 1].decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise AnalystInvalid(f"the key in {path.name} cannot be read: {_told(fault)}", _SET_IT) from None
    if not key or len(key) > KEY_BYTES_MAX or not key.isprintable():
        raise AnalystInvalid(f"{path.name} holds no key", "Write the key into it, on one line")
    return key
