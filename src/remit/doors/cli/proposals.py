"""`remit mandate proposals`, `confirm` and `drop`: changes that loosen and wait for a second person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from remit.doors.cli import show
from remit.doors.cli.call import Fault, Json, Why, Yes, caller, confirm, enter, make, read, subject_of
from remit.kernel.command import ConfirmChange, DropChange

Proposal = Annotated[str, typer.Argument(metavar="PROPOSAL", help="The change's id, such as C-1207.")]


def proposals(
    subject: Annotated[str | None, typer.Argument(help="Only of this subject, or agent.")] = None, json: Json = False
) -> None:
    """Show the changes that wait for a second person, and what each of them loosens.

    ```
    remit mandate proposals
    remit mandate proposals account:desk
    ```
    """
    found = read("proposals", subject=subject_of(subject) if subject else None)
    if show.json(found):
        return
    for row in found:
        _show(row)
    if not found:
        show.say("no change waits")


def confirm_(proposal: Proposal, yes: Yes = False, json: Json = False) -> None:
    """Let a change take effect that somebody else proposed. It is shown first, and is what you confirm.

    ```
    remit mandate confirm C-1207
    ```
    """
    row = _one(proposal)
    if not caller().json:
        _show(row)
    if row["stale"]:
        raise Fault(
            "mandate_changed", f"another version of {row['subject']} came between", f"remit mandate drop {proposal}"
        )
    confirm("Let it take effect?", yes)
    record = enter(make(ConfirmChange, proposal=proposal, digest=row["digest"]))
    if not show.json(record):
        show.say(f"{row['subject']}: published, entry {record['command']['seq']}", "green")


def drop(proposal: Proposal, why: Why, json: Json = False) -> None:
    """Take a change away that waits for a second person; it never takes effect.

    ```
    remit mandate drop C-1207 --why "not now"
    ```
    """
    record = enter(make(DropChange, proposal=proposal, why=why))
    if not show.json(record):
        show.say(f"{proposal}: dropped")


def waits(record: dict[str, Any]) -> str:
    """Return the proposal that a mandate became; empty where it took effect."""
    return next((str(event["proposal"]) for event in record["events"] if event["event"] == "proposed"), "")


def _one(proposal: str) -> dict[str, Any]:
    for row in read("proposals"):
        if row["proposal"] == proposal:
            return dict(row)
    raise Fault("unknown_proposal", f"no change {proposal} waits", "See `remit mandate proposals`")


def _show(row: dict[str, Any]) -> None:
    lapses = f"lapses in {row['expires_in_s'] // 60} min"
    show.say(f"{row['proposal']}  {row['subject']}  by {row['by']['name']}: {row['why']}  ({lapses})", "bold")
    fields = [{**change, **{at: _short(change[at]) for at in ("before", "after")}} for change in row["changes"]]
    show.rows(fields, ("field", "before", "after", "way"), "  no field changes")
    show.say(f"  LOOSENS {row['subject']}: {', '.join(row['loosens'])}", "red")
    if row["stale"]:
        show.say("  another version came between: it cannot take effect any more", "yellow")
    elif row["yours_counts"]:
        show.say(f"  confirm it: remit mandate confirm {row['proposal']}")


def _short(value: Any) -> Any:
    return f"{value['count']} per {value['per_s']} s" if isinstance(value, dict) else value


VERBS: dict[str, Callable[..., None]] = {"proposals": proposals, "confirm": confirm_, "drop": drop}
