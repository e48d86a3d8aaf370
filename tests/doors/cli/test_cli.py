"""The command line against a real kernel behind a real socket: exit codes, JSON, and what people read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.doors.cli.house import COMMAND, House, invoke
from tests.guard.desk import ANN, MOMENTUM
from typer.core import TyperGroup

from remit.doors.cli.show import cell, printable, when
from remit.kernel import command as c
from remit.kernel.numbers import Price, Quantity, parse


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    tmp_path.chmod(0o700)
    house = House(tmp_path)
    yield house
    house.close()


def verbs(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every verb of the command line."""
    group = group or COMMAND
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from verbs(command, (*path, name))
        else:
            yield (*path, name), command


VERBS = dict(verbs())
OF_OTHERS = ("replay", "bench", "feed")


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
def test_every_verb_has_an_example_that_is_a_verb(path: tuple[str, ...]) -> None:
    told = VERBS[path].help or ""
    assert f"remit {' '.join(path)}" in told, told
    if path[0] not in OF_OTHERS:
        assert "```\nremit " in told
        assert any("--json" in option.opts for option in VERBS[path].params) or path in {("up",), ("mandate", "export")}


@pytest.mark.parametrize("path", VERBS, ids=" ".join)
@pytest.mark.parametrize("columns", ["40", "200"])
def test_help_is_shown_without_a_guard(path: tuple[str, ...], columns: str) -> None:
    found = invoke(*path, "--help", COLUMNS=columns, NO_COLOR="1")
    assert found.exit_code == 0 and "Usage" in found.output and "\x1b" not in found.output


# What every verb of reading prints

READS = [
    ("status",), ("positions",), ("exposure",), ("order", "list"), ("mandate", "show"), ("mandate", "history"),
    ("mandate", "show", "--effective", "--agent", "momentum"), ("mandate", "lint"), ("mandate", "presets"),
    ("agent", "list"), ("agent", "show", "momentum"), ("account", "list"), ("client", "list"), ("capability", "list"),
    ("connection", "list"), ("grant", "list"), ("instrument", "list"), ("token", "list"), ("approvals", "list"),
    ("halt", "--list"), ("fact", "show"), ("risk", "show"), ("risk", "show", "--strategy", "momentum"),
    ("order", "list", "--state", "denied"), ("order", "list", "--strategy", "momentum"), ("exit", "list"),
    ("exit", "list", "--strategy", "momentum"), ("reconcile", "show"), ("connection", "tolerance", "paper1"),
    ("kill", "--list"), ("person", "list"), ("mandate", "proposals"),
]  # fmt: skip


@pytest.mark.parametrize("words", READS, ids=" ".join)
def test_what_is_read_is_json_or_text_and_fits_a_narrow_terminal(house: House, words: tuple[str, ...]) -> None:
    house.desk.submit(MOMENTUM, "15")
    house.desk.submit(MOMENTUM, "25")
    house.desk.do(ANN, c.Halt(subject="agent:reversion", why="odd"))
    assert house.run(*words, "--json").json is not None
    wide = house.run(*words)
    assert wide.code == 0 and wide.out.strip() and "\x1b" not in wide.out
    narrow = house.run(*words, COLUMNS="50")
    assert narrow.code == 0 and "…" not in narrow.out
    prose = wide.out.splitlines()
    assert [line for line in narrow.out.splitlines() if len(line) > 50 and line not in prose] == []


@pytest.mark.parametrize("columns", [80, 100])
def test_exposure_is_one_table_with_a_line_for_each_subject(house: House, columns: int) -> None:
    house.desk.submit(MOMENTUM, "5")
    lines = house.run("exposure", COLUMNS=str(columns)).out.splitlines()
    assert lines[0].split() == ["limited", "%", "used", "reserved", "limit", "headroom"]
    assert max(len(line) for line in lines) <= columns
    said = [line.split() for line in lines]
    agent = said.index(["agent:momentum"])
    limits = [words[0] for words in said[agent + 1 :]]
    assert limits[0] == "positions_max" and said[agent + 1][1] == "20", "the fullest first"
    assert "  market_exposure_max AAPL" in "\n".join(lines), "what it is counted for stands beside the limit"


