"""Files that people and programs hand in: mandates, facts, instruments, settings, the halt file.

A file is taken whole, and then what it says is written down again as the same thing; or it is refused by name.
"""

from __future__ import annotations

from functools import lru_cache

from tests.hostile.target import Target, check_body, check_canonical, chosen, file, folder, only, seeded

from remit.doors import fact_file, instrument_file, mandate_file
from remit.doors.facts import FACTS
from remit.guard import config, halt_file
from remit.guard.errors import SettingInvalid
from remit.kernel import command as c
from remit.kernel.codec import encode
from remit.kernel.instrument import Instrument
from remit.kernel.mandate import Mandate
from remit.kernel.names import FIRM
from remit.kernel.presets import PRESETS

# Mandates

MANDATE_FORMS = (".toml", ".json")
EXAMPLE = """
["account:desk"]
order_notional_max = "1000"
order_rate_max = "10/min"
hours_active = ["America/New_York mon-fri 09:30-16:00", "XNYS"]
positions_max = 10
loss_cooldown = "review"
["agent:*"]
daily_loss_max = "300.25"
order_rate_max = { count = 10, per_s = 60 }
short_allowed = "blocked"
confidence_min = "0.6"
quorum_notional_min = "5"
approval_quorum = 2
["firm"]
"""


def check_mandates(data: bytes) -> None:
    way, source = chosen(data, len(MANDATE_FORMS))
    path = file(f"mandates{MANDATE_FORMS[way]}", source)
    with only(mandate_file.MandateFileRefused) as refused:
        found = mandate_file.read(path)
        for form in ("toml", "json"):
            again = mandate_file.read(file(f"again.{form}", mandate_file.render(found, form).encode()))
            assert again == found, form
        for mandate in found.values():
            check_canonical(Mandate, mandate)
    for fault in refused:
        assert fault.problems and len(str(fault)) < 50_000  # type: ignore[attr-defined]


def mandate_seeds() -> list[bytes]:
    file("example.toml", EXAMPLE.encode())
    found = mandate_file.read(folder() / "example.toml")
    return [
        seeded(0, EXAMPLE.encode()),
        *(seeded(way, mandate_file.render(found, form).encode()) for way, form in enumerate(("toml", "json"))),
        seeded(0, b'[firm]\norder_notional_max = 12.5e3\n[nobody]\nx = "y"\n'),
        seeded(1, b'{"firm": {"order_notional_max": 1e3, "positions_max": null, "zone": "\\ud800"}}'),
    ]


# Facts

FACT_WAYS = tuple((verb, suffix) for verb in FACTS for suffix in (".csv", ".jsonl"))


def check_facts(data: bytes) -> None:
    way, source = chosen(data, len(FACT_WAYS))
    verb, suffix = FACT_WAYS[way]
    with only(fact_file.FactFileRefused) as refused:
        bodies = fact_file.read(verb, file(f"facts{suffix}", source))
        assert bodies
        for body in bodies:
            assert isinstance(body, FACTS[verb].body)
            check_body(body)
    for fault in refused:
        assert fault.problems and len(str(fault)) < 50_000  # type: ignore[attr-defined]


def fact_seeds() -> list[bytes]:
    found = []
    for way, (verb, suffix) in enumerate(FACT_WAYS):
        fact = FACTS[verb]
        if suffix == ".csv":
            lines = [",".join(fact.header), *fact.example]
        else:
            rows = [dict(zip(fact.header, line.split(","), strict=True)) for line in fact.example]
            lines = [encode(row).decode() for row in rows]
        found.append(seeded(way, "\n".join(lines).encode()))
    return found


# Instruments

INSTRUMENT_FORMS = (".csv", ".jsonl")
INSTRUMENTS = (
    b"name,kind,venue,currency,category,tick,lot,market,outcome,base,expires_at,jump_max_bps\n"
    b"AAPL,equity,paper,USD,tech,0.01,1,,,,,\n"
    b"RAIN-YES,prediction,paper,USD,weather,0.01,1,RAIN,yes,,2026-01-02T14:30:00Z,500\n"
    b"BTC,spot,paper,USD,crypto,1,0.0001,,,BTC,,\n",
    b'{"name":"AAPL","kind":"equity","venue":"paper","currency":"USD","category":"tech","tick":"0.01","lot":"1"}\n'
    b'{"name":"YES","kind":"prediction","venue":"paper","currency":"USD","category":"w","tick":"0.01","lot":"1",'
    b'"market":"RAIN","outcome":"yes","resolves_at":"2026-01-02T14:30:00Z","jump_max_bps":700,"exits_on":"mark"}\n',
)


def check_instruments(data: bytes) -> None:
    way, source = chosen(data, len(INSTRUMENT_FORMS))
    with only(instrument_file.InstrumentFileRefused) as refused:
        for one in instrument_file.read(file(f"instruments{INSTRUMENT_FORMS[way]}", source)):
            check_canonical(Instrument, one)
            check_body(c.AddInstrument(instrument=one))
    for fault in refused:
        assert fault.problems and len(str(fault)) < 50_000  # type: ignore[attr-defined]


# Settings

SETTINGS = b"""environment = "training"
socket = "run/guard.sock"
peers = [1001, 0]
[links]
paper1 = "paper.sock"
"far away" = "/tmp/../x"
"""


def check_settings(data: bytes) -> None:
    file(config.FILE, data)
    with only(SettingInvalid):
        found = config.load({"REMIT_HOME": str(folder())})
        assert found.environment in config.ENVIRONMENTS
        for path in (found.home, found.socket, *found.links.values()):
            assert path.is_absolute() and "\0" not in str(path) and str(path).encode()


# The halt file


def check_halt(data: bytes) -> None:
    """Whatever it holds, it halts; and its reason can be journalled and fits one line."""
    file(halt_file.NAME, data)
    why = halt_file.reason(folder())
    assert why is not None and 0 < len(why) <= halt_file.REASON_MAX and why.isprintable()
    check_body(c.Halt(subject=FIRM, why=why, kill=True))


@lru_cache(maxsize=1)
def _words() -> tuple[str, ...]:
    return tuple(Mandate.__struct_fields__) + tuple(f'"{name}"' for name in PRESETS)


TARGETS = (
    Target("mandates", check_mandates, mandate_seeds, _words(), cost=3),
    Target("facts", check_facts, fact_seeds, ("NaN", "Infinity", "1e5", "span", "open", "void_price", "\u0661")),
    Target(
        "instruments",
        check_instruments,
        lambda: [seeded(way, source) for way, source in enumerate(INSTRUMENTS)],
        Instrument.__struct_fields__,
    ),
    Target("settings", check_settings, lambda: [SETTINGS, b"", b'environment="live"'], ("peers", "links", "live")),
    Target("halt_file", check_halt, lambda: [b"prices look wrong\n", b"", "\ufeff\u202eab".encode()]),
)
