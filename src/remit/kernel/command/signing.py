"""What enters of persons who sign in, and of the credentials they prove themselves with. No secret is in any of it."""

from __future__ import annotations

from typing import Literal

from remit.kernel.command.content import Content
from remit.kernel.names import Name, OptionalName

Factor = Literal["password", "password_totp", "passkey", "code"]
"""How a person proved to be who they are; `code` is a one-time code that one of their own tokens vouched for."""
Credential = Literal["password", "totp", "passkey"]
SignInFault = Literal[
    "unknown_person", "disabled", "password", "totp", "totp_repeated", "passkey", "code", "factor_missing"
]
"""Why somebody was not let in: for those who read the journal. Whoever tried is told one thing for all of them."""


class SignedIn(Content, frozen=True, tag="signed_in"):
    """A person signed in: from here on the session's token stands for them."""

    person: Name
    factor: Factor
    token: Name


class SignInFailed(Content, frozen=True, tag="sign_in_failed"):
    """Somebody was not let in. `person` is only ever one who exists: what else is typed there may be a password."""

    why: SignInFault
    person: OptionalName = ""


class CredentialSet(Content, frozen=True, tag="credential_set"):
    """A credential of a person was set, or removed; `by_person` did it, the person or an operator for them."""

    person: Name
    credential: Credential
    by_person: Name
    removed: bool = False
    through: OptionalName = ""
    """The token alone that set it, where nothing else proved its person: it is worth nothing once that is revoked."""
