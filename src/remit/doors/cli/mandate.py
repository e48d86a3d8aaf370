"""`remit mandate`: the limits in force, their history, and new ones, with what they change and loosen shown first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from remit.doors import mandate_file
from remit.doors.cli import proposals, show
from remit.doors.cli.call import (
    Agent,
    Fault,
    Json,
    Why,
    Yes,
    caller,
    confirm,
    enter,
    make,
    noun,
    now,
    read,
    span_s,
    subject_of,
)
from remit.doors.cli.report import JOURNAL
from remit.doors.mandate_file import mandate_of, render
from remit.kernel.codec import build, plain
from remit.kernel.command import SetMandate
from remit.kernel.mandate import Mandate

app = noun("Limits: see, set, check, compare, and what waits for a second person.")
for _name, _verb in proposals.VERBS.items():
    app.command(_name)(_verb)

Subject = Annotated[str | None, typer.Argument(help="firm, account:NAME, agent:NAME or client:NAME; an agent's name.")]
Blocked = Annotated[str | None, typer.Option(help="Instruments nobody may open, with commas; '' for none.")]
Calendar = Annotated[str | None, typer.Option(help="The exchange's calendar, for presets that need one.")]
File = Annotated[Path | None, typer.Option("--file", help="A mandate file (.toml or .json).")]
Preset = Annotated[str | None, typer.Option(help="A preset: see `remit mandate presets`.")]


@app.command(name="show")
def show_(
    subject: Subject = None,
    effective: Annotated[bool, typer.Option("--effective", help="What binds an agent in sum, along its path.")] = False,
    agent: Agent = None,
    client: Annotated[str | None, typer.Option(help="The client it acts through.")] = None,
    json: Json = False,
) -> None:
    """Show the mandates in force, as a mandate file would say them; or, in sum, what binds one agent.

    ```
    remit mandate show
    remit mandate show account:desk
    remit mandate show --effective --agent momentum
    ```
    """
    if effective:
        name = agent or (subject.removeprefix("agent:") if subject else read("self")["agent"])
        if not name:
            raise typer.BadParameter("say for which agent", param_hint="--agent")
        _effective(read("effective", agent=name, client=client))
        return
    found = read("mandates", subject=subject_of(subject or f"agent:{agent}") if subject or agent else None)
    if show.json(found):
        return
    for row in found:
        if row["mandate"] is None:
            show.say(f"# {row['subject']} has no mandate: every order of it is denied", "red")
            continue
        preset = f", preset {row['preset']}" if row["preset"] else ""
        until = f", until {show.when(row['expires_at'])}" if row["expires_at"] else ""
        over = "" if row["in_force"] else ", EXPIRED: every order of it is denied"
        at, by = show.when(row["at"]), row["by"]["name"]
        show.say(f"# version {row['number']} of {at} by {by}: {row['why']}{preset}{until}{over}", "dim")
        for line in render({row["subject"]: build(Mandate, row["mandate"])}).splitlines():
            show.say(line)
        show.say("")


def _effective(found: dict[str, Any]) -> None:
    if show.json(found):
        return
    show.say(f"what binds {' > '.join(found['path'])}", "bold")
    for written in found["missing"]:
        show.say(f"{written} has no mandate: every order is denied", "red")
    rows = [
        {**row, "rule": row["limit"], "from": ", ".join(f"{one['subject']} {one['value']}" for one in row["from"])}
        for row in found["limits"]
    ]
    show.rows(rows, ("rule", "effective", "unit", "per", "from"), "no limit is set")


@app.command(name="set")
def set_(
    subject: Annotated[
        list[str] | None, typer.Argument(help="Whose; without it, everyone the file or preset is for.")
    ] = None,
    agent: Agent = None,
    file: File = None,
    preset: Preset = None,
    why: Why = "",
    calendar: Calendar = None,
    blocked: Blocked = None,
    expires: Annotated[str | None, typer.Option(help="For how long, such as 8h or 30d.")] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Publish mandates from a preset or a file. What changes and what it loosens is shown first.

    ```
    remit mandate set --preset starter --why "first account"
    remit mandate set account:desk --file desk.toml --why "tighter for the weekend" --expires 3d
    ```
    """
    if not why.strip():
        raise typer.BadParameter("say why, for the history", param_hint="--why")
    drafts = _drafts(
        [subject_of(one) for one in (*(subject or ()), *([agent] if agent else ()))], file, preset, calendar, blocked
    )
    expires_at = None if expires is None else now() + span_s(expires, "--expires") * 10**9
    given = {written: plain(mandate) for written, mandate in drafts.items()}
    compared = read("compared", mandates=given, expires_at=dict.fromkeys(given, expires_at))
    changed = [row for row in compared if row["changes"] or row["number"] is None]
    misplaced = [f"{row['subject']}: {field}" for row in compared for field in row["unread"]]
    if misplaced:
        raise Fault("misplaced_limit", f"these bind nothing where they stand: {', '.join(misplaced)}", "Move them", 2)
    if not changed:
        if not show.json({"set": [], "changes": compared}):
            show.say("nothing would change")
        return
    _show_changes(changed, read("lint", mandates={row["subject"]: plain(drafts[row["subject"]]) for row in changed}))
    confirm(_question(changed), yes)
    records = []
    for row in changed:
        written = row["subject"]
        terms = {"why": why, "expires_at": expires_at, "preset": preset or "", "after": row["number"] or 0}
        records.append(enter(make(SetMandate, subject=written, mandate=drafts[written], **terms)))
        proposal = proposals.waits(records[-1])
        if proposal:
            show.say(f"{written}: waits for a second person: remit mandate confirm {proposal}", "yellow")
        else:
            show.say(f"{written}: published, entry {records[-1]['command']['seq']}", "green")
    show.json({"set": records, "changes": changed})


