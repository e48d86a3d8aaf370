"""The rules of the house, read from the source itself: what no type checker and no style checker can see."""

from __future__ import annotations

import ast
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.kernel.mandate import LIMITS, Mandate
from remit.kernel.rules.table import RULES

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "remit"
FILES = sorted(SRC.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8"), str(path)) for path in FILES}

# What the kernel may import beside itself. None of it has a clock, chance, a file, a socket or the environment.
KERNEL_IMPORTS = {
    "__future__", "abc", "ast", "bisect", "collections", "dataclasses", "enum", "fractions", "functools", "hashlib",
    "heapq", "itertools", "msgspec", "operator", "re", "remit", "string", "textwrap", "types", "typing",
}
# Outside the kernel, but where the guard's World hands in time and chance all the same.
CLOCK_AND_CHANCE = {"time", "datetime", "random", "secrets", "uuid", "zoneinfo", "logging"}
WIRE_AND_MACHINE = {"os", "socket", "ssl", "asyncio", "select", "selectors", "subprocess", "threading", "urllib"}
# `hash` of text and `id` differ from one process to the next: a replay would too.
KERNEL_CALLS_NOT = {"open", "print", "input", "hash", "id", "breakpoint", "eval", "exec", "__import__"}

# Exceptions, each with the reason a stranger accepts. An entry that is no longer needed fails.
ALLOWED = {
    ("kernel/rules/subset.py", "inspect"): "a measurement is read as the source it was written in, once, at import",
    ("venues/paper/server.py", "asyncio"): "the paper venue is a process of its own, not a codec",
    ("venues/paper/server.py", "os"): "the same: the mode of its socket",
    ("venues/paper/server.py", "socket"): "the same: its socket",
    ("venues/paper/server.py", "time"): "the same: a venue has its own clock",
    ("venues/paper/__main__.py", "asyncio"): "the same: its entrance",
    ("kernel/rules/generate.py", "exec"): "the evaluator is made from checked measurements, never from input",
}
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
LONG: dict[str, str] = {}

BANNED_NAMES = {"util", "utils", "helper", "helpers", "manager", "managers", "service", "services", "common"}
# Written in two parts, so that this file does not hold what it looks for.
FOREIGN = [
    a + b
    for a, b in [
        ("pypi", ".org"), ("python", "hosted.org"), ("registry.", "npmjs"), ("registry.", "yarnpkg"),
        ("proxy.", "golang"), ("crates", ".io"), ("--find", "-links "), ("--index", "-url "),
        ("/wo", "rk/"), ("/ro", "ot/"), ("/tmp/", "bash"),
    ]
]


def short(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


def part(name: str) -> dict[Path, ast.Module]:
    """The modules of one part of remit; asking for a part that is empty is a mistake of the test."""
    found = {path: tree for path, tree in TREES.items() if path.is_relative_to(SRC / name)}
    assert found, f"no source in {name}"
    return found


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every imported module by its first name, with its line, wherever in the file it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "remit" if node.level else (node.module or "").split(".")[0]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def unexcused(path: Path, name: str) -> bool:
    return (short(path), name) not in ALLOWED


def tracked() -> list[Path]:
    """Every file of the project: those git knows, or in an unpacked release, those of the folders it is made of."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]
    found = (path for name in ("src", "tests", "docs", "requirements", "scripts") for path in (ROOT / name).rglob("*"))
    return [path for path in found if path.is_file() and path.suffix != ".pyc"]


def test_kernel_imports_only_what_has_no_outside() -> None:
    found = [
        f"{short(path)}:{line} imports {name}"
        for path, tree in part("kernel").items()
        for line, name in imports(tree)
        if name not in KERNEL_IMPORTS and unexcused(path, name)
    ]
    assert found == []
    assert KERNEL_IMPORTS - {"msgspec", "remit"} <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("name", "banned"), [("journal", CLOCK_AND_CHANCE), ("venues", CLOCK_AND_CHANCE | WIRE_AND_MACHINE)]
)
def test_time_chance_and_the_network_enter_through_the_guard(name: str, banned: set[str]) -> None:
    found = [
        f"{short(path)}:{line} imports {module}"
        for path, tree in part(name).items()
        for line, module in imports(tree)
        if module in banned and unexcused(path, module)
    ]
    assert found == []


def test_kernel_has_no_float_and_calls_nothing_outside() -> None:
    found = []
    for path, tree in part("kernel").items():
        for node in ast.walk(tree):
            match node:
                case ast.Constant(value=float() | complex()):
                    found.append(f"{short(path)}:{node.lineno} is a float")
                case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                    found.append(f"{short(path)}:{node.lineno} divides into a float")
                case ast.Name(id="float" | "complex" as name):
                    found.append(f"{short(path)}:{node.lineno} uses {name}")
                case ast.Call(func=ast.Name(id=name)) if name in KERNEL_CALLS_NOT and unexcused(path, name):
                    found.append(f"{short(path)}:{node.lineno} calls {name}")
    assert found == []


def test_every_exception_is_still_needed() -> None:
    present = {
        (short(path), name)
        for path, tree in TREES.items()
        for name in [*(name for _, name in imports(tree)), *(n.id for n in ast.walk(tree) if isinstance(n, ast.Name))]
    }
    assert set(ALLOWED) <= present
    assert set(LONG) <= set(lengths())


def test_nothing_is_called_bypass() -> None:
    found = []
    for path in FILES:
        with path.open("rb") as source:
            for token in tokenize.tokenize(source.readline):
                if token.type == tokenize.NAME and "bypass" in token.string.lower():
                    found.append(f"{short(path)}:{token.start[0]} {token.string}")
    assert found == []


def test_no_module_is_named_after_nothing() -> None:
    found = [short(path) for path in FILES if BANNED_NAMES & set(path.relative_to(SRC).with_suffix("").parts)]
    assert found == []


def test_no_address_of_a_registry_and_no_path_of_a_machine() -> None:
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(ROOT)} holds {word!r}" for word in FOREIGN if word in text]
    assert found == []


def lengths() -> dict[str, str]:
    """What is longer than the house allows: place -> how long."""
    long = {}
    for path, tree in TREES.items():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > FILE_LINES_MAX:
            long[short(path)] = f"{lines} lines, at most {FILE_LINES_MAX}"
        for node in functions(tree):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                long[f"{short(path)}:{node.name}"] = f"{lines} lines, at most {FUNCTION_LINES_MAX}"
    return long


def test_files_and_functions_are_short() -> None:
    assert {place: says for place, says in lengths().items() if place not in LONG} == {}


@pytest.mark.parametrize("name", ["kernel", "journal"])
def test_what_is_public_says_what_it_promises(name: str) -> None:
    found = []
    for path, tree in part(name).items():
        if ast.get_docstring(tree) is None:
            found.append(f"{short(path)} has no docstring")
        for node in tree.body:
            public = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name[0] != "_"
            if public and ast.get_docstring(node) is None:
                found.append(f"{short(path)}:{node.lineno} {node.name} has no docstring")
    assert found == []


def test_no_fault_is_swallowed() -> None:
    found = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            match node:
                case ast.ExceptHandler(type=None) | ast.ExceptHandler(body=[ast.Pass()]):
                    found.append(f"{short(path)}:{node.lineno}")
    assert found == []


def test_every_rule_has_a_limit_or_is_standing() -> None:
    """One word everywhere: a rule is the name of its measurement and of the mandate's field that limits it."""
    for rule in RULES:
        assert rule.name == rule.measure.__name__
        assert rule.standing != (rule.name in Mandate.__struct_fields__), rule.name
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_every_rule_has_an_anchor_and_a_table_of_cases() -> None:
    """A rule that nobody can look up, or that no table tries inside and outside its limit, is not a control."""
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    tables = (ROOT / "tests" / "kernel" / "rules").glob("test_*.py")
    cases = "".join(path.read_text(encoding="utf-8") for path in tables)
    for rule in RULES:
        assert f"### {rule.name}\n" in page, rule.name
        assert f'"{rule.name}"' in cases, rule.name


def test_every_limit_has_a_rule() -> None:
    """A limit that no rule reads would be a promise nobody keeps; the quorum is the second half of its own rule."""
    assert set(LIMITS) - {rule.name for rule in RULES} == {"approval_quorum"}
