"""What is done with exits: set on a position, moved, dropped."""

from __future__ import annotations

from remit.kernel import command as c
from remit.kernel.numbers import BPS
from remit.testing.sim.actors.deed import Doing, deed
from remit.testing.sim.actors.drawing import any_of, drawn_terms, whole_lots
from remit.testing.sim.firm import CLIENTS, OPERATORS, TRADERS, agent_of
from remit.testing.sim.stage import Stage


@deed("trade", 6, TRADERS, "sets an exit on a position")
async def set_exit(stage: Stage, doing: Doing) -> str:
    """Stop-loss, take-profit, trailing stop, in any combination, for the whole position or a part."""
    held = await stage.see(doing.who, "positions")
    rows = [row for row in (held or {}).get("positions", ()) if row["quantity"] != "0"]
    row = any_of(doing.chance, rows)
    if row is None:
        return ""
    quantity = stage.number(row["quantity"])
    terms = drawn_terms(stage, doing.chance, row["instrument"], "buy" if quantity > 0 else "sell")
    if doing.chance.random() < 0.3:
        part = whole_lots(stage.instruments[row["instrument"]], abs(quantity) * 5_000 // BPS)
        terms = stage.with_quantity(terms, part)
    body = c.SetExit(
        id=stage.name(doing.chance, "x"),
        agent=agent_of(doing.who),
        connection=row["connection"],
        instrument=row["instrument"],
        terms=terms,
        client=doing.who if doing.who in CLIENTS else "",
    )
    return f"{row['instrument']}: {(await stage.ask(doing.who, body)).words}"


@deed("trade", 4, (*TRADERS, *OPERATORS), "moves an exit")
async def move_exit(stage: Stage, doing: Doing) -> str:
    """Nearer or further; an agent may only make its stops tighter."""
    row = any_of(doing.chance, await stage.see(doing.who, "exits"))
    if row is None:
        return ""
    entry = "buy" if row["side"] == "sell" else "sell"
    body = c.SetExit(
        id=row["exit"],
        agent=row["agent"],
        connection=row["connection"],
        instrument=row["instrument"],
        terms=drawn_terms(stage, doing.chance, row["instrument"], entry),
        client=doing.who if doing.who in CLIENTS else "",
    )
    return f"{row['exit']}: {(await stage.ask(doing.who, body)).words}"


@deed("trade", 3, (*TRADERS, *OPERATORS), "takes an exit away")
async def drop_exit(stage: Stage, doing: Doing) -> str:
    """One that bounds a loss goes only by a person."""
    row = any_of(doing.chance, await stage.see(doing.who, "exits"))
    if row is None:
        return ""
    return f"{row['exit']}: {(await stage.ask(doing.who, c.DropExit(exit=row['exit']))).words}"
