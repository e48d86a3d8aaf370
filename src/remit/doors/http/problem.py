"""Problems: every error of the door as problem+json (RFC 9457), with a code and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from remit.guard.wire import GuardError

MEDIA = b"application/problem+json"
STATUS: dict[str, int] = {
    "not_json": 400,
    "host_refused": 421,
    "token_missing": 401,
    "not_authenticated": 401,
    "token_malformed": 401,
    "token_revoked": 401,
    "token_expired": 401,
    "sign_in_failed": 401,
    "second_factor_needed": 401,
    "password_change_needed": 401,
    "sign_in_again": 401,
    "callback_refused": 401,
    "callback_unknown": 401,
    "callback_expired": 401,
    "callback_late": 401,
    "not_authorised": 403,
    "not_yours": 403,
    "own_lineage": 403,
    "own_proposal": 403,
    "person_out": 403,
    "token_mismatch": 403,
    "capability_off": 403,
    "csrf_refused": 403,
    "budget_exceeded": 403,
    "unknown": 404,
    "not_found": 404,
    "channel_unknown": 404,
    "person_unknown": 404,
    "method_not_allowed": 405,
    "too_slow": 408,
    "mandate_changed": 412,
    "frame_too_large": 413,
    "too_large": 413,
    "media_type": 415,
    "channel_invalid": 422,
    "request_malformed": 422,
    "not_valid": 422,
    "range_invalid": 422,
    "out_of_reach": 422,
    "no_day": 422,
    "too_much": 422,
    "credential_invalid": 422,
    "precondition_required": 428,
    "message_rate_max": 429,
    "too_many_requests": 429,
    "too_many_calls": 429,
    "too_many_attempts": 429,
    "too_much_text": 429,
    "internal": 500,
    "busy": 503,
    "extra_missing": 503,
    "journal_damaged": 503,
    "journal_unreadable": 503,
    "outbox_damaged": 503,
    "model_unusable": 503,
    "guard_not_running": 503,
    "guard_stopped": 503,
    "peer_refused": 503,
    "key_not_kept": 503,
    "text_not_kept": 503,
    "token_not_kept": 503,
    "too_long": 503,
    "guard_gone": 504,
}
"""The HTTP status of each code; `unknown_...` is 404, and any other word of the kernel's is a conflict (409)."""
STATUSES = tuple(sorted({*STATUS.values(), 409}))
RETRY_S = {429: 1, 503: 1, 504: 1}
"""When to try again where nobody said so; after a 504 with the same Idempotency-Key, for the outcome is not known."""


class Problem(Exception):
    """An answer that is an error. `more` is what a program needs of it, in plain JSON."""

    def __init__(
        self,
        code: str,
        message: str,
        fix: str,
        *,
        more: Mapping[str, Any] | None = None,
        retry_after_s: int | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(f"{code}: {message}. {fix}")
        self.status = status_of(code)
        self.code, self.message, self.fix = code, message, fix
        self.more = dict(more or {})
        self.retry_after_s = RETRY_S.get(self.status) if retry_after_s is None else retry_after_s
        self.headers = headers


class ProblemShape(msgspec.Struct, frozen=True, kw_only=True, rename={"says": "detail"}):
    """An error: its code, what happened, and what to do about it.

    `type` and `title` name the code, `detail` says what happened, `more` is what a program needs of it.
    """

    type: str
    title: str
    status: int
    says: str
    code: str
    fix: str
    retry_after_s: int | None = None
    more: dict[str, Any] = {}


def status_of(code: str) -> int:
    """Return the HTTP status of a code."""
    return STATUS.get(code) or (404 if code.startswith("unknown_") else 409)


def problem_of(fault: GuardError) -> Problem:
    """Return a named error of the guard, or of the way to it, as a problem."""
    wait = fault.detail.get("retry_after_s", fault.detail.get("retry_after"))
    return Problem(
        fault.code, fault.message, fault.fix, more=fault.detail, retry_after_s=wait if type(wait) is int else None
    )


def refused(code: str, why: str, retry_after_s: int | None = None) -> Problem:
    """Return what the kernel refused as a problem: the command is in the journal, and nothing changed."""
    return Problem(code, why, "Nothing changed; correct what it says, or leave it", retry_after_s=retry_after_s)


def body_of(problem: Problem) -> bytes:
    """Return the JSON of a problem."""
    return msgspec.json.encode(
        ProblemShape(
            type=f"urn:remit:problem:{problem.code}",
            title=problem.code.replace("_", " "),
            status=problem.status,
            says=problem.message,
            code=problem.code,
            fix=problem.fix,
            retry_after_s=problem.retry_after_s,
            more=problem.more,
        )
    )


def headers_of(problem: Problem) -> list[tuple[bytes, bytes]]:
    """Return the headers that a problem brings beside its body."""
    found = [(b"content-type", MEDIA), *problem.headers]
    if problem.status == 401:
        found.append((b"www-authenticate", b'Bearer realm="remit"'))
    if problem.retry_after_s is not None:
        found.append((b"retry-after", b"%d" % problem.retry_after_s))
    return found
