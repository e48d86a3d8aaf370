"""The documents say what the code says: generated pages are fresh, maps are complete, links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
import typer.main

from remit.doors.cli.main import app
from remit.doors.facts import FACTS
from remit.kernel.mandate import Mandate
from remit.kernel.rules.table import RULES

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "remit"
STANDARDS = ("15c3-5", "RTS 6 Art. ", "FIA", "FINRA 5210", "FINRA 4210", "Reg SHO", "LULD", "house")


def load_generator() -> ModuleType:
    path = ROOT / "scripts" / "make_docs.py"
    spec = importlib.util.spec_from_file_location("make_docs", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_docs"] = module
    spec.loader.exec_module(module)
    return module


GENERATOR = load_generator()


@pytest.mark.parametrize("name", GENERATOR.PAGES)
def test_a_generated_page_is_fresh(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == GENERATOR.PAGES[name](), f"docs/{name} is stale: run `make docs`"


def test_a_changed_page_counts_as_stale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for page in DOCS.glob("*.md"):
        (tmp_path / page.name).write_text(page.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(GENERATOR, "DOCS", tmp_path)
    before = GENERATOR.stale()
    presets = tmp_path / "presets.md"
    presets.write_text(presets.read_text(encoding="utf-8").replace("agent 100", "agent 1000"), encoding="utf-8")
    (tmp_path / "facts.md").unlink()
    assert set(GENERATOR.stale()) - set(before) == {"presets.md", "facts.md"}


def test_every_rule_has_its_anchor() -> None:
    anchors = re.findall(r"^### (\w+)$", (DOCS / "rules.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(anchors) == len(set(anchors))
    assert set(anchors) == {rule.name for rule in RULES}


def test_the_map_of_controls_and_the_table_of_rules_are_one() -> None:
    page = (DOCS / "controls.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    named = [name for name, _, _ in rows]
    assert len(named) == len(set(named))
    assert set(named) == {rule.name for rule in RULES}
    for name, clauses, _ in rows:
        for clause in clauses.split("; "):
            assert clause.startswith(STANDARDS), f"{name}: {clause} is no standard of the list"


def test_every_limit_of_a_mandate_is_a_rule_or_a_term_of_the_page() -> None:
    page = (DOCS / "rules.md").read_text(encoding="utf-8")
    for field in Mandate.__struct_fields__:
        assert f"### {field}\n" in page or f"| `{field}` |" in page, field


def test_what_a_fact_feeds_is_a_rule() -> None:
    names = {rule.name for rule in RULES}
    for fact in FACTS.values():
        assert set(fact.feeds) <= names, fact.verb


def test_the_command_line_is_walked_to_its_leaves() -> None:
    app, order = typer.Typer(help="The guard."), typer.Typer(help="Orders.")
    app.add_typer(order, name="order")

    @order.command()
    def submit(instrument: str, quantity: str = typer.Option(..., "--quantity", "-q", help="How many units.")) -> None:
        """Propose an order."""

    @order.command(hidden=True)
    def secret() -> None:
        """Not for the reference."""

    page = "\n".join(GENERATOR.command_entries(typer.main.get_command(app), "remit"))
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == ["remit", "remit order", "remit order submit"]
    assert "| `--quantity, -q` | How many units. | required |" in page
    assert "| `INSTRUMENT` |" in page and "secret" not in page and "completion" not in page


def anchors_of(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        goal = page.parent / file if file else page
        assert goal.exists(), f"{page.name} points to {target}"
        assert not anchor or anchor in anchors_of(goal), f"{page.name} points to {target}"


def test_the_architecture_names_files_that_are_there() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = [
        (folder, name)
        for row in re.findall(r"^\| (`.+`) \|", page, re.MULTILINE)
        for folder, names in re.findall(r"(kernel(?:/rules)?/)(.*)", row.replace("`", ""))
        for name in re.split(r"[,\s{}]+", names.replace(".py", "").replace("kernel/", ""))
        if name
    ]
    flow = re.findall(r"^(\w+)/(\w+)\.py  ", page, re.MULTILINE)
    tree = re.findall(r"^(\w+)/  ", page, re.MULTILINE)
    assert len(table) > 30 and len(flow) > 5 and len(tree) > 8
    for name in tree:
        assert (SOURCE / name).is_dir(), name
    for folder, name in [*table, *((f"{part}/", name) for part, name in flow)]:
        assert (SOURCE / folder / f"{name}.py").exists() or (SOURCE / folder / name.strip("/")).is_dir(), folder + name


def test_every_decision_is_listed() -> None:
    records = {path.name for path in (DOCS / "adr").glob("0*.md")}
    listed = set(re.findall(r"\]\((0\d+-[\w-]+\.md)\)", (DOCS / "adr" / "README.md").read_text(encoding="utf-8")))
    assert records == listed
    for name in records:
        text = (DOCS / "adr" / name).read_text(encoding="utf-8")
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequence")), name


def commands_of(page: Path) -> list[str]:
    """Each `remit ...` that a page shows, as it stands in a line of its own or within a sentence."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(r"^(?:\$ | {4})?(remit [^\n]*)$", text, re.MULTILINE) + re.findall(r"`(remit [^`\n]+)`", text)


COMMAND = typer.main.get_command(app)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_command_in_a_document_is_one(page: Path) -> None:
    for line in commands_of(page):
        command: Any = COMMAND
        words = shlex.split(line, comments=True)[1:]
        if words[0] == "--home":
            words = words[2:]
        while words and hasattr(command, "commands") and not words[0].startswith("-"):
            command = command.get_command(None, words.pop(0))
            assert command is not None, line
        options = {word.partition("=")[0].rstrip(".,") for word in words if word.startswith("--")}
        known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
        assert options <= known | {"--help"}, line