@pytest.mark.parametrize(
    ("exact", "said"),
    [("26.359716853625170998", "26.359717"), ("-5.8971680", "-5.897168"), ("0.0000001", "0"), ("-0.0000001", "0"),
     ("99241.968404", "99241.968404"), ("200", "200"), ("200.0000000", "200"), ("no mark", "no mark"),
     ("1" * 40 + ".12345678", "1" * 40 + ".123457")],
)  # fmt: skip
def test_a_computed_number_is_rounded_for_people(exact: str, said: str) -> None:
    assert cell("cost_average", exact) == said
    assert cell("limit", exact) == exact, "what orders are judged by is told exactly"


def test_a_table_in_a_narrow_terminal_is_told_row_by_row(house: House) -> None:
    house.desk.submit(MOMENTUM, "5")
    out = house.run("order", "list", COLUMNS="40").out
    assert "agent: momentum\n" in out and "quantity: 5\n" in out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("order", "list", "--state", "fileld"), 2, "take one of"),
        (("mandate", "show", "--effective"), 2, "say for which agent"),
        (("order", "submit", "AAPL", "buy", "1", "--agent", "momentun"), 1, "agent momentun is not known"),
    ],
)
def test_a_slip_is_named_and_never_taken_for_an_empty_answer(
    house: House, words: tuple[str, ...], code: int, said: str
) -> None:
    found = house.run(*words)
    assert found.code == code and said in found.err


def test_an_agent_asks_what_binds_it_without_naming_itself(house: House) -> None:
    assert "agent:momentum" in house.run("mandate", "show", "--effective", who="momentum").out


def test_an_order_for_nothing_known_is_told_without_a_price(house: House) -> None:
    out = house.run("order", "submit", "NOPE", "buy", "1", "--agent", "momentum").out
    assert "instrument_tradable" in out and "at worst" not in out and "worth" not in out


# Orders: verdicts and exit codes


def submit(*more: str) -> tuple[str, ...]:
    return ("order", "submit", "AAPL", "buy", *more)


