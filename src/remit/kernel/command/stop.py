"""What enters to stop and start: pauses, halts, reviews and resumes."""

from __future__ import annotations

from remit.kernel.command.content import Content
from remit.kernel.names import Name, Text


class SetPause(Content, frozen=True, tag="set_pause"):
    """A person pauses or unpauses a subject."""

    subject: str
    paused: bool
    why: Text


class Halt(Content, frozen=True, tag="halt"):
    """A person halts a subject: latched until a reviewed resume. `kill` also cancels what works; `flatten` closes
    positions."""

    subject: str
    why: Text
    kill: bool = False
    flatten: bool = False


class Review(Content, frozen=True, tag="review"):
    """A person looked at a halt: why it came, and at which limit."""

    halt: Name
    limit: Name
    why: Text


class Resume(Content, frozen=True, tag="resume"):
    """A person ends a reviewed halt."""

    halt: Name
    why: Text
