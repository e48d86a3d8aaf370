"""Hostile texts where they are shown: nothing steers the terminal, nothing begins a line of its own."""

from __future__ import annotations

import io
import json
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import pytest
from rich.console import Console, ConsoleDimensions
from tests.doors.cli.house import COMMAND, House, Outcome
from tests.doors.cli.test_cli import READS
from tests.guard.desk import ANN, BOB, MOMENTUM
from tests.hostile.texts import FORGED, INVISIBLE, SAMPLES, TEXTS
from tests.up.test_story import OPERATOR, Told
from typer import Exit
from typer.testing import CliRunner

from remit.doors.cli import journal, show, whole
from remit.doors.cli.call import begin
from remit.doors.cli.main import app
from remit.guard import world
from remit.kernel import command as c
from remit.kernel.access import Tolerance
from remit.kernel.codec import build, encode, plain
from remit.kernel.effect import Alert
from remit.kernel.mandate import EMPTY
from remit.kernel.names import GUARD
from remit.kernel.numbers import Money, parse
from remit.kernel.printable import json_line, printable, without_odd
from remit.replay import command as replay
from remit.up.panels import Looked, line_text, view
from remit.up.words import alert_words
from remit.verify import Difference, Verdict

ROOT = Path(__file__).resolve().parents[2]
WHOLE = tuple(hostile for hostile in TEXTS if "broken" not in hostile.family)
"""Those that are text at all; halves of characters get no further than the caller's own machine."""
SHOWN = tuple(hostile for hostile in SAMPLES if "broken" not in hostile.family)
UNSEEN = set(INVISIBLE)


def check_inert(out: str, what: object = "") -> None:
    """No control, format or invisible character but the ends of lines, and no line that a text began."""
    for char in set(out) - {"\n"}:
        assert unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"), (what, ascii(char))
        assert char not in UNSEEN, (what, ascii(char))
    for line in out.splitlines():
        assert not line.strip(" │").startswith(FORGED), (what, line)


@pytest.fixture(autouse=True)
def caller() -> None:
    begin(None)


# What everything that prints goes by


def test_the_check_sees_what_it_must() -> None:
    for out in (
        "\x1b[31mred",
        "a\x9bb",
        "a\u202eb",
        "a\u200bb",
        "a\ufe0fb",
        "a\u3164b",
        f"a\n{FORGED}",
        "a\x7f",
        "a\rb",
    ):
        with pytest.raises(AssertionError):
            check_inert(out)


@pytest.mark.parametrize("family", sorted({hostile.family for hostile in TEXTS}))
def test_printable_text_is_inert_and_says_the_same(family: str) -> None:
    for hostile in TEXTS:
        if hostile.family == family:
            shown = printable(hostile.text)
            check_inert(shown, hostile)
            assert shown == hostile.text or shown != hostile.text.strip(), "what was changed can be seen"
            check_inert(without_odd(hostile.text), hostile)
            assert len(without_odd(hostile.text)) == len(hostile.text)


def test_a_line_of_json_is_one_line_and_means_the_same() -> None:
    for hostile in WHOLE:
        line = json_line({hostile.text: [hostile.text]})
        check_inert(line, hostile)
        assert "\n" not in line and json.loads(line) == {hostile.text: [hostile.text]}


def test_an_alert_is_one_line_of_json_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    for hostile in WHOLE:
        world._to_stderr(Alert("halt_person", "agent:momentum", hostile.text))
        err = capsys.readouterr().err
        check_inert(err, hostile)
        assert err.count("\n") == 1 and err.splitlines() == [err[:-1]]
        assert json.loads(err)["alert"]["why"] == hostile.text
        check_inert(alert_words(err), hostile)


def test_what_is_said_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for hostile in TEXTS:
        show.say(f"said: {hostile.text}")
        out = capsys.readouterr().out
        check_inert(out, hostile)
        assert (
            out == f"said: {printable(hostile.text)}\n" or out.rstrip() == f"said: {printable(hostile.text)}".rstrip()
        )


