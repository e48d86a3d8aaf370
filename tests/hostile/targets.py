"""All targets by name: every way for foreign bytes to get in."""

from __future__ import annotations

from tests.hostile import (
    target_attest,
    target_callbacks,
    target_exports,
    target_files,
    target_http,
    target_journal,
    target_mcp,
    target_orders,
    target_signing,
    target_vault,
    target_venue,
    target_wire,
    target_witness,
)
from tests.hostile.target import Target

TARGETS: dict[str, Target] = {
    target.name: target
    for part in (
        target_wire,
        target_signing,
        target_callbacks,
        target_orders,
        target_journal,
        target_exports,
        target_files,
        target_venue,
        target_mcp,
        target_http,
        target_attest,
        target_vault,
        target_witness,
    )
    for target in part.TARGETS
}
