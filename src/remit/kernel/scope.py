"""An owner's scope: which accounts are theirs, what hangs below those, and what of it each command may touch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remit.kernel import command as c
from remit.kernel.access import TokenGrant
from remit.kernel.command import Command
from remit.kernel.event import BY_PEOPLE
from remit.kernel.names import FIRM, Principal, split_subject
from remit.kernel.state import State

NOT_YOURS = ("not_yours", "it is not of your own accounts, or does not exist; ask an operator")
"""What an owner is told of everything else: the two are told alike."""


# What belongs to whom


def owns_account(state: State, owner: str, account: str) -> bool:
    """Whether an account is an owner's."""
    found = state.accounts.get(account)
    return found is not None and found.owner == owner


def owns_agent(state: State, owner: str, agent: str) -> bool:
    """Whether an agent belongs to an account of an owner."""
    found = state.agents.get(agent)
    return found is not None and owns_account(state, owner, found.account)


def owns_client(state: State, owner: str, client: str) -> bool:
    """Whether a client acts through an agent of an owner's account."""
    found = state.clients.get(client)
    return found is not None and owns_agent(state, owner, found.agent)


def owns_connection(state: State, owner: str, connection: str) -> bool:
    """Whether a connection belongs to an account of an owner."""
    found = state.connections.get(connection)
    return found is not None and owns_account(state, owner, found.account)


def owns_subject(state: State, owner: str, written: str) -> bool:
    """Whether a subject is an owner's account or below it. The firm, venues and instruments are nobody's."""
    try:
        scope, name = split_subject(written)
    except ValueError:
        return False
    owns = {"account": owns_account, "agent": owns_agent, "client": owns_client, "connection": owns_connection}
    return scope in owns and owns[scope](state, owner, name)


def concerns(state: State, owner: str, written: str) -> bool:
    """Whether what is said of a subject binds an owner too: it is theirs, the firm, or a venue where they trade."""
    if written == FIRM or owns_subject(state, owner, written):
        return True
    scope, _, name = written.partition(":")
    return scope == "venue" and any(
        connection.venue == name and owns_account(state, owner, connection.account)
        for connection in state.connections.values()
    )


def owns_order(state: State, owner: str, order: str) -> bool:
    """Whether a live or lately finished order is of an owner's agent."""
    found = state.order(order)
    return found is not None and owns_account(state, owner, found.account)


def owns_exit(state: State, owner: str, exit: str) -> bool:
    """Whether an exit is of an owner's agent."""
    found = state.exits.get(exit)
    return found is not None and owns_agent(state, owner, found.agent)


def owns_token(state: State, owner: str, token: str) -> bool:
    """Whether a token is of an agent or client of an owner's accounts."""
    grant = state.tokens.get(token)
    return grant is not None and _is_of_machine(state, owner, grant)


def owns_grant(state: State, by: Principal, grant: TokenGrant) -> bool:
    """Whether a token is an owner's own, or of one of their agents or clients."""
    own = (grant.role, grant.name, grant.owner) == (by.role, by.name, by.owner)
    return own or _is_of_machine(state, by.lineage, grant)


def _is_of_machine(state: State, owner: str, grant: TokenGrant) -> bool:
    if grant.role == "agent":
        return owns_agent(state, owner, grant.name)
    return grant.role == "client" and owns_client(state, owner, grant.name)


# What an owner may enter


def refusal_of_scope(state: State, command: Command) -> tuple[str, str] | None:
    """Return why an owner may not enter a command that their role may, as (code, what to do); None where they may."""
    may = OWNERS[type(command.body)]
    return None if may(state, command.by, command.body) else NOT_YOURS


def _of_agent(state: State, by: Principal, body: Any) -> bool:
    return owns_agent(state, by.lineage, body.agent)


def _of_subject(state: State, by: Principal, body: Any) -> bool:
    return owns_subject(state, by.lineage, body.subject)


def _of_order(state: State, by: Principal, body: Any) -> bool:
    return owns_order(state, by.lineage, body.order)


def _add_agent(state: State, by: Principal, body: c.AddAgent) -> bool:
    return owns_account(state, by.lineage, body.agent.account) and body.agent.owner == by.lineage


