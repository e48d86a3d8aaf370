"""What keeps a witness from serving, each with a code and what to do."""

from __future__ import annotations

from remit.journal.errors import JournalError


class WitnessKeyMissing(JournalError):
    """The folder has no witness's key."""

    code = "witness_key_missing"


class WitnessKeyExists(JournalError):
    """The folder has a witness's key of another name already."""

    code = "witness_key_exists"


class WitnessDamaged(JournalError):
    """What the witness remembers was not written by it, or its disk failed: it signs nothing any more."""

    code = "witness_damaged"


class WitnessSetting(JournalError):
    """Something that the witness was told is malformed."""

    code = "witness_setting"
