"""How long everything is kept that the backend stores, each with its reason. `docs/retention.md` lists it for readers.

DynamoDB deletes a row within days of its `expires_at`
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html); no reader takes it as a promise of absence.
"""

from datetime import datetime, timedelta

from shared.instants import to_seconds

QUEUED_MESSAGE_RETENTION = timedelta(days=14)
"""The longest that SQS keeps a message; the template sets it on every queue, so that an outage loses nothing
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html)."""

PROCESSED_COMMAND_RETENTION = QUEUED_MESSAGE_RETENTION
"""A command's record outlives its message: a copy that comes late finds that the work was done."""

STOP_FLAG_RETENTION = PROCESSED_COMMAND_RETENTION
"""A visitor's request to end an answer early is part of the command's record."""

CONNECTION_RETENTION = timedelta(hours=2, minutes=10)
"""API Gateway closes a connection after two hours; this is for rows whose `$disconnect` never came."""

RESUME_TOKEN_LIFETIME = timedelta(days=30)
"""From the last `hello`: who comes back within a month finds the conversation."""

DESK_SESSION_LIFETIME = timedelta(hours=12)
"""An operator signs in once for a working day."""

CONVERSATION_RETENTION = timedelta(days=90)
"""Long enough for an owner to settle a complaint, and it is personal data: not a day longer than that takes."""

FAILURE_RETENTION = timedelta(days=180)
"""From the audit entry that ended it; any other failure is kept until somebody ends it."""

VISIT_RETENTION = timedelta(days=365)
"""From the end of a confirmed visit: an owner looks up last year's visits, and the row names a person."""

HOLD_RETENTION = timedelta(days=2)
"""From the end of a visit that was never confirmed: nobody asks for it, and replays of its commands are over."""

SLOT_RETENTION = timedelta(days=2)
"""From the end of a time that was held or booked: the past is not offered, whatever the business's time zone."""

DAY_GRID_RETENTION = timedelta(days=5)
"""From the beginning of the day (UTC): longer than any slot of that day, which cannot be read without its grid."""

QUOTA_RETENTION = timedelta(days=2)
"""From the end of a quota unit: a unit that has run out counts for nothing, and helps to explain a refusal."""

DAY_QUOTA_RETENTION = timedelta(days=430)
"""For units without an end, those of a day's cap: longer than the farthest day that can be booked."""

SYNC_TOKEN_RETENTION = timedelta(days=30)
"""From the last synchronisation: Google's own tokens expire about as fast, and an unused calendar is forgotten."""

SEND_RATE_RETENTION = timedelta(days=1)
"""From the send slot: a notice that was delivered twice finds its slot, and no notice waits for a day."""

VISIT_CHANGE_RETENTION = QUEUED_MESSAGE_RETENTION
"""From the visit's end: as long as a notice that the visit stands may come late."""

FULL_MAILBOX_RETENTION = timedelta(hours=24)
"""A mailbox that was full, or that bounced for an unknown reason, may take e-mail tomorrow."""

LOG_RETENTION = timedelta(days=30)
"""Default of the template's `LogRetentionDays`: long enough to look into what an owner reports. Logs name no person."""


def expires_at(since: datetime, retention: timedelta) -> int:
    """Return the value of a row's attribute `expires_at`: seconds since the epoch, as DynamoDB's TTL wants them."""
    return to_seconds(since + retention)