@pytest.mark.parametrize(
    ("words", "who", "code", "said"),
    [
        (submit("5", "--limit", "100"), "momentum", 0, "allowed"),
        (submit("25", "--limit", "100"), "momentum", 3, "order_notional_max"),
        (submit("15", "--limit", "100"), "momentum", 4, "approvals approve"),
        (submit("5", "--limit", "100", "--agent", "momentum"), "ann", 0, "allowed"),
        (submit("5", "--limit", "100", "--strategy", "momentum"), "ann", 0, "allowed"),
        (submit("25", "--limit", "100", "--preview"), "momentum", 3, "would be denied"),
        (submit("5", "--limit", "100", "--preview"), "momentum", 0, "would be allowed"),
        (submit("5", "--limit", "100", "--agent", "reversion"), "momentum", 1, ""),
        (submit("5", "--limit", "100"), "ann", 2, ""),
        (submit("five", "--limit", "100"), "momentum", 2, ""),
        (submit("-5", "--limit", "100"), "momentum", 2, ""),
        (submit("5", "--limit", "1e2"), "momentum", 2, ""),
        (submit("0", "--limit", "100"), "momentum", 2, ""),
        (submit("5", "--limit", "100", "--tif", "forever"), "momentum", 2, ""),
        (submit("5", "--limit", "100", "--confidence", "2"), "momentum", 2, ""),
        (("order", "submit", "AAPL", "hold", "5"), "momentum", 2, ""),
        (("order", "submit", "NONE", "buy", "5", "--limit", "100"), "momentum", 3, "instrument_tradable"),
        (("order", "cancel", "abcd-999"), "ann", 1, ""),
        (("order", "show", "abcd-999"), "ann", 1, ""),
        (("why", "abcd-999"), "ann", 1, ""),
        (("order", "lst"), "ann", 2, ""),
        (("agent", "show", "nobody"), "ann", 1, ""),
        (("token", "list"), "momentum", 1, ""),
        (("kill",), "momentum", 1, ""),
        (("halt", "agent:momentum"), "ann", 2, ""),
        (("halt", "agent:nobody", "--why", "x"), "ann", 1, ""),
        (("positions",), "nobody-known", 1, ""),
        (("resume", "H-1-1", "--why", "x"), "ann", 1, ""),
        (("approvals", "approve", "abcd-1", "--yes"), "bob", 1, ""),
        (("mandate", "set", "--why", "x"), "ann", 2, ""),
        (("mandate", "set", "--preset", "starter"), "ann", 2, ""),
        (("mandate", "set", "--preset", "starter", "--why", "x"), "ann", 2, ""),
        (("mandate", "set", "--file", "absent.toml", "--why", "x"), "ann", 2, ""),
        (("mandate", "set", "--preset", "daring", "--why", "x", "--yes"), "ann", 1, ""),
        (("fact", "volume", "absent.csv"), "ann", 2, ""),
        (("instrument", "add", "absent.csv"), "ann", 2, ""),
        (("log", "--since", "long ago"), "ann", 2, ""),
    ],
)
def test_exit_codes(house: House, words: tuple[str, ...], who: str, code: int, said: str) -> None:
    found = house.run(*words, who=who)
    assert (found.code, said in found.out) == (code, True), (found.out, found.err)
    assert bool(found.err.strip()) == (code in (1, 2))
    told = house.run(*words, "--json", who=who)
    assert told.code == code
    if code in (1, 2):
        assert set(told.json["error"]) == {"code", "message", "fix"} and told.json["error"]["fix"]


def test_a_fault_is_a_code_what_happened_and_what_to_do(house: House) -> None:
    first, second = house.run("order", "show", "abcd-999").err.strip().splitlines()
    assert first == "unknown: order abcd-999 is not known"
    assert second == "  See `remit order list`."


def test_the_same_intent_gets_the_first_answer(house: House) -> None:
    words = (*submit("25", "--limit", "100", "--id", "mine"),)
    assert house.run(*submit("15", "--limit", "100", "--id", "held"), who="momentum").code == 4
    again = house.run(*submit("15", "--limit", "100", "--id", "held"), who="momentum")
    assert again.code == 4 and "decided before" in again.out
    assert house.run(*words, who="momentum").code == 3


def test_a_thought_travels_beside_the_order(house: House) -> None:
    assert house.run(*submit("5", "--limit", "100", "--thought", "it will rise"), who="momentum").code == 0
    assert house.handle.texts == ["it will rise"]
    assert all(b"it will rise" not in entry for entry in house.desk.journal)


def test_why_explains_a_denial_in_words_and_numbers(house: House) -> None:
    order = house.desk.submit(MOMENTUM, "25")
    out = house.run("why", order).out
    assert "denied" in out and "2500" in out and "2000" in out
    assert "order_notional_max: For an order that increases risk: " in out
    assert "  asked by momentum, agent\n" in out


def test_an_order_is_cancelled_and_shown(house: House) -> None:
    order = house.run(*submit("5", "--limit", "100", "--json"), who="momentum").json["decision"]["order"]
    assert "cancel" in house.run("order", "cancel", order, who="momentum").out
    out = house.run("order", "show", order).out
    assert "pending_cancel" in out and "reserved" in out


def test_a_working_order_is_replaced(house: House) -> None:
    order = house.desk.submit(MOMENTUM, "5")
    from remit.kernel.names import GUARD

    house.desk.do(GUARD, c.Sent(order=order))
    house.desk.do(GUARD, c.Acked(order=order))
    house.desk.do(ANN, c.SetCapability(agent="momentum", capability="replace_order", enabled=True))
    assert house.run("order", "replace", order, "--quantity", "6", "--limit", "99", who="momentum").code == 0
    assert house.run("order", "replace", order, "--quantity", "6", "--limit", "99", who="momentum").code == 1


