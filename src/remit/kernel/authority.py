"""Authority: which role may enter which command. No agent can widen its own remit: nothing that widens is in its
row."""

from __future__ import annotations

from remit.kernel import command as c
from remit.kernel import tokens
from remit.kernel.command import Command
from remit.kernel.names import HUMAN, Role
from remit.kernel.scope import refusal_of_scope
from remit.kernel.state import State

OPERATORS: frozenset[Role] = frozenset({"operator"})
OWNERS: frozenset[Role] = frozenset({"operator", "owner"})
"""An owner enters only what is of their own accounts or below: kernel/scope.py says of each command what that is."""
PEOPLE: frozenset[Role] = frozenset({"operator", "owner", "approver"})
GUARD: frozenset[Role] = frozenset({"guard"})
FEEDS: frozenset[Role] = frozenset({"feed", "operator", "guard"})
CALLERS: frozenset[Role] = frozenset({"agent", "client"})
TRADERS: frozenset[Role] = frozenset({"agent", "client", "operator", "owner", "guard"})
SET_UP: frozenset[Role] = frozenset({"operator", "guard"})
"""The guard itself enters what it derives (sessions, calendars) and the very first operator token."""

AUTHORITY: dict[type, frozenset[Role]] = {
    **dict.fromkeys((c.KernelStarted, c.KernelStopped, c.Tick, c.ClockFault, c.SnapshotTaken, c.Woke, c.Acted), GUARD),
    c.Alarmed: GUARD,
    **dict.fromkeys(
        (
            c.SetFirm,
            c.AddAccount,
            c.AddConnection,
            c.AddPerson,
            c.SetPerson,
            c.AddCallback,
            c.RemoveCallback,
            c.SetTolerance,
            c.SetKey,
            c.Adopt,
            c.SetVolume,
            c.SetLocate,
            c.SetShortRestriction,
            c.SetMargin,
            c.Resolve,
            c.Split,
            c.Dividend,
            c.Funding,
        ),
        OPERATORS,
    ),
    **dict.fromkeys((c.AddAgent, c.AddClient, c.SetGrant, c.SetCapability), OWNERS),
    c.RevokeToken: OWNERS | GUARD,
    **dict.fromkeys((c.SetMandate, c.Review, c.Resume), OWNERS),
    **dict.fromkeys((c.AddInstrument, c.SetSessions, c.SetCalendar, c.SetBalance), SET_UP),
    **dict.fromkeys((c.IssueToken, c.Ask), SET_UP | OWNERS),
    **dict.fromkeys((c.Marked, c.SetTradingState), FEEDS),
    **dict.fromkeys((c.Submit, c.Replace, c.Cancel, c.DeclareParent, c.SetExit, c.DropExit), TRADERS),
    **dict.fromkeys((c.ConfirmChange, c.DropChange), PEOPLE),
    **dict.fromkeys((c.Approve, c.Decline, c.Preapprove, c.RevokePreapproval, c.SetPause), PEOPLE),
    c.Halt: PEOPLE | GUARD,
    **dict.fromkeys((c.Noted, c.MeterSpend), CALLERS),
    c.ReportSpend: CALLERS | OWNERS,
    c.SettleSpend: OWNERS,
    **dict.fromkeys(
        (
            c.Quiet,
            c.Sent,
            c.Unencodable,
            c.Withdrawn,
            c.Acked,
            c.Rejected,
            c.Lost,
            c.Filled,
            c.Cancelled,
            c.Expired,
            c.CancelRefused,
            c.Replaced,
            c.ReplaceRefused,
            c.External,
            c.Reconciled,
            c.NoData,
            c.Busted,
            c.SetVenueState,
            c.CancelAll,
            c.Arm,
            c.Answered,
            c.SignedIn,
            c.SignInFailed,
            c.CredentialSet,
        ),
        GUARD,
    ),
}


def refusal_of(state: State, command: Command) -> tuple[str, str] | None:
    """Return why a principal may not enter a command, as (code, what to do); None where it may."""
    by = command.by
    if by.token:
        grant = state.tokens.get(by.token)
        fault = tokens.worthless(state, by.token, command.at)
        if grant is None or fault is not None:
            return fault
        if (grant.role, grant.name, grant.owner) != (by.role, by.name, by.owner):
            return "token_mismatch", "this token stands for somebody else"
    if by.role not in AUTHORITY[type(command.body)] and not tokens.is_own(state, command):
        return (
            "not_authorised",
            f"the role {by.role} may not do this; it takes {' or '.join(sorted(AUTHORITY[type(command.body)]))}",
        )
    person = state.people.get(by.name) if by.role in HUMAN else None
    if person is not None and (person.disabled or person.role != by.role):
        return "person_out", f"{by.name} may not act as {by.role} any more; ask an operator"
    return refusal_of_scope(state, command) if by.role == "owner" else None
