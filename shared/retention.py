"""How long everything is kept that the backend stores, each with its reason. `docs/retention.md` lists it for readers.

DynamoDB deletes a row within days of its `expires_at`
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html); no reader takes it as a promise of absence.
"""

from datetime import datetime, timedelta

from shared.instants import to_seconds

QUEUED_MESSAGE_RETENTION = timedelta(days=14)
"""The longest that SQS keeps a message, so that an outage loses none; the template sets it on every queue
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html)."""

PROCESSED_COMMAND_RETENTION = QUEUED_MESSAGE_RETENTION
"""As long as SQS can keep a message: a copy that comes late finds that its command was processed."""

STOP_FLAG_RETENTION = PROCESSED_COMMAND_RETENTION
"""The request is part of the command's record."""

QUERY_ANSWER_RETENTION = timedelta(minutes=10)
"""The assistant waits three seconds for an answer; it holds times of visits, so it is not kept for longer."""

CONNECTION_RETENTION = timedelta(hours=2, minutes=10)
"""API Gateway closes a connection after two hours; this is for rows whose `$disconnect` never came."""

RESUME_TOKEN_LIFETIME = timedelta(days=30)
"""A visitor who comes back within a month goes on with the same conversation."""

TOKEN_STATE_RETENTION = RESUME_TOKEN_LIFETIME + CONNECTION_RETENTION
"""As long as a token can be valid: a connection that was open at the time may have got one afterwards."""

CHALLENGE_LIFETIME = timedelta(minutes=10)
"""To solve it takes seconds, but a browser in the background may sleep meanwhile."""

DESK_SESSION_LIFETIME = timedelta(hours=12)
"""An operator signs in once for a working day."""

DESK_TOKEN_RETENTION = timedelta(days=180)
"""As long as failures that an operator with the token may have ended: the list still says who had it."""

CONVERSATION_RETENTION = timedelta(days=90)
"""An owner can follow up a complaint about the last quarter; it is personal data, so it is not kept for longer."""

ERASED_FRAME_RETENTION = timedelta(days=1)
"""The number of an erased frame stays taken until every worker that has read the conversation before has ended."""

CONVERSATION_END_RETENTION = timedelta(days=180)
"""As long as failures of the conversation may be replayed: nothing is stored in it any more."""

FAILURE_RETENTION = timedelta(days=180)
"""Operators can look up for half a year how a failure ended; a failure that has not ended is kept until it has."""

VISIT_RETENTION = timedelta(days=365)
"""An owner can look up the visits of a year; a row names a person, so it is not kept for longer."""

HOLD_RETENTION = timedelta(days=2)
"""The time of the visit is over, so neither its visitor nor a replay can use the hold any more."""

BUCKET_RETENTION = timedelta(days=2)
"""Past times are not offered; two days cover every time zone and calls that are still under way."""

DAY_GRID_RETENTION = timedelta(days=5)
"""Longer than the buckets of that day, which cannot be read without its grid."""

QUOTA_RETENTION = timedelta(days=2)
"""A unit that has ended counts no more; the row stays for a while to explain a refusal."""

DAY_QUOTA_RETENTION = timedelta(days=430)
"""Longer than the farthest day that can be booked, since the cap counts until the day is over."""

SYNC_TOKEN_RETENTION = timedelta(days=30)
"""Google's own tokens expire about as fast, and a calendar that is not read any more is forgotten."""

REQUEST_LEASE_RETENTION = timedelta(minutes=10)
"""The seconds that a row counts are over; ten minutes are for clocks that differ."""

SEND_RATE_RETENTION = timedelta(days=1)
"""No notice waits for a day, and a notice that is delivered twice finds its send slot until then."""

DAILY_RATE_RETENTION = timedelta(days=3)
"""What a contact gets in a day counts for two days at most, and nothing that waits for it waits longer."""

VISIT_CHANGE_RETENTION = QUEUED_MESSAGE_RETENTION
"""As long as SQS can keep a notice: one that says that the visit stands may come late."""

FULL_MAILBOX_RETENTION = timedelta(hours=24)
"""A mailbox that was full, or that bounced for an unknown reason, may take e-mail tomorrow."""

RATE_LIMIT_RETENTION = timedelta(minutes=10)
"""The minute that a row counts is over; ten more are for clocks that differ."""

CIRCUIT_RETENTION = timedelta(hours=1)
"""Operators look for what is slow now; a process that died while a circuit was open leaves its row."""

CONNECTION_COUNT_RETENTION = CONNECTION_RETENTION
"""As long as the connections can be open that a row counts."""

USAGE_RECORD_RETENTION = timedelta(days=400)
"""The same month of last year can be compared, and its sums can be computed again."""

BOOKING_COUNT_RETENTION = USAGE_RECORD_RETENTION
"""The cost of a booking is shown for the same days as costs."""

UNANSWERED_QUESTION_RETENTION = CONVERSATION_RETENTION
"""As long as the conversation from which the example is; it names nobody, but a visitor wrote it."""

TEXT_MESSAGE_BUDGET_RETENTION = timedelta(days=3)
"""A budget counts for one day of the business, in whatever time zone."""

ADDRESS_SHARE_RETENTION = timedelta(days=2)
"""A share counts for one day of the business; without the salt nobody finds an address by its key."""

LOG_RETENTION = timedelta(days=30)
"""Long enough to investigate what an owner reports; it is the default of the template's `LogRetentionDays`."""


def compute_expiry(since: datetime, retention: timedelta) -> int:
    """Return the value of a row's attribute `expires_at`: seconds since the epoch, as DynamoDB's TTL wants them."""
    return to_seconds(since + retention)