# Approvals


def test_a_person_approves_what_was_shown(house: House) -> None:
    order = house.desk.submit(MOMENTUM, "15")
    held = house.run("approvals", "list", "--json", who="bob").json[0]
    assert list(held)[:3] == ["worth", "currency", "worst_price"]
    wrong = house.run("approvals", "approve", order, "--digest", "0" * 64, who="bob")
    assert wrong.code == 1 and "digest_mismatch" in wrong.err
    unasked = house.run("approvals", "approve", order, who="bob")
    assert unasked.code == 2 and "not_confirmed" in unasked.err
    done = house.run("approvals", "approve", order, "--digest", held["digest"][:12], who="bob")
    assert done.code == 0 and done.out.startswith("worth up to 1500 USD") and "allowed" in done.out


def test_a_person_declines(house: House) -> None:
    order = house.desk.submit(MOMENTUM, "15")
    assert house.run("approvals", "decline", order, "--why", "no", who="bob").code == 0
    assert house.run("order", "list", "--live", "--json").json == []


def test_an_agent_cannot_approve_its_own_order(house: House) -> None:
    order = house.desk.submit(MOMENTUM, "15")
    assert house.run("approvals", "approve", order, "--yes", who="momentum").code == 1


# Mandates


def test_a_preset_shows_what_it_changes_and_loosens_before_it_is_set(house: House) -> None:
    found = house.run("mandate", "set", "momentum", "--preset", "starter", "--why", "start", "--yes")
    assert found.code == 0
    assert "LOOSENS agent:momentum: market_exposure_max" in found.out or "LOOSENS agent:momentum" in found.out
    assert "order_notional_max" in found.out and "tighter" in found.out
    shown = house.run("mandate", "show", "momentum", "--json").json[0]
    assert (shown["number"], shown["preset"], shown["why"]) == (2, "starter", "start")


