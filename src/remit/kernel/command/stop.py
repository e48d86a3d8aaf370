"""What enters to stop and start: pauses, halts, reviews and resumes."""

from __future__ import annotations

from typing import Literal

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


class CancelAll(Content, frozen=True, tag="cancel_all"):
    """The guard asks a killed connection's venue again to cancel everything there, also what this guard never
    placed."""

    connection: Name


class Arm(Content, frozen=True, tag="arm"):
    """The guard arms or renews a connection's dead man at its venue, or disarms it (`off`): where it is not renewed in
    time the venue cancels everything there."""

    connection: Name
    off: bool = False


class Answered(Content, frozen=True, tag="answered"):
    """What became of a `cancel_all` or a `dead_man`: `code` is empty where the venue did it, else it says why not."""

    connection: Name
    to: Literal["cancel_all", "dead_man"]
    code: Text = ""