def test_markup_is_shown_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    for text in (
        "[red]ALLOWED[/red]",
        "[/]",
        "[link=https://evil.example]x[/link]",
        ":warning:",
        "**bold**",
        "\\[red]",
    ):
        show.say(text)
        show.facts({"why": text}, ("why",))
        show.rows([{"why": text, "id": "a"}], ("id", "why"), "", title=text)
        assert capsys.readouterr().out.count(text) == 4


@pytest.mark.parametrize("columns", ["40", "200"])
def test_a_table_of_texts_is_inert(capsys: pytest.CaptureFixture[str], columns: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    rows = [{"id": f"H-{number}", "why": hostile.text, "by": "ann"} for number, hostile in enumerate(TEXTS)]
    show.rows(rows, ("id", "why", "by"), "", under="by")
    check_inert(capsys.readouterr().out)


def test_a_fault_is_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    for hostile in TEXTS:
        with pytest.raises(Exit):
            whole._tell("unknown", f"{hostile.text} is not known", "Look again", 1, keep_lines=False)
        err = capsys.readouterr().err
        check_inert(err, hostile)
        assert err.count("\n") == 2
        whole._told_as_json("unknown", hostile.text, "Look again")
        out = capsys.readouterr().out
        check_inert(out, hostile)
        assert out.count("\n") == 1 and json.loads(out)["error"]["code"] == "unknown"


def test_what_verify_and_replay_say_is_inert(capsys: pytest.CaptureFixture[str]) -> None:
    verdict = Verdict("journal", 3, 1, "00", 1, 0, 0, True, ())
    for hostile in TEXTS:
        differs = Difference(4, "events[0].why", encode(printable(hostile.text)).decode(), hostile.text, hostile.text)
        for told in (
            msgspec.structs.replace(verdict, difference=differs, folder=hostile.text),
            msgspec.structs.replace(verdict, fault=hostile.text),
        ):
            journal._verdict(told, True, False)
        with pytest.raises(Exit):
            replay._fail("replay_refused", f"line 3: {hostile.text}", 2)
        said = capsys.readouterr()
        check_inert(said.out, hostile)
        check_inert(said.err, hostile)
        assert said.err.count("\n") == 1


def test_generated_and_written_pages_hold_nothing_unseen() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    assert len(pages) > 20
    for page in pages:
        check_inert(page.read_text(encoding="utf-8"), page.name)


# The screen of `remit up`


def drawn(told: Told, width: int, height: int, **looked: Any) -> str:
    console = Console(width=width, height=height, file=io.StringIO(), color_system=None)
    size = ConsoleDimensions(width, height)
    console.print(view(told.story, Looked(**without_odd(looked)), Path("/tmp/x"), size))
    out: str = console.file.getvalue()  # type: ignore[attr-defined]
    return out


def test_the_lines_of_the_screen_are_inert() -> None:
    told = Told()
    for hostile in WHOLE:
        if not hostile.text.strip():
            continue
        body = plain(c.Halt(subject="agent:rogue", why="x")) | {"why": hostile.text[:500]}
        new = told.say(OPERATOR, build(c.Body, body))  # type: ignore[arg-type]
        console = Console(width=400, file=io.StringIO(), color_system=None)
        for line in told.story.lines:
            console.print(line_text(line), soft_wrap=True)
        check_inert(console.file.getvalue(), hostile)  # type: ignore[attr-defined]
        for halted in tuple(told.kernel.state.halts):
            told.say(OPERATOR, c.Review(halt=halted, limit="person", why="seen"))
            told.say(OPERATOR, c.Resume(halt=halted, why="over"))
        told.story.lines.clear()
        del new


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 40)])
def test_the_screen_is_inert(width: int, height: int) -> None:
    for hostile in SHOWN[::3]:
        told = Told()
        told.say(OPERATOR, c.Halt(subject="agent:rogue", why=hostile.text or "x"))
        told.story.notes.append(without_odd(hostile.text))
        row = {"agent": "rogue", "instrument": "AAPL", "why": hostile.text, "reason": "quiet"}
        out = drawn(told, width, height, status={"unprotected": [row], "unfit": [row], "connections": []})
        check_inert(out, hostile)
        assert len(out.splitlines()) <= height + 1


