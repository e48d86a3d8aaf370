"""Views of how book and venue agree, and of the prices that are not to be trusted now."""

from __future__ import annotations

from typing import Any

from remit.guard.views.access import ready_of
from remit.guard.views.looking import Looking, Unknown
from remit.kernel.codec import plain
from remit.kernel.drift import Drift, digest_of
from remit.kernel.fold_drift import tolerance_of
from remit.kernel.level import STANDS
from remit.kernel.names import subject
from remit.kernel.numbers import NANOSECONDS, text

Rows = list[dict[str, Any]]


def drifts(looking: Looking) -> Rows:
    """Every connection: when it was reconciled last, what differs, what a person kept, and its tolerance."""
    asked, state = looking.word("connection"), looking.state
    if asked is not None and not (asked in state.connections and looking.sees_connection(asked)):
        raise Unknown(f"connection {asked} is not known", "See `remit connection list`")
    seen = [name for name in sorted(state.connections) if looking.sees_connection(name)]
    return [_connection(looking, name) for name in seen if asked in (None, name)]


def _connection(looking: Looking, name: str) -> dict[str, Any]:
    state = looking.state
    at = state.reconciled_at.get(name)
    return {
        "connection": name,
        "account": state.connections[name].account,
        "venue": state.connections[name].venue,
        **ready_of(looking, name),
        "reconciled_at": at,
        "age_s": None if at is None else max(looking.at - at, 0) // NANOSECONDS,
        "silent": state.silent.get(name, 0),
        "shown": digest_of(state.drifts.get(name, ())),
        "drifts": [drift_row(drift) for drift in state.drifts.get(name, ())],
        "kept": [
            {"kind": kind, "item": item, "difference": text(kept)}
            for (of, kind, item), kept in sorted(state.kept.items())
            if of == name
        ],
        "unknown": [
            {"order": order, "since": since, "age_s": max(looking.at - since, 0) // NANOSECONDS}
            for order, since in state.unknown.get(name, {}).items()
        ],
        "halts": list(state.halted.get(subject("connection", name), ())),
        "tolerance": tolerance(looking, name),
    }


def tolerance(looking: Looking, name: str) -> dict[str, Any]:
    """Return how far a connection may drift, every field said."""
    known = tolerance_of(looking.state, name)
    return {field: plain(getattr(known, field)) for field in known.__struct_fields__}


def drift_row(drift: Drift) -> dict[str, Any]:
    """Return one difference with how much more the venue shows than the book."""
    return {"why": "", "rounds": 0, **plain(drift), "difference": text(drift.difference)}


def unfit(looking: Looking) -> Rows:
    """Every instrument whose price is not to be trusted now, and why; nothing opens in it."""
    return [
        {"instrument": name, "reason": found.reason, "since": found.since, "why": found.why}
        for name, found in sorted(looking.state.unfit.items())
    ]


def levels(looking: Looking) -> Rows:
    """Every limit that is near (from 80 %) or exceeded, of the subjects that may be seen."""
    words = {stands: word for word, stands in STANDS.items()}
    return [
        {"subject": of, "rule": rule, "per": dimension, "of": name, "level": words[stands]}
        for (of, rule, dimension, name), stands in sorted(looking.state.levels.items())
        if looking.sees_subject(of)
    ]
