"""Commands: everything that enters the kernel. A Command is stamped by the guard with sequence, time and principal."""

from __future__ import annotations

import msgspec

from remit.kernel.command.authority import (
    AddAccount,
    AddAgent,
    AddClient,
    AddConnection,
    IssueToken,
    Preapprove,
    RevokePreapproval,
    RevokeToken,
    SetCapability,
    SetFirm,
    SetGrant,
    SetKey,
    SetMandate,
    SetTolerance,
)
from remit.kernel.command.called import Acted, Noted
from remit.kernel.command.calling_back import AddCallback, RemoveCallback
from remit.kernel.command.life import (
    Alarmed,
    ClockFault,
    KernelStarted,
    KernelStopped,
    SnapshotTaken,
    Tick,
    Woke,
)
from remit.kernel.command.people import AddPerson, ConfirmChange, DropChange, SetPerson
from remit.kernel.command.signing import (
    Credential,
    CredentialSet,
    Factor,
    SignedIn,
    SignInFailed,
    SignInFault,
)
from remit.kernel.command.spending import MeterSpend, ReportSpend, SettleSpend
from remit.kernel.command.stop import (
    Answered,
    Arm,
    CancelAll,
    Halt,
    Resume,
    Review,
    SetPause,
)
from remit.kernel.command.trading import (
    Approve,
    Cancel,
    DeclareParent,
    Decline,
    DropExit,
    Replace,
    SetExit,
    Submit,
)
from remit.kernel.command.venue import (
    Acked,
    Adopt,
    Ask,
    Busted,
    Cancelled,
    CancelRefused,
    Expired,
    External,
    Filled,
    Holding,
    Lost,
    NoData,
    Reconciled,
    Rejected,
    Replaced,
    ReplaceRefused,
    Sent,
    Unencodable,
    Withdrawn,
)
from remit.kernel.command.world import (
    AddInstrument,
    Dividend,
    Funding,
    Marked,
    Quiet,
    Resolve,
    SetBalance,
    SetCalendar,
    SetLocate,
    SetMargin,
    SetSessions,
    SetShortRestriction,
    SetTradingState,
    SetVenueState,
    SetVolume,
    Split,
)
from remit.kernel.names import At, Principal

# Everything that can enter.
Body = (
    KernelStarted
    | KernelStopped
    | Tick
    | Alarmed
    | ClockFault
    | SnapshotTaken
    | SetFirm
    | AddAccount
    | AddConnection
    | AddAgent
    | AddClient
    | SetGrant
    | SetCapability
    | IssueToken
    | RevokeToken
    | AddPerson
    | SetPerson
    | SetMandate
    | ConfirmChange
    | DropChange
    | Preapprove
    | RevokePreapproval
    | SetTolerance
    | SetKey
    | AddInstrument
    | SetSessions
    | SetCalendar
    | SetVolume
    | SetLocate
    | SetShortRestriction
    | SetTradingState
    | SetMargin
    | SetBalance
    | SetVenueState
    | Marked
    | Quiet
    | Resolve
    | Split
    | Dividend
    | Funding
    | Submit
    | Replace
    | Cancel
    | DeclareParent
    | SetExit
    | DropExit
    | Approve
    | Decline
    | Ask
    | Sent
    | Unencodable
    | Withdrawn
    | Acked
    | Rejected
    | Lost
    | Filled
    | Cancelled
    | Expired
    | CancelRefused
    | Replaced
    | ReplaceRefused
    | External
    | Reconciled
    | NoData
    | Busted
    | Adopt
    | AddCallback
    | RemoveCallback
    | SetPause
    | Halt
    | Review
    | Resume
    | CancelAll
    | Arm
    | Answered
    | Woke
    | SignedIn
    | SignInFailed
    | CredentialSet
    | Acted
    | Noted
    | MeterSpend
    | ReportSpend
    | SettleSpend
)


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that entered, stamped by the guard: its place in the journal, the journal's time and who asked."""

    seq: int
    at: At
    by: Principal
    body: Body


__all__ = [
    "Acked",
    "Acted",
    "Adopt",
    "Alarmed",
    "Busted",
    "NoData",
    "Preapprove",
    "RevokePreapproval",
    "Noted",
    "SetTolerance",
    "AddAccount",
    "AddCallback",
    "RemoveCallback",
    "AddAgent",
    "AddClient",
    "AddConnection",
    "AddInstrument",
    "AddPerson",
    "Answered",
    "Approve",
    "Arm",
    "Ask",
    "Body",
    "Cancel",
    "CancelAll",
    "CancelRefused",
    "Cancelled",
    "ClockFault",
    "Credential",
    "CredentialSet",
    "Command",
    "ConfirmChange",
    "DeclareParent",
    "Decline",
    "Dividend",
    "DropChange",
    "DropExit",
    "Expired",
    "External",
    "Factor",
    "Filled",
    "Funding",
    "Halt",
    "Holding",
    "IssueToken",
    "KernelStarted",
    "KernelStopped",
    "Lost",
    "Marked",
    "MeterSpend",
    "Quiet",
    "Reconciled",
    "Rejected",
    "Replace",
    "ReplaceRefused",
    "Replaced",
    "ReportSpend",
    "Resolve",
    "Resume",
    "Review",
    "RevokeToken",
    "Sent",
    "SetBalance",
    "SetCalendar",
    "SetCapability",
    "SetExit",
    "SetFirm",
    "SetGrant",
    "SetKey",
    "SetLocate",
    "SetMandate",
    "SetMargin",
    "SetPause",
    "SetPerson",
    "SetSessions",
    "SetShortRestriction",
    "SetTradingState",
    "SetVenueState",
    "SetVolume",
    "SettleSpend",
    "SignInFailed",
    "SignInFault",
    "SignedIn",
    "SnapshotTaken",
    "Split",
    "Submit",
    "Tick",
    "Unencodable",
    "Withdrawn",
    "Woke",
]
