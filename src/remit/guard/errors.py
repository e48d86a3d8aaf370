"""The guard's named errors. Each has a code, says what happened, and says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class GuardError(Exception):
    """The base of every error the guard raises on purpose; anything else that escapes is our bug."""

    code: ClassVar[str] = "guard_error"

    def __init__(self, message: str, fix: str, detail: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{self.code}: {message}. {fix}")
        self.message = message
        self.fix = fix
        self.detail = dict(detail or {})
        """What a program needs of it, in plain JSON: findings, how long to wait, who it is about."""


# The links to venues


class LinkDown(GuardError):
    """No byte left: the link could not be opened, so the venue certainly saw nothing."""

    code = "link_down"


class NotWitnessed(LinkDown):
    """Nothing left: too few witnesses have signed a head of the journal that covers what allows it."""

    code = "not_witnessed"


class NotAnchored(LinkDown):
    """Nothing left: the second folder holds no head of the journal that covers what allows it."""

    code = "not_anchored"


class NoReply(GuardError):
    """Bytes may have left and no reply came: the outcome is unknown, never a rejection."""

    code = "no_reply"


class SendStopped(GuardError):
    """A stop came between the journal and the sending: nothing was signed and nothing left."""

    code = "send_stopped"


class FrameTooLarge(GuardError):
    """A frame announced more bytes than its limit; it was refused before it was read."""

    code = "frame_too_large"


# Keys, tokens and the folders that hold them


class OpenToOthers(GuardError):
    """A private folder or file can be read by others, or belongs to someone else."""

    code = "open_to_others"


class VaultMissing(GuardError):
    """There is no vault where one must be."""

    code = "vault_missing"


class VaultExists(GuardError):
    """A vault exists already and is never overwritten."""

    code = "vault_exists"


class VaultDamaged(GuardError):
    """The vault file is not one that was written here."""

    code = "vault_damaged"


class PassphraseNeeded(GuardError):
    """The vault is encrypted and no passphrase was given."""

    code = "passphrase_needed"


class PassphraseUnused(GuardError):
    """A passphrase was given for a vault that has none: its keys lie open, which the caller does not expect."""

    code = "passphrase_unused"


class PassphraseWrong(GuardError):
    """The passphrase does not open the vault, or the file was altered."""

    code = "passphrase_wrong"


class KeyUnusable(GuardError):
    """A key could not be put to a permit: certainly nothing was signed, so nothing left."""

    code = "key_unusable"


class KeyMissing(KeyUnusable):
    """The vault has no key for this agent on this connection."""

    code = "key_missing"


class KeyRefused(KeyUnusable):
    """What keeps the keys cannot be reached, or would not do it."""

    code = "key_refused"


class SchemeUnsupported(KeyUnusable):
    """This keeper has no keys of that kind, or the venue wants another kind."""

    code = "scheme_unsupported"


class KeyInvalid(KeyUnusable):
    """What was given is no key of its kind."""

    code = "key_invalid"


class ExtraMissing(KeyUnusable):
    """An optional package is needed for this and is not installed."""

    code = "extra_missing"


class KeyNotKept(GuardError):
    """The disk refused the vault's file; what lies there is what lay there before."""

    code = "key_not_kept"


class TpmRefused(GuardError):
    """The TPM does not give the vault's key out: the machine or what runs on it is not what it was sealed for."""

    code = "tpm_refused"


class PermitMismatch(GuardError):
    """The permit is not for this request."""

    code = "permit_mismatch"


class PermitExpired(GuardError):
    """The permit's time is over."""

    code = "permit_expired"


class PermitUsed(GuardError):
    """The permit was used before."""

    code = "permit_used"


class TokenMalformed(GuardError):
    """The text is no token: mistyped, cut or not one at all."""

    code = "token_malformed"


class TokenTaken(GuardError):
    """The token id, or the token itself, is in the store already."""

    code = "token_taken"


class TokenNotKept(GuardError):
    """The disk refused the file of token hashes; nothing that was asked for is journalled."""

    code = "token_not_kept"


class TokensDamaged(GuardError):
    """The file of token hashes is not one that was written here."""

    code = "tokens_damaged"


