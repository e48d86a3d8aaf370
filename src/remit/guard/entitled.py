"""Entitled: which capability an agent, or a client through its agent, needs before it is told anything."""

from __future__ import annotations

from remit.guard.errors import GuardError
from remit.kernel.access import VIEW_NEEDS, Capability
from remit.kernel.names import Principal
from remit.kernel.state import State

FOLLOW: tuple[Capability, ...] = ("list_orders",)
PREVIEW: tuple[Capability, ...] = ("preview_order",)
THOUGHT: tuple[Capability, ...] = ("record_thought",)


class CapabilityOff(GuardError):
    """The capability that this takes is switched off for the agent."""

    code = "capability_off"


def agent_of(state: State, by: Principal) -> str:
    """Return the agent that a trader is or acts through; empty for everybody else."""
    if by.role == "agent":
        return by.name
    client = state.clients.get(by.name) if by.role == "client" else None
    return "" if client is None else client.agent


def may_use(state: State, by: Principal, capability: Capability) -> bool:
    """Whether a trader's agent has a capability; everybody else needs none."""
    return by.role not in ("agent", "client") or (agent_of(state, by), capability) in state.capabilities


def check_view(state: State, by: Principal, view: str) -> None:
    """Return where a view is open to the caller; CapabilityOff for a trader whose agent lacks what it takes."""
    if by.role in ("agent", "client"):
        needs = VIEW_NEEDS.get(view)
        if needs is None:
            raise CapabilityOff(f"no capability opens {view} to an agent", "Leave it to people")
        check_capability(state, by, needs)


def check_capability(state: State, by: Principal, needs: tuple[Capability, ...]) -> None:
    """Return where a trader's agent has one of `needs`, or none is needed; everybody else passes. CapabilityOff."""
    if by.role not in ("agent", "client") or not needs:
        return
    agent = agent_of(state, by)
    if not any(may_use(state, by, name) for name in needs):
        said = " and ".join(needs)
        raise CapabilityOff(
            f"{said} {'are' if len(needs) > 1 else 'is'} switched off for agent {agent or by.name}",
            f"An operator switches it on: remit capability enable {agent or by.name} {needs[0]}",
        )
