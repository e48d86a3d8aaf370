"""Words of commands: what somebody entered beside orders, each in one plain sentence. `who` is who entered it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remit.kernel import command as c
from remit.kernel.exit_words import terms_words
from remit.kernel.rules.said import span, subject_words, title
from remit.reports.words import at_words, figure, money

Words = Callable[[str, Any], str]


def deed_words(who: str, body: c.Body) -> str:
    """Return what a command does, in one sentence without a full stop; empty for one that has no words of its own."""
    words = DEEDS.get(type(body))
    return "" if words is None else words(who, body)


def _started(who: str, body: c.KernelStarted) -> str:
    resumed = f"; {body.resumed_by} resumed the journal: {body.resumed_why}" if body.resumed_by else ""
    after = "a clean stop" if body.clean else "a crash"
    return f"the guard started after {after}, version {body.version}{resumed}"


def _halted(who: str, body: c.Halt) -> str:
    flat = " and has its positions closed" if body.flatten else ""
    return f"{who} {'kills' if body.kill else 'halts'} {subject_words(body.subject)}{flat}"


def _published(who: str, body: c.SetMandate) -> str:
    preset = f", from the preset {body.preset}" if body.preset else ""
    until = "" if body.expires_at is None else f", in force until {at_words(body.expires_at)}"
    return f"{who} publishes a mandate for {subject_words(body.subject)}{preset}{until}"


def _preapproved(who: str, body: c.Preapprove) -> str:
    what = ", ".join((*body.instruments, *body.categories)) or "nothing"
    total = "" if body.total_max is None else f", {money(body.total_max)} in all"
    return (
        f"{who} lets agent {body.agent} open orders of up to {money(body.notional_max)} in {what}{total} without being "
        f"asked, until {at_words(body.ends_at)} (preapproval {body.id})"
    )


def _issued(who: str, body: c.IssueToken) -> str:
    grant = body.grant
    until = "" if grant.expires_at is None else f", good until {at_words(grant.expires_at)}"
    return f"{who} issues token {grant.token} for {grant.role} {grant.name}{until}"


def _venue(who: str, body: c.SetVenueState) -> str:
    link = "its link is open" if body.link_up else "its link is down"
    return f"{body.connection}: {link}, {'reconciled' if body.reconciled else 'not reconciled'}"


def _person(who: str, body: c.SetPerson) -> str:
    return f"{who} shuts {body.name} out" if body.disabled else f"{who} gives {body.name} the role {body.role}"


def _resolved(who: str, body: c.Resolve) -> str:
    return f"market {body.market} is resolved: {body.outcome}"


def _answered(who: str, body: c.Answered) -> str:
    asked = "cancel everything" if body.to == "cancel_all" else "cancel by itself if it hears nothing"
    return f"{body.connection} was told to {asked}: " + (f"refused, {body.code}" if body.code else "done")


def _caller(body: c.MeterSpend | c.ReportSpend) -> str:
    return f"client {body.client}" if body.client else f"agent {body.agent}"


def _cost(cost: int | None, before: str) -> str:
    return "at a price that is not known" if cost is None else f"{before}{money(cost)} USD"


def _credential(who: str, body: c.CredentialSet) -> str:
    verb = "takes away" if body.removed else "sets"
    return f"{body.by_person or who} {verb} the {body.credential} of {body.person}"


DEEDS: dict[type, Words] = {
    c.KernelStarted: _started,
    c.KernelStopped: lambda who, body: "the guard stopped cleanly",
    c.ClockFault: lambda who, body: f"the wall clock jumped by {seconds(body.jump_ns)}; openings are closed",
    c.Woke: lambda who, body: f"nothing was watched for {seconds(body.slept_ns)}",
    # orders
    c.Approve: lambda who, body: f"{who} approves order {body.order}",
    c.Decline: lambda who, body: f"{who} declines order {body.order}",
    c.Cancel: lambda who, body: f"{who} asks to cancel order {body.order}",
    c.CancelRefused: lambda who, body: f"the venue did not cancel order {body.order}: {body.code}",
    c.SetExit: lambda who, body: (
        f"{who} sets an exit on {body.instrument} of agent {body.agent}: {terms_words(body.terms)}"
    ),
    c.DropExit: lambda who, body: f"{who} takes exit {body.exit} away",
    c.DeclareParent: lambda who, body: (
        f"{who} declares a parent order of agent {body.agent}: {body.side} {figure(body.quantity)} {body.instrument}"
    ),
    # what stops
    c.SetPause: lambda who, body: (
        f"{who} {'pauses' if body.paused else 'ends the pause of'} {subject_words(body.subject)}"
    ),
    c.Halt: _halted,
    c.Review: lambda who, body: f"{who} reviewed halt {body.halt} at {body.limit}",
    c.Resume: lambda who, body: f"{who} ends halt {body.halt}",
    # who may do what
    c.SetFirm: lambda who, body: f"{who} founds the house; it counts in {body.currency}",
    c.AddAccount: lambda who, body: (
        f"{who} adds account {body.account.name} of {body.account.owner}: {body.account.environment}, "
        f"in {body.account.currency}"
    ),
    c.AddConnection: lambda who, body: (
        f"{who} connects account {body.connection.account} with {body.connection.venue} as {body.connection.name}: "
        f"{body.connection.environment}"
    ),
    c.AddAgent: lambda who, body: f"{who} adds agent {body.agent.name} to account {body.agent.account}",
    c.AddClient: lambda who, body: f"{who} adds client {body.client.name} to agent {body.client.agent}",
    c.SetGrant: lambda who, body: (
        f"agent {body.agent} {'may' if body.granted else 'may no longer'} use {body.connection}"
    ),
    c.SetCapability: lambda who, body: (
        f"agent {body.agent} {'may' if body.enabled else 'may no longer'} {title(body.capability)}"
    ),
    c.IssueToken: _issued,
    c.RevokeToken: lambda who, body: f"{who} revokes token {body.token}",
    c.AddPerson: lambda who, body: f"{who} adds {body.person.name} as {body.person.role}",
    c.SetPerson: _person,
    c.SignedIn: lambda who, body: f"{body.person} signed in with a {body.factor}",
    c.SignInFailed: lambda who, body: "somebody could not sign in" + (f" as {body.person}" if body.person else ""),
    c.CredentialSet: _credential,
    c.AddCallback: lambda who, body: f"{who} gives {body.key.person} a key for approval pages, {body.key.id}",
    c.RemoveCallback: lambda who, body: f"{who} takes the key {body.callback} of an approval page away",
    c.SetKey: lambda who, body: f"{who} gives {body.key.connection} a new key, number {body.key.generation}",
    # limits
    c.SetMandate: _published,
    c.ConfirmChange: lambda who, body: f"{who} confirms change {body.proposal}: it is in force",
    c.DropChange: lambda who, body: f"{who} drops change {body.proposal}: it never takes effect",
    c.Preapprove: _preapproved,
    c.RevokePreapproval: lambda who, body: f"{who} ends preapproval {body.id}",
    c.SetTolerance: lambda who, body: (
        f"{who} says how far book and venue of {body.connection} may differ: {money(body.tolerance.floor)} or "
        f"{money(body.tolerance.share_bps * 10**16)} %, for {span(body.tolerance.window_s)}"
    ),
    # facts
    c.AddInstrument: lambda who, body: (
        f"{who} adds instrument {body.instrument.name} ({body.instrument.kind}) at {body.instrument.venue}"
    ),
    c.SetCalendar: lambda who, body: (
        f"{who} says when {body.calendar} is open, from {at_words(body.begins_at)} to {at_words(body.ends_at)}"
    ),
    c.SetVolume: lambda who, body: f"{body.instrument} trades {figure(body.average_daily)} units on an average day",
    c.SetLocate: lambda who, body: (
        f"{figure(body.quantity)} {body.instrument} are located to borrow at {body.connection}, until "
        f"{at_words(body.expires_at)}"
    ),
    c.SetShortRestriction: lambda who, body: (
        f"{body.instrument} is {'under a' if body.restricted else 'under no'} short-sale restriction"
    ),
    c.SetTradingState: lambda who, body: f"{body.instrument} is {title(body.state)}",
    c.SetVenueState: _venue,
    c.SetBalance: lambda who, body: f"{body.connection} has {money(body.amount)} {body.currency} in cash",
    c.Resolve: _resolved,
    c.Split: lambda who, body: f"{body.instrument} is split: {body.new} for {body.old}",
    c.Dividend: lambda who, body: f"{body.instrument} pays a dividend of {figure(body.amount)} each",
    c.Funding: lambda who, body: f"{body.instrument} pays funding of {figure(body.amount)} each",
    c.SetMargin: lambda who, body: f"{body.instrument} takes {figure(body.initial * 100, 2)} % of its worth as margin",
    # calls of models
    c.MeterSpend: lambda who, body: (
        f"{_caller(body)} calls {body.model} of {body.provider}, {_cost(body.cost_max, 'at most ')}"
    ),
    c.ReportSpend: lambda who, body: (
        f"{_caller(body)} called {body.model} of {body.provider}, {_cost(body.cost, 'for ')}"
    ),
    c.SettleSpend: lambda who, body: f"{who} says that model call {body.id} did cost {money(body.cost)} USD",
    # book and venue
    c.Answered: _answered,
    c.External: lambda who, body: f"{body.connection} tells of something that was not placed here: {body.what}",
    c.NoData: lambda who, body: f"{body.connection} gave no account of what it holds",
    c.Busted: lambda who, body: f"the venue takes fill {body.fill} of order {body.order} back",
    c.Adopt: lambda who, body: f"{who} says for {body.connection} that the {body.truth} is right",
}
"""What has no words here is told by its name and what it names."""


def seconds(ns: int) -> str:
    """Return nanoseconds as a length of time: `3 min 20 s`; below a second to the hundredth."""
    return f"{figure(ns * 10**9, 2)} s" if abs(ns) < 10**9 else span(abs(ns) // 10**9)
