"""The closed set of reasons for dead letters that the code distinguishes.

Adapters have further reasons of their own, such as `aws_AccessDenied`; those are for operators to read.
"""

from enum import StrEnum


class DeadLetterReason(StrEnum):
    """Each value is stored in the failure ledger and as an attribute of the dead letter."""

    NOT_JSON = "not_json"
    UNKNOWN_TYPE = "unknown_type"
    INVALID = "invalid"
    NEWER_VERSION = "newer_version"
    OLDER_VERSION = "older_version"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    BUG = "bug"
    TIMEOUT = "timeout"
    QUARANTINED = "quarantined"
    """Workers ended while they had it."""
    RECEIVES_EXHAUSTED = "receives_exhausted"
    """SQS moved it: no worker that had it recorded a reason."""


OTHER_VERSION = frozenset({DeadLetterReason.NEWER_VERSION, DeadLetterReason.OLDER_VERSION})

NOT_HANDLED = OTHER_VERSION | {
    DeadLetterReason.NOT_JSON,
    DeadLetterReason.UNKNOWN_TYPE,
    DeadLetterReason.INVALID,
    DeadLetterReason.RECEIVES_EXHAUSTED,
}
"""The handler never ran, or never ended: the visitor is not notified yet."""

REFUSED_CONTACT = frozenset({"mail_rejected", "sms_rejected", "address_suppressed"})
"""Reasons of notices after which another one to the same contact would fail, too."""
