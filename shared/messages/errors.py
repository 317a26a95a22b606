"""The error codes of the protocol, and whether the same command may be sent again."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Why a frame or a command was refused."""

    BAD_FRAME = "BAD_FRAME"
    UNSUPPORTED_TYPE = "UNSUPPORTED_TYPE"
    TOO_LARGE = "TOO_LARGE"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    RATE_LIMITED = "RATE_LIMITED"
    BUDGET_EXCEEDED = "BUDGET_EXCEEDED"
    MODEL_BUSY = "MODEL_BUSY"
    TIMEOUT = "TIMEOUT"
    SLOT_TAKEN = "SLOT_TAKEN"
    INVALID_TIME = "INVALID_TIME"
    INVALID_CONTACT = "INVALID_CONTACT"
    UNKNOWN_SERVICE = "UNKNOWN_SERVICE"
    UNKNOWN_APPOINTMENT = "UNKNOWN_APPOINTMENT"
    CODE_INVALID = "CODE_INVALID"
    CODE_EXPIRED = "CODE_EXPIRED"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    SESSION_EXPIRED = "SESSION_EXPIRED"
    CHALLENGE_REQUIRED = "CHALLENGE_REQUIRED"
    INTERNAL = "INTERNAL"


RETRYABLE = frozenset(
    {
        ErrorCode.RATE_LIMITED,
        ErrorCode.MODEL_BUSY,
        ErrorCode.TIMEOUT,
        ErrorCode.CODE_INVALID,
        ErrorCode.CHALLENGE_REQUIRED,
        ErrorCode.INTERNAL,
    }
)
"""Codes after which the visitor may send the same command again; a single refusal may differ from its code."""
