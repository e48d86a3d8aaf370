"""Presets: ready sets of limits, each a list of (scope, field, value), every value of which can be overridden."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from remit.kernel.codec import build, plain
from remit.kernel.mandate import EMPTY, Mandate, Rate
from remit.kernel.names import MANDATE_SCOPES, Environment, Scope
from remit.kernel.numbers import Money, Ratio, parse

Parameter = Literal["calendar", "blocked"]
HOUR_S = 3600


class Given(NamedTuple):
    """A value that only the installation knows; `compose` takes it as the argument of the same name."""

    parameter: Parameter
    meaning: str


class Setting(NamedTuple):
    """One limit of a preset: scope, field of the mandate, value, and the environment it is for (None: both)."""

    scope: Scope
    field: str
    value: object
    where: Environment | None = None


class Preset(NamedTuple):
    """A named set of limits. What it does not set does not constrain."""

    name: str
    purpose: str
    settings: tuple[Setting, ...]
    example: str = ""
    """A preapproval that goes well with it, as it is given at the command line; AGENT is whose."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What `compose` must be given for this preset."""
        return tuple(setting.value.parameter for setting in self.settings if isinstance(setting.value, Given))


class PresetRefused(ValueError):
    """Raised where a preset cannot be composed; `code` names the reason and `fix` says what to do."""

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(f"{message}; {fix}")
        self.code = code
        self.fix = fix


def _money(amount: str) -> Money:
    return parse(Money, amount)


CALENDAR = Given("calendar", "the exchange's calendar")
BLOCKED = Given("blocked", "the firm's list")

STARTER = Preset(
    "starter",
    "A first account with one or a few small agents.",
    (
        Setting("agent", "order_notional_max", _money("100")),
        Setting("account", "approval_notional_min", _money("50"), "live"),
        Setting("agent", "capital_max", _money("2000")),
        Setting("agent", "daily_loss_max", _money("500")),
        Setting("account", "daily_loss_max", _money("500")),
        Setting("agent", "loss_cooldown", "review"),
        Setting("account", "loss_cooldown", "review"),
        Setting("account", "confidence_min", parse(Ratio, "0.6")),
        Setting("agent", "positions_max", 10),
        Setting("agent", "position_duplicate", "blocked"),
        Setting("account", "position_opposing", "blocked"),
        Setting("account", "orders_per_day_max", 50),
        Setting("account", "market_cooldown", 0),
        Setting("account", "price_collar_bps", 500),
        Setting("account", "mark_age_max", 10),
        Setting("account", "ai_spend_daily_max", _money("50")),
        Setting("agent", "order_rate_max", Rate(10, 60)),
    ),
)

PREDICTION_DESK = Preset(
    "prediction-desk",
    "Prediction markets traded by agents and by outside AI clients.",
    (
        Setting("account", "order_notional_max", _money("1000")),
        Setting("client", "approval_notional_min", _money("0"), "live"),
        Setting("account", "market_exposure_max", _money("500")),
        Setting("account", "category_exposure_max", _money("2000")),
        Setting("account", "venue_exposure_max", _money("5000")),
        Setting("account", "net_exposure_max", _money("10000")),
        Setting("agent", "daily_loss_max", _money("300")),
        Setting("account", "daily_loss_max", _money("1000")),
        Setting("agent", "loss_cooldown", 24 * HOUR_S),
        Setting("account", "loss_cooldown", 24 * HOUR_S),
        Setting("agent", "positions_max", 20),
        Setting("account", "position_opposing", "blocked"),
        Setting("account", "price_collar_bps", 500),
        Setting("account", "mark_age_max", 10),
        Setting("client", "client_spend_daily_max", _money("5")),
        Setting("agent", "order_rate_max", Rate(60, 60)),
    ),
    example='remit preapproval add --agent AGENT --category politics --max 100 --for 30d --why "small bets may go"',
)


INSTITUTIONAL = Preset(
    "institutional",
    "A firm's desk: a second person approves what is large, in the hours of an exchange, with a block-list.",
    (
        Setting("account", "order_notional_max", _money("1000000")),
        Setting("account", "quorum_notional_min", _money("500000.01")),
        Setting("account", "approval_quorum", 1),
        Setting("account", "approval_expiry_s", 300),
        Setting("account", "market_exposure_max", _money("10000000")),
        Setting("account", "capital_max", _money("50000000")),
        Setting("account", "concentration_max_pct", 20),
        Setting("agent", "daily_loss_max", _money("100000")),
        Setting("account", "daily_loss_max", _money("500000")),
        Setting("agent", "loss_cooldown", "review"),
        Setting("account", "loss_cooldown", "review"),
        Setting("firm", "instruments_blocked", BLOCKED),
        Setting("account", "hours_active", CALENDAR),
        Setting("account", "price_collar_bps", 300),
        Setting("account", "mark_age_max", 1),
        Setting("agent", "order_rate_max", Rate(100, 1)),
    ),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (STARTER, PREDICTION_DESK, INSTITUTIONAL)}


def compose(
    preset: str,
    scope: Scope,
    environment: Environment,
    *,
    calendar: str | None = None,
    blocked: tuple[str, ...] | None = None,
) -> Mandate:
    """Return the mandate that `preset` gives to a subject of `scope`; the empty mandate where it does not speak of it.

    `calendar` names the journalled calendar of the exchange and `blocked` the instruments nobody of the firm may open;
    `()` says that there are none. A preset that needs one of them and is not given it refuses at every scope.
    Raises PresetRefused with a code and what to do.
    """
    chosen = PRESETS.get(preset)
    if chosen is None:
        raise PresetRefused("unknown_preset", f"there is no preset {preset!r}", f"take one of {', '.join(PRESETS)}")
    if scope not in MANDATE_SCOPES:
        raise PresetRefused("unknown_scope", f"{scope!r} has no mandate", f"take one of {', '.join(MANDATE_SCOPES)}")
    if environment not in ("training", "live"):
        raise PresetRefused("unknown_environment", f"there is no environment {environment!r}", "say training or live")
    given = {
        "calendar": None if calendar is None else (calendar,),
        "blocked": None if blocked is None else tuple(sorted(set(blocked))),
    }
    for parameter in chosen.parameters:
        if given[parameter] is None:
            raise PresetRefused("preset_incomplete", f"preset {preset} needs {parameter}", _FIXES[parameter])
    fields = {
        setting.field: given[setting.value.parameter] if isinstance(setting.value, Given) else setting.value
        for setting in _spoken(chosen, scope, environment)
    }
    return _checked(fields)


_FIXES: dict[Parameter, str] = {
    "calendar": "name the journalled calendar of the exchange",
    "blocked": "give the firm's list of blocked instruments, or an empty list if there is none",
}


def _spoken(preset: Preset, scope: Scope, environment: Environment) -> Iterator[Setting]:
    for setting in preset.settings:
        if setting.scope == scope and setting.where in (None, environment):
            yield setting


def _checked(fields: dict[str, Any]) -> Mandate:
    """A Struct's own constructor does not check the types of its fields; `build` does."""
    return build(Mandate, plain(fields)) if fields else EMPTY
