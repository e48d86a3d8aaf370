"""The summary: what a run came to, for people and as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from remit.kernel.numbers import Money, parse
from remit.reports.words import money
from remit.up.desk import AGENTS, CHANGES, PRESET, Files
from remit.up.panels import Looked
from remit.up.story import Story
from remit.up.words import command

VERIFY_S = 120
RULES_TOLD = 6
COUNTED = ("orders", "allowed", "held", "denied", "refused", "repeated")
"""The first is the sum of the others."""


class Summary(NamedTuple):
    """What a run came to. `agents`, `rules` and `exits` (triggered, by leg) are counts; `journal` says whether it
    verified."""

    days: tuple[str, str]
    agents: dict[str, dict[str, Any]]
    rules: dict[str, dict[str, int]]
    exits: dict[str, int]
    halts: list[dict[str, str]]
    held: list[dict[str, str]]
    tried: dict[str, Any]
    journal: dict[str, Any]
    home: Path


def summarise(story: Story, looked: Looked, files: Files, journal: dict[str, Any], home: Path) -> Summary:
    """Return the summary of a run that has ended."""
    agents = {}
    for name in AGENTS:
        tally, row = story.tally(name), looked.agents.get(name, {})
        agents[name] = {
            "orders": sum(tally.verdicts[verdict] for verdict in ("allow", "hold", "deny", "refused", "repeated")),
            "allowed": tally.verdicts["allow"],
            "held": tally.verdicts["hold"],
            "lapsed": tally.lapsed,
            "denied": tally.verdicts["deny"],
            "refused": tally.verdicts["refused"],
            "repeated": tally.verdicts["repeated"],
            "pnl": row.get("pnl", "0"),
            "currency": row.get("currency", ""),
        }
    return Summary(
        days=(story.days[0], story.days[-1]) if story.days else ("", ""),
        agents=agents,
        rules={name: dict(tally.rules.most_common()) for name, tally in story.tallies.items() if tally.rules},
        exits=dict(story.triggered.most_common()),
        halts=[{"subject": h.subject, "cause": h.cause, "why": h.why} for h in story.all_halts],
        held=[{"agent": h.line.who, "order": h.order, "what": h.line.what, "state": h.line.state} for h in story.held],
        tried=_tried(files.tried),
        journal=journal,
        home=home,
    )


def written(summary: Summary) -> dict[str, Any]:
    """Return the summary as plain values."""
    return {**summary._asdict(), "home": str(summary.home), "days": list(summary.days)}


def _tried(path: Path) -> dict[str, Any]:
    """What the rogue wrote down: how many attempts, and those that did not end as they must."""
    if not path.exists():
        return {"attempts": 0, "as_expected": 0, "not_as_expected": []}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    wrong = [line for line in lines if not line["as_expected"]]
    return {"attempts": len(lines), "as_expected": len(lines) - len(wrong), "not_as_expected": wrong}


async def verified(home: Path) -> dict[str, Any]:
    """Let `remit verify` check the journal that the run left: signatures, tree, and every verdict decided again."""
    words = (sys.executable, "-P", "-m", "remit", "--home", str(home), "verify", "--json")
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(VERIFY_S):
            out, err = await process.communicate()
    except (TimeoutError, asyncio.CancelledError) as fault:
        process.kill()
        await process.wait()
        if isinstance(fault, asyncio.CancelledError):
            raise
        return {"verified": False, "why": f"not within {VERIFY_S} s"}
    try:
        said: dict[str, Any] = json.loads(out)[0]
    except (ValueError, LookupError):
        return {"verified": False, "why": (err or out).decode("utf-8", "replace").strip()[-300:]}
    return {**said, "verified": process.returncode == 0}


def begin_text(home: Path, address: str = "", *, again: bool = False) -> RenderableType:
    """Return what the demo is, where HTTP is served, and which limits differ from the preset, with the reason of
    each; where it goes on `again`, limits are what people made of them since."""
    lines = [
        f"Remit demo, in training, in {home}: recorded prices, a paper venue, and the agents {', '.join(AGENTS)}.",
        *([f"HTTP at {address}, its API at {address}/v1/openapi.json; sign in with"] if address else []),
        *([f"  {command(home)} open"] if address else []),
    ]
    if again:
        lines.append("It goes on where it was, with the limits that it has now: remit mandate show")
    else:
        lines.append(f"Their limits are the {PRESET} preset (remit mandate presets) with these changes:")
        lines += [f"  {change.subject} {change.field} = {change.words}: {change.why}" for change in CHANGES]
    return Text("\n".join([*lines, ""]))


def summary_text(summary: Summary) -> RenderableType:
    """Return the summary for people."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("agent", *COUNTED, "profit and loss"):
        table.add_column(name, justify="left" if name == "agent" else "right")
    for name, row in summary.agents.items():
        counts = (str(row[key]) for key in COUNTED)
        table.add_row(name, *counts, f"{money(parse(Money, row['pnl']))} {row['currency']}")
    parts: list[RenderableType] = [
        Text(f"\nRemit demo: prices of {summary.days[0]} to {summary.days[1]}, in training\n", "bold"),
        table,
    ]
    parts += [Text(line) for line in _facts(summary)]
    return Group(*parts)


def _facts(summary: Summary) -> list[str]:
    lines = ["", "What stopped them:" if summary.rules else "Nothing was stopped."]
    for agent, rules in summary.rules.items():
        told = [f"{rule} {count}" for rule, count in rules.items()]
        more = f" and {len(told) - RULES_TOLD} others" if len(told) > RULES_TOLD else ""
        lines.append(f"  {agent}: {', '.join(told[:RULES_TOLD])}{more}")
    lines += [f"Halt of {halt['subject']} ({halt['cause']}): {halt['why']}" for halt in summary.halts]
    if summary.exits:
        counts = ", ".join(f"{leg} {count}" for leg, count in summary.exits.items())
        lines.append(f"Exits that triggered, and that the guard closed: {counts}")
    ends = Counter((held["agent"], held["state"].partition(" at ")[0]) for held in summary.held)
    lines += [f"Held for a person: {agent} {count} ({state})" for (agent, state), count in ends.items()]
    tried = summary.tried
    if tried["attempts"]:
        lines.append(f"The rogue made {tried['attempts']} attempts; {tried['as_expected']} ended as they must")
        lines += [f"  NOT: {wrong['tried']}: {wrong['verdict']}" for wrong in tried["not_as_expected"]]
    return [*lines, "", _journal(summary.journal), f"It is in {summary.home} and stays there; look further with"]


def further_text(summary: Summary) -> RenderableType:
    """Return the commands to look further with, each to be copied as one line."""
    held = summary.held[0]["order"] if summary.held else "ORDER"
    call = command(summary.home)
    return Text(f"  {call} why {held}\n  {call} verify\n  {call} log")


def _journal(journal: dict[str, Any]) -> str:
    if not journal["verified"]:
        return f"The journal was NOT verified: {journal.get('why', journal)}"
    count, decisions = journal.get("count", 0), journal.get("decisions", 0)
    again = f"{count:,} entries, {decisions:,} orders decided again with the same verdict"
    return f"The journal verifies: {again}, root {journal.get('root', '')}"