def _add_client(state: State, by: Principal, body: c.AddClient) -> bool:
    return owns_agent(state, by.lineage, body.client.agent)


def _grant(state: State, by: Principal, body: c.SetGrant) -> bool:
    return owns_agent(state, by.lineage, body.agent) and owns_connection(state, by.lineage, body.connection)


def _issue(state: State, by: Principal, body: c.IssueToken) -> bool:
    """An owner stands behind every token that they issue: nobody makes themselves a second person."""
    return body.grant.owner == by.lineage and _is_of_machine(state, by.lineage, body.grant)


def _revoke(state: State, by: Principal, body: c.RevokeToken) -> bool:
    grant = state.tokens.get(body.token)
    return grant is not None and owns_grant(state, by, grant)


def _pause(state: State, by: Principal, body: c.SetPause) -> bool:
    """What somebody else paused, an owner does not start again."""
    fact = None if body.paused else state.pauses.get(body.subject)
    return _of_subject(state, by, body) and (fact is None or fact.by.lineage == by.lineage)


def _end_halt(state: State, by: Principal, body: c.Review | c.Resume) -> bool:
    """What somebody else stopped, an owner does not start again; what a limit stopped, they may."""
    fact = state.halts.get(body.halt)
    return (
        fact is not None
        and owns_subject(state, by.lineage, fact.subject)
        and (fact.cause not in BY_PEOPLE or fact.by_owner == by.lineage)
    )


def _submit(state: State, by: Principal, body: c.Submit) -> bool:
    intent = body.intent
    return (
        owns_agent(state, by.lineage, intent.agent)
        and owns_connection(state, by.lineage, intent.connection)
        and (not body.client or owns_client(state, by.lineage, body.client))
    )


def _set_exit(state: State, by: Principal, body: c.SetExit) -> bool:
    return (
        owns_agent(state, by.lineage, body.agent)
        and owns_connection(state, by.lineage, body.connection)
        and (body.id not in state.exits or owns_exit(state, by.lineage, body.id))
    )


def _drop_exit(state: State, by: Principal, body: c.DropExit) -> bool:
    return owns_exit(state, by.lineage, body.exit)


def _ask(state: State, by: Principal, body: c.Ask) -> bool:
    of_order = not body.order or owns_order(state, by.lineage, body.order)
    return of_order and owns_connection(state, by.lineage, body.connection)


def _revoke_preapproval(state: State, by: Principal, body: c.RevokePreapproval) -> bool:
    found = state.preapprovals.get(body.id)
    return found is not None and owns_agent(state, by.lineage, found.agent)


def _of_proposal(state: State, by: Principal, body: c.ConfirmChange | c.DropChange) -> bool:
    found = state.proposals.get(body.proposal)
    return found is not None and owns_subject(state, by.lineage, found.subject)


def _report_spend(state: State, by: Principal, body: c.ReportSpend) -> bool:
    return owns_agent(state, by.lineage, body.agent) and (
        not body.client or owns_client(state, by.lineage, body.client)
    )


OWNERS: dict[type, Callable[[State, Principal, Any], bool]] = {
    c.AddAgent: _add_agent,
    c.AddClient: _add_client,
    c.SetGrant: _grant,
    c.SetCapability: _of_agent,
    c.IssueToken: _issue,
    c.RevokeToken: _revoke,
    c.SetMandate: _of_subject,
    c.ConfirmChange: _of_proposal,
    c.DropChange: _of_proposal,
    c.Submit: _submit,
    c.Replace: _of_order,
    c.Cancel: _of_order,
    c.DeclareParent: _of_agent,
    c.SetExit: _set_exit,
    c.DropExit: _drop_exit,
    c.Approve: _of_order,
    c.Decline: _of_order,
    c.Preapprove: _of_agent,
    c.RevokePreapproval: _revoke_preapproval,
    c.SetPause: _pause,
    c.Halt: _of_subject,
    c.Review: _end_halt,
    c.Resume: _end_halt,
    c.Ask: _ask,
    c.ReportSpend: _report_spend,
    c.SettleSpend: _of_agent,
}
"""Everything an owner may enter, each with what it must not reach beyond; what is not here, no owner enters."""