def _question(changed: list[dict[str, Any]]) -> str:
    asked = sorted({row["second_person"] for row in changed if row["second_person"]})
    if asked:
        return f"This loosens limits, and {', '.join(asked)} asks for a second person. Propose it?"
    return "This loosens limits. Publish all the same?" if any(row["loosens"] for row in changed) else "Publish?"


def _drafts(
    subjects: list[str], file: Path | None, preset: str | None, calendar: str | None, blocked: str | None
) -> dict[str, Mandate]:
    """Return the mandates to publish, by subject; wrong usage where the two sources are mixed or none is given."""
    if (file is None) == (preset is None):
        raise typer.BadParameter("give one of --preset NAME and --file FILE")
    if preset is not None:
        names = None if blocked is None else [name.strip() for name in blocked.split(",") if name.strip()]
        found = read("composed", preset=preset, subjects=subjects or None, calendar=calendar, blocked=names)
        return {written: build(Mandate, mandate) for written, mandate in found.items()}
    assert file is not None
    said = mandate_file.read(file)
    known = [row["subject"] for row in read("mandates")]
    for written in said:
        if not written.endswith(f":{mandate_file.EVERY}") and written not in known:
            raise Fault(
                "unknown", f"{file} speaks of {written}, which does not exist", "Add it first, or correct it", 2
            )
    drafts = {}
    for written in subjects or known:
        mandate = mandate_of(said, written)
        if mandate is not None:
            drafts[written] = mandate
        elif subjects:
            raise Fault("not_in_file", f"{file} says nothing of {written}", "Add a table for it", 2)
    return drafts


def _show_changes(changed: list[dict[str, Any]], notes: list[dict[str, Any]]) -> None:
    for row in changed:
        before = "no mandate" if row["number"] is None else f"version {row['number']}"
        fields = [
            {**change, **{side: _said(change["field"], change[side]) for side in ("before", "after")}}
            for change in row["changes"]
        ]
        if not caller().json:
            show.rows(fields, ("field", "before", "after", "way"), "", title=f"{row['subject']} (now: {before})")
            if row["number"] is None and not fields:
                show.say(
                    f"{row['subject']} (now: no mandate) gets the empty mandate, which constrains nothing", "yellow"
                )
            if row["loosens"]:
                show.say(f"  LOOSENS {row['subject']}: {', '.join(row['loosens'])}", "red")
    for note in notes:
        show.say(f"{note['weight']}: {note['sentence']} {note['fix']}", "yellow" if note["weight"] == "warning" else "")


def _said(field: str, value: Any) -> Any:
    """Return a value of a change as it is shown: a time as one, and no end as that."""
    return _short(value) if field != "expires_at" else "never" if value is None else show.when(value)


def _short(value: Any) -> Any:
    return f"{value['count']} per {value['per_s']} s" if isinstance(value, dict) else value


@app.command()
def lint(
    file: Annotated[
        Path | None, typer.Argument(help="A mandate file, as if it were published; else what is in force.")
    ] = None,
    preset: Preset = None,
    calendar: Calendar = None,
    blocked: Blocked = None,
    json: Json = False,
) -> None:
    """Say where limits contradict each other, can never bind, or allow nothing. Exit 0 also where there are notes.

    ```
    remit mandate lint
    remit mandate lint desk.toml
    remit mandate lint --preset institutional --calendar XNYS --blocked ""
    ```
    """
    drafts = {} if file is None and preset is None else _drafts([], file, preset, calendar, blocked)
    given = {written: plain(mandate) for written, mandate in drafts.items()} or None
    found = read("lint", mandates=given, preset=True if preset else None)
    if show.json(found):
        return
    for note in found:
        show.say(f"{note['weight']}: {note['subject']} {', '.join(note['fields'])}", "bold")
        show.say(f"  {note['sentence']} {note['fix']}")
    if not found:
        show.say("nothing to note")