# The command line, with texts in everything it can show


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    folder.chmod(0o700)
    made = House(folder)
    for number, hostile in enumerate(SHOWN):
        _say_everywhere(made, number, hostile.text)
    for hostile in SHOWN:
        made.desk.do(GUARD, c.External(connection="paper1", what=hostile.text))
    yield made
    made.close()


def _say_everywhere(house: House, number: int, text: str) -> None:
    """Let people, agents and venues write a text wherever a command has room for one."""
    desk = house.desk
    by = msgspec.structs.replace(ANN, door=text[:32])
    desk.do(by, c.SetMandate(subject="agent:reversion", mandate=EMPTY, why=text, preset=text))
    desk.do(by, c.SetPause(subject="agent:reversion", paused=True, why=text))
    desk.do(by, c.SetPause(subject="agent:reversion", paused=False, why=text))
    desk.do(by, c.SetTolerance(connection="paper1", tolerance=Tolerance(rounds=number + 1), why=text))
    started = c.KernelStarted(
        version=text, digest="0" * 64, clean=True, prefix="abcd", resumed_by=text, resumed_why=text
    )
    for body in (c.NoData(connection="paper1", why=text), started):
        desk.do(GUARD, body)
    cash = (("USD", parse(Money, "100000")),)
    asked = desk.kernel.state.seq
    desk.do(GUARD, c.Reconciled(connection="paper1", positions=(), cash=cash, orders=(), asked=asked))
    desk.do(GUARD, c.SetVenueState(connection="paper1", reconciled=True, link_up=True))
    desk.mark("100")
    order = desk.submit(MOMENTUM, "1")
    desk.do(GUARD, c.Rejected(order=order, code=text))
    order = desk.submit(MOMENTUM, "1")
    for body in (c.Acked(order=order, venue_order=text), c.Lost(order=order, why=text), c.Cancelled(order=order)):
        desk.do(GUARD, body)
    desk.do(BOB, c.Decline(order=desk.submit(MOMENTUM, "16"), why=text))


def run(house: House, *words: str, **environ: str) -> Outcome:
    """Run a verb as it would on a terminal: what colours it is not taken out of what it printed."""
    env = {
        "REMIT_HOME": str(house.folder),
        "REMIT_TOKEN": "ann",
        "REMIT_SOCKET": None,
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }
    with mock.patch("typer.testing._get_command", lambda _: COMMAND):
        found = CliRunner().invoke(app, list(words), env={**env, **environ}, color=True)
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return Outcome(found.exit_code, found.stdout, found.stderr)


VERBS = (
    *READS, ("log", "--limit", "1000"), ("log", "--kind", "halt"),
    ("mandate", "history", "--subject", "agent:reversion"), ("order", "list", "--limit", "1000"),
    ("order", "list", "--state", "rejected"),
)  # fmt: skip


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_every_verb_shows_texts_that_do_nothing(house: House, words: tuple[str, ...]) -> None:
    """In a wide and in a narrow terminal, and as JSON, where every text is there as it was written."""
    house.desk.do(ANN, c.Halt(subject="agent:reversion", why=SHOWN[VERBS.index(words) % len(SHOWN)].text or "x"))
    for environ in ({}, {"COLUMNS": "50"}):
        said = run(house, *words, **environ)
        check_inert(said.out, words)
        check_inert(said.err, words)
    told = run(house, *words, "--json")
    check_inert(told.out, words)
    for line in told.out.splitlines():
        json.loads(line)


