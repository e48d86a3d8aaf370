"""The parent of everything that can enter the kernel."""

from __future__ import annotations

import msgspec


class Content(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"
):
    """One thing that can enter."""
