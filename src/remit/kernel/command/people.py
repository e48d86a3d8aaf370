"""What enters about people, and about changes of mandates that need a second one."""

from __future__ import annotations

from remit.kernel import access
from remit.kernel.command.content import Content
from remit.kernel.names import Digest, Name, PersonRole, Text


class AddPerson(Content, frozen=True, tag="add_person"):
    """A person is known by name from here on, with one role; a token of theirs has that role or is worth nothing."""

    person: access.Person


class SetPerson(Content, frozen=True, tag="set_person"):
    """Give a person another role, or shut them out (`disabled`): what they held until now ends with it."""

    name: Name
    role: PersonRole
    why: Text
    disabled: bool = False


class ConfirmChange(Content, frozen=True, tag="confirm_change"):
    """A second person lets a proposed mandate take effect; `digest` is the one that was shown."""

    proposal: Name
    digest: Digest


class DropChange(Content, frozen=True, tag="drop_change"):
    """A proposed mandate is not to take effect."""

    proposal: Name
    why: Text