def test_the_log_tells_every_text_as_it_was_written(house: House) -> None:
    told = run(house, "log", "--limit", "1000", "--from", "20", "--json").out
    whys = {json.loads(line)["command"]["body"].get("why") for line in told.splitlines()}
    assert len([hostile for hostile in SHOWN if hostile.text in whys]) > 25


def test_orders_are_shown_with_what_venues_and_people_said(house: House) -> None:
    orders = {record["order"] for record in json.loads(run(house, "order", "list", "--limit", "100", "--json").out)}
    for order in sorted(orders)[:12]:
        for words in (("order", "show", order), ("why", order), ("log", "--order", order)):
            said = run(house, *words)
            check_inert(said.out, words)
            assert said.code == 0


@pytest.mark.parametrize("hostile", SHOWN, ids=lambda hostile: hostile.family)
def test_a_halt_in_force_is_shown_whoever_wrote_its_reason(house: House, hostile: Any) -> None:
    for halt in house.desk.kernel.state.halted.get("agent:reversion", ()):
        house.desk.do(ANN, c.Review(halt=halt, limit="person", why="seen"))
        house.desk.do(ANN, c.Resume(halt=halt, why="over"))
    house.desk.do(ANN, c.Halt(subject="agent:reversion", why=hostile.text or "x"))
    for words in (("halt", "--list"), ("status",), ("agent", "show", "reversion")):
        said = run(house, *words)
        check_inert(said.out, (words, hostile))
    assert printable(hostile.text).strip()[:40] in run(house, "halt", "--list").out


TYPED = (
    ("{}",), ("--{}",), ("order", "{}"),
    ("order", "submit", "{}", "buy", "10", "--agent", "momentum", "--limit", "1"),
    ("order", "submit", "AAPL", "{}", "10"), ("order", "submit", "AAPL", "buy", "{}"),
    ("order", "list", "--state", "{}"), ("order", "list", "--limit", "{}"), ("halt", "{}", "--why", "x"),
    ("halt", "agent:momentum", "--why", "{}"), ("log", "--since", "{}"), ("why", "{}"), ("why", "{}", "--json"),
    ("verify", "{}"), ("mandate", "set", "{}"), ("fact", "load", "volume", "{}"),
    ("mandate", "show", "--agent", "{}"), ("agent", "show", "{}"), ("exit", "list", "--agent", "{}"),
    ("token", "revoke", "{}"), ("grant", "add", "{}", "paper1"), ("instrument", "add", "{}"),
    ("resume", "{}", "--why", "x"), ("risk", "show", "--agent", "{}"),
)  # fmt: skip


@pytest.mark.parametrize("words", TYPED, ids=" ".join)
def test_what_was_typed_is_told_inertly(house: House, words: tuple[str, ...]) -> None:
    for hostile in SAMPLES[::3]:
        if "\0" in hostile.text:
            continue  # no system hands a program such a word
        said = run(house, *(word.replace("{}", hostile.text) for word in words))
        check_inert(said.out, (words, hostile))
        check_inert(said.err, (words, hostile))
        assert "Traceback" not in said.err and "failed in itself" not in said.err, (words, hostile, said.err)


def test_files_with_texts_are_refused_in_lines_of_their_own(house: House, tmp_path: Path) -> None:
    for hostile in WHOLE[::9]:
        mandates, facts = tmp_path / "m.json", tmp_path / "f.jsonl"
        mandates.write_text(json.dumps({hostile.text: {}, "firm": {hostile.text: hostile.text}}))
        facts.write_text(json.dumps({"instrument": hostile.text, "average_daily": hostile.text, hostile.text: "1"}))
        for words in (("mandate", "set", str(mandates)), ("fact", "load", "volume", str(facts))):
            said = run(house, *words)
            check_inert(said.err, (words, hostile))
            assert said.code != 0


def test_the_clock_of_a_house_is_the_wall_clock(house: House) -> None:
    """Else the fixtures above would tell of days that no view looks at."""
    assert abs(house.desk.at - time.time_ns()) < 3600 * 10**9