def test_a_file_is_set_and_exported_again(house: House, tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text('["account:desk"]\norder_notional_max = "1000"\n\n["agent:*"]\npositions_max = 3\n')
    found = house.run("mandate", "set", "--file", str(file), "--why", "file", "--yes", "--json").json
    assert {record["command"]["body"]["subject"] for record in found["set"]} == {
        "account:desk", "agent:momentum", "agent:reversion",
    }  # fmt: skip
    again = house.run("mandate", "set", "--file", str(file), "--why", "file", "--yes")
    assert again.code == 0 and "nothing would change" in again.out
    exported = tmp_path / "again.toml"
    exported.write_text(house.run("mandate", "export").out)
    assert "nothing would change" in house.run("mandate", "set", "--file", str(exported), "--why", "x", "--yes").out


def test_a_limit_that_binds_nothing_is_refused_before_anything_is_set(house: House, tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text('["account:desk"]\nposition_duplicate = "blocked"\n')
    before = len(house.desk.journal)
    found = house.run("mandate", "set", "--file", str(file), "--why", "x", "--yes")
    assert found.code == 2 and "position_duplicate" in found.err and len(house.desk.journal) == before


def test_a_wrong_file_names_line_and_field(house: House, tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text('["account:desk"]\norder_notional_mx = "1000"\n')
    found = house.run("mandate", "set", "--file", str(file), "--why", "x", "--yes")
    assert found.code == 2 and "limits.toml:2" in found.err and "order_notional_max" in found.err


def test_no_is_no(house: House) -> None:
    before = len(house.desk.journal)
    found = house.run("risk", "set", "--strategy", "momentum", "--preset", "starter", "--why", "x", given="n\n")
    assert found.code == 2 and len(house.desk.journal) == before


# Access, agents, stops, facts


def test_a_new_agent_can_trade_after_every_table_says_so(house: House) -> None:
    for words in (
        ("agent", "add", "fresh", "--account", "desk", "--connection", "paper1", "--enable", "place_order"),
        ("mandate", "set", "fresh", "--preset", "starter", "--why", "first day", "--yes"),
        ("grant", "list", "--agent", "fresh"),
        ("order", "submit", "AAPL", "buy", "1", "--limit", "99", "--agent", "fresh"),
        ("capability", "disable", "fresh", "place_order"),
    ):
        assert house.run(*words).code == 0, words
    # what a person places by hand is judged as the agent's all the same
    assert house.run("order", "submit", "AAPL", "buy", "1", "--limit", "98", "--agent", "fresh").code == 3
    assert house.run("grant", "remove", "fresh", "paper1").code == 0
    assert house.run("grant", "remove", "fresh", "nowhere").code == 1


def test_accounts_connections_clients_and_tokens_are_added(house: House) -> None:
    for words in (
        ("account", "add", "second", "--owner", "bob", "--currency", "USD"),
        ("connection", "add", "paper2", "--account", "second", "--venue", "paper", "--fee-bps", "5"),
        ("client", "add", "helper", "--agent", "momentum"),
        ("capability", "enable", "momentum", "replace_order"),
    ):
        assert house.run(*words).code == 0, words
    issued = house.run("token", "issue", "momentum", "--role", "agent", "--expires", "30d")
    assert issued.code == 0 and issued.out.splitlines()[-1] == "remit_shown_once"
    (token,) = house.run("token", "list", "--json").json
    assert token["owner"] == "ann" and token["expires_at"] - token["issued_at"] > 29 * 86_400 * 10**9
    assert house.run("token", "revoke", token["token"], "--why", "lost").code == 0
    assert house.run("token", "issue", "nobody", "--role", "agent").code == 1


def test_a_pause_and_a_halt_end_in_their_own_ways(house: House) -> None:
    assert house.run("agent", "pause", "momentum", "--why", "look").code == 0
    assert house.run("agent", "pause", "momentum", "--why", "look").code == 1
    assert house.run(*submit("1", "--limit", "99"), who="momentum").code == 3
    assert house.run("agent", "unpause", "momentum").code == 0
    killed = house.run("kill", "agent:momentum", "--why", "runaway", "--json").json
    halt = next(event["halt"] for event in killed["events"] if event["event"] == "halt_raised")
    assert house.run("resume", halt, "--why", "fine").code == 1
    assert house.run("agent", "review", "momentum", "--why", "looked").code == 0
    assert house.run("agent", "resume", "momentum", "--why", "fine").code == 0
    assert house.run(*submit("1", "--limit", "99"), who="momentum").code == 0


def test_a_firm_is_halted_and_resumed_from_the_top(house: House) -> None:
    assert house.run("halt", "--why", "news").code == 0
    shown = house.run("halt", "--list", "--json").json["halts"][0]
    assert (shown["subject"], shown["needs"]) == ("firm", "review")
    assert house.run("agent", "review", shown["id"], "--why", "over").code == 0
    assert house.run("resume", shown["id"], "--why", "over").code == 0


def test_instruments_and_facts_come_from_files(house: House, tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text("name,kind,venue,currency,category,tick,lot\nIBM,equity,paper,USD,us_equity,0.01,1\n")
    assert house.run("instrument", "add", str(file)).code == 0
    terms = tmp_path / "terms.csv"
    terms.write_text(
        "name,kind,venue,currency,category,tick,lot,jump_max_bps,exits_on\nBTC,perpetual,paper,USD,crypto,0.1,1,500,mark\n"
    )
    assert house.run("instrument", "add", str(terms)).code == 0
    bitcoin = house.desk.kernel.state.instruments["BTC"]
    assert (bitcoin.jump_max_bps, bitcoin.exits_on) == (500, "mark")
    terms.write_text(terms.read_text().replace("500", "5%"))
    assert "'5%' is not a whole number" in house.run("instrument", "add", str(terms)).err
    volume = tmp_path / "volume.csv"
    volume.write_text("instrument,average_daily\nIBM,5000\nAAPL,100\n")
    assert "2 volume facts" in house.run("fact", "volume", str(volume)).out
    assert [row["instrument"] for row in house.run("fact", "show", "--json").json["volume"]] == ["AAPL", "IBM"]
    volume.write_text("instrument,average_daily\nAAPL,200\nNOPE,5\n")
    found = house.run("fact", "volume", str(volume))
    assert found.code == 1 and "1 of 2 were taken" in found.err
    file.write_text("name,kind,venue,currency,category,tick,lot\nX,equity,paper,USD,us,0,1\n\nX,stock,paper\n")
    wrong = house.run("instrument", "add", str(file))
    assert wrong.code == 2 and "more.csv:2" in wrong.err and "more.csv:4" in wrong.err


# The log


def test_the_log_tells_one_entry_per_line(house: House) -> None:
    order = house.desk.submit(MOMENTUM, "25")
    out = house.run("log", "--order", order).out
    assert "denied" in out and "order_notional_max 2500 against 2000 USD" in out
    lines = house.run("log", "--json").out.splitlines()
    assert [json.loads(line)["command"]["seq"] for line in lines] == list(range(1, len(house.desk.journal) + 1))


def test_the_log_follows_from_where_it_stands(house: House) -> None:
    house.desk.submit(MOMENTUM, "5")
    found = house.run("log", "--limit", "1", "--follow", "--json")
    assert json.loads(found.out.splitlines()[0])["command"]["seq"] == len(house.desk.journal)


# The edges


def test_no_guard_is_a_named_fault(house: House, tmp_path: Path) -> None:
    found = house.run("positions", REMIT_SOCKET=str(tmp_path / "nobody.sock"))
    assert found.code == 1 and found.err.startswith("guard_not_running: ") and "remit up" in found.err


def test_no_token_is_a_named_fault(house: House) -> None:
    found = house.run("positions", who="")
    assert found.code == 1 and found.err.startswith("no_token: ")


def test_a_token_file_that_others_can_read_is_refused(house: House) -> None:
    file = house.folder / "operator.token"
    file.write_text("ann\n")
    file.chmod(0o644)
    assert house.run("positions", who="").err.startswith("open_to_others: ")
    file.chmod(0o600)
    assert house.run("positions", who="").code == 0


def test_a_wrong_setting_is_a_named_fault(house: House) -> None:
    assert house.run("positions", REMIT_ENVIRONMENT="Live").err.startswith("setting_invalid: ")


def test_a_fault_of_our_own_is_words_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the wheel came off")

    monkeypatch.setattr("remit.doors.cli.book.read", broken)
    found = house.run("positions")
    assert found.code == 1 and found.err.startswith("internal: remit failed in itself (RuntimeError: the wheel")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("plain", "plain"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("one\ntwo", "one\\ntwo"),
        ("\u202eevil", "\\u202eevil"),
        ("é", "é"),
    ],
)
def test_nothing_that_is_shown_can_steer_a_terminal(given: str, told: str) -> None:
    assert printable(given) == told


def test_what_an_agent_wrote_is_shown_as_text(house: House) -> None:
    house.desk.do(ANN, c.SetPause(subject="agent:momentum", paused=True, why="\x1b]0;owned\x07[bold]hi[/bold]"))
    out = house.run("halt", "--list").out
    assert "\x1b" not in out and "[bold]hi[/bold]" in out


def test_values_are_shown_as_people_read_them() -> None:
    assert when(1_700_000_000_000_000_000) == "2023-11-14T22:13:20Z"
    assert when(1_700_000_000_123_456_789) == "2023-11-14T22:13:20.123Z"
    assert when(10**40) == str(10**40)
    assert (cell("ready", True), cell("why", ""), cell("filled", None)) == ("yes", "-", "-")
    assert parse(Price, "1") == parse(Quantity, "1")
