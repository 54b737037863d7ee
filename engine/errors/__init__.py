"""Every refusal of Bihuan: a stable code, an HTTP status, a message and a hint.

A message says what was refused and why; the hint says what to do next. Codes
never change once released: programs outside decide by them. ``docs/errors.md``
lists them all, and a test insists.

Standard library only: every layer raises these.
"""

from __future__ import annotations

from engine.errors.base import EngineError
from engine.errors.cases import (
    ActivityRunning,
    AlreadyClaimed,
    CaseNotFound,
    InstanceActed,
    InstanceThere,
    LastInstance,
    LastSignature,
    LimitUsedUp,
    MigrationRefused,
    MoveRefused,
    NothingWaits,
    OnHold,
    RemindedLately,
    SameHand,
    SignaturesAwaited,
    StepLimit,
    TaskNotOpen,
    UnknownOutcome,
    VotesCast,
    WrongState,
)
from engine.errors.definitions import (
    DecisionFailed,
    DraftMoved,
    InvalidDeadline,
    InvalidForm,
    InvalidList,
    NotDeployable,
    NotOnExecutor,
    NotStartable,
    OwnDraft,
    SandboxUnavailable,
)
from engine.errors.keeping import BackupRefused, HistoryBroken, InvalidUser, NotReady, UserExists
from engine.errors.requests import (
    Busy,
    CrossSite,
    InvalidData,
    InvalidRequest,
    KeyReused,
    MustChangePassword,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Stale,
    TooLarge,
    TooManyAttempts,
    UnsupportedMediaType,
)

__all__ = [
    "ActivityRunning",
    "AlreadyClaimed",
    "BackupRefused",
    "Busy",
    "CaseNotFound",
    "CrossSite",
    "DecisionFailed",
    "DraftMoved",
    "EngineError",
    "HistoryBroken",
    "InstanceActed",
    "InstanceThere",
    "InvalidData",
    "InvalidDeadline",
    "InvalidForm",
    "InvalidList",
    "InvalidRequest",
    "InvalidUser",
    "KeyReused",
    "LastInstance",
    "LastSignature",
    "LimitUsedUp",
    "MigrationRefused",
    "MoveRefused",
    "MustChangePassword",
    "NotAllowed",
    "NotDeployable",
    "NotFound",
    "NotOnExecutor",
    "NotReady",
    "NotSignedIn",
    "NotStartable",
    "NothingWaits",
    "OnHold",
    "OwnDraft",
    "RemindedLately",
    "SameHand",
    "SandboxUnavailable",
    "SignaturesAwaited",
    "Stale",
    "StepLimit",
    "TaskNotOpen",
    "TooLarge",
    "TooManyAttempts",
    "UnknownOutcome",
    "UnsupportedMediaType",
    "UserExists",
    "VotesCast",
    "WrongState",
]