class CallbackRefused(GuardError):
    """A signed message was not heard; `code` says why, and for whoever holds no key there is one why."""

    def __init__(self, code: str, message: str, fix: str) -> None:
        self.code = code  # type: ignore[misc]  # which of the reasons it is
        super().__init__(message, fix)


class CallbacksDamaged(GuardError):
    """The file of callback keys is not one that was written here."""

    code = "callbacks_damaged"


# Time and settings


class ZoneUnknown(GuardError):
    """The time-zone database has no such zone."""

    code = "zone_unknown"


class HoursInvalid(GuardError):
    """The text does not describe hours."""

    code = "hours_invalid"


class SettingInvalid(GuardError):
    """A setting is unknown, or has a value that it cannot have."""

    code = "setting_invalid"


class HygieneFailed(GuardError):
    """The operating system refused a protection of the guard's own memory and files."""

    code = "hygiene_failed"


# The guard's own socket


class GuardNotRunning(GuardError):
    """Nobody listens on the guard's socket."""

    code = "guard_not_running"


class GuardRunning(GuardError):
    """Another guard listens on the socket already."""

    code = "guard_running"


class GuardStopped(GuardError):
    """The guard takes nothing more: it is stopping, or its journal failed."""

    code = "guard_stopped"


class TextNotKept(GuardError):
    """The free text beside a command could not be stored; the command did not enter."""

    code = "text_not_kept"


class EntryTooLarge(GuardError):
    """What should be journalled does not fit into one entry; nothing was changed by it."""

    code = "entry_too_large"


class NotAuthenticated(GuardError):
    """The token is unknown, revoked or expired."""

    code = "not_authenticated"


class GuardGone(GuardError):
    """The link to the guard broke before its answer: whether the request took effect is not known."""

    code = "guard_gone"


class PeerRefused(GuardError):
    """The process at the other end of a socket runs as a user that is not allowed there."""

    code = "peer_refused"


class RequestMalformed(GuardError):
    """The bytes are no request."""

    code = "request_malformed"


class IdTaken(GuardError):
    """Somebody else of the same agent used the id before; what they were answered is theirs."""

    code = "intent_id_unique"


class Busy(GuardError):
    """The guard has as many connections as it takes."""

    code = "busy"


class Internal(GuardError):
    """A fault of the guard itself, not of the request."""

    code = "internal"


# Recovery


class StateMismatch(GuardError):
    """What is on the disk does not fit together."""

    code = "state_mismatch"


class AnchorGone(GuardError):
    """The second folder remembered a head of this journal, and holds none any more."""

    code = "anchor_gone"


class AnchorDamaged(GuardError):
    """What the second folder holds is no head of this journal."""

    code = "anchor_damaged"


# People who sign in


class SignInRefused(GuardError):
    """Somebody was not let in; whatever the cause, they are told the same."""

    code = "sign_in_failed"

    def __init__(self) -> None:
        super().__init__("the sign-in failed", "Check the name, the password, and the code if one was asked for")


class SecondFactorNeeded(GuardError):
    """The password was right, and it alone is not enough; `detail.factors` are those that this person has."""

    code = "second_factor_needed"


class PasswordChangeNeeded(GuardError):
    """Somebody else set this password: it is good for choosing another, and for nothing else."""

    code = "password_change_needed"


class TooManyAttempts(GuardError):
    """Tried too often of late; `detail.retry_after_s` says when the next attempt is looked at."""

    code = "too_many_attempts"


class SignInAgain(GuardError):
    """This session is too old for a change of credentials."""

    code = "sign_in_again"


class CredentialInvalid(GuardError):
    """A password, code or passkey that is to be set is none that can be."""

    code = "credential_invalid"


class PersonUnknown(GuardError):
    """There is no such person, or what is asked is somebody else's to do."""

    code = "person_unknown"


class PeopleDamaged(GuardError):
    """The file of credentials is not one that was written here."""

    code = "people_damaged"


class PeopleNotKept(GuardError):
    """The disk refused the file of credentials; they are as they were."""

    code = "people_not_kept"