@app.command(name="what-if")
def what_if_(
    subject: Annotated[list[str] | None, typer.Argument(help="Whose; without it, all that the file is for.")] = None,
    file: File = None,
    preset: Preset = None,
    calendar: Calendar = None,
    blocked: Blocked = None,
    since: Annotated[str, typer.Option(help="How far back, such as 12h or 30d.")] = "7d",
    json: Json = False,
) -> None:
    """Judge the orders of the last days again under a draft, as things stood when each came, and say which verdicts
    turn. Nothing changes.

    ```
    remit mandate what-if --file desk.toml
    remit mandate what-if agent:momentum --file tighter.toml --since 30d
    remit mandate what-if --preset institutional --calendar XNYS --blocked "" --json
    ```
    """
    from remit.whatif import WhatIfRefused, what_if  # noqa: PLC0415 - the whole kernel, which no other verb needs

    drafts = _drafts([subject_of(one) for one in subject or ()], file, preset, calendar, blocked)
    journal, from_at = caller().settings.home / JOURNAL, now() - span_s(since, "--since") * 10**9
    try:
        found = what_if(journal, drafts, from_at, agents={row["name"] for row in read("agents")})
    except WhatIfRefused as refused:
        raise Fault(refused.code, refused.what, refused.do) from None
    if show.json(plain(found)):
        return
    rows = [{**plain(flip), "why": ", ".join(one.rule for one in flip.findings)} for flip in found.flips]
    if rows:
        show.rows(rows, ("at", "order", "agent", "instrument", "side", "quantity", "was", "would", "why"), "")
    show.say(
        f"{found.judged} orders since {show.when(found.from_at)}: {found.tighter} would be judged more strictly, "
        f"{found.looser} less"
    )
    for halt in found.needless:
        under = "no limit" if not halt.would else halt.would
        show.say(
            f"  {halt.orders} stayed denied by halt {halt.halt} of {halt.subject}: {halt.rule} stood at {halt.actual}, "
            f"the limit was {halt.limit}; with {under} it would not have been raised. What followed it is not replayed",
            "yellow",
        )


@app.command()
def presets(name: Annotated[str | None, typer.Argument(help="Only this one.")] = None, json: Json = False) -> None:
    """Show the presets, value by value.

    ```
    remit mandate presets
    remit mandate presets starter
    ```
    """
    found = [row for row in read("presets") if name in (None, row["preset"])]
    if not found:
        raise typer.BadParameter(f"there is no preset {name!r}", param_hint="NAME")
    if show.json(found):
        return
    for row in found:
        show.say(f"{row['preset']}: {row['purpose']}", "bold")
        if row["needs"]:
            show.say(f"  needs {' and '.join('--' + need for need in row['needs'])}")
        settings = [{**setting, "value": _short(setting["value"])} for setting in row["settings"]]
        show.rows(settings, ("scope", "field", "value", "where"), "")
        show.say("")


@app.command()
def history(subject: Subject = None, agent: Agent = None, json: Json = False) -> None:
    """Show every version of a mandate: who, when, why, and what changed.

    ```
    remit mandate history account:desk
    remit mandate history --agent momentum
    ```
    """
    found = read("history", subject=subject_of(subject or f"agent:{agent}") if subject or agent else None)
    if show.json(found):
        return
    for row in found:
        show.say(
            f"{row['subject']} version {row['number']}  {show.when(row['at'])}  {row['by']['name']}: {row['why']}",
            "bold",
        )
        for field, (before, after) in row["changed"].items():
            show.say(f"  {field}: {show.cell(field, _said(field, before))} -> {show.cell(field, _said(field, after))}")
        show.say(f"  digest {row['digest'][:16]}")
    if not found:
        show.say("no mandate was ever set")


Form = Literal["toml", "json"]


@app.command()
def export(
    form: Annotated[Form, typer.Option("--form", help="toml or json.")] = "toml", subject: Subject = None
) -> None:
    """Print the mandates in force as a mandate file, to be changed and set again.

    ```
    remit mandate export > mandates.toml
    ```
    """
    found = read("mandates", subject=subject_of(subject) if subject else None)
    said = {row["subject"]: build(Mandate, row["mandate"]) for row in found if row["mandate"] is not None}
    typer.echo(render(said, form), nl=False)
