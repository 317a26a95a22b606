"""How long the records of an event are hidden when their worker could not be started."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.backoff import compute_backoff_seconds
from shared.consumer.lambda_event import SqsRecord

FIRST_PAUSE_SECONDS = 5
MAX_PAUSE_SECONDS = 300
"""With 100 receives, after which SQS would dead-letter a message, these pauses add up to almost eight hours."""


@dataclass(frozen=True, slots=True)
class Postponement:
    """One record, and in how many seconds it becomes visible again."""

    record: SqsRecord
    seconds: int


def pause_seconds(receive_count: int) -> int:
    """Return the pause after a receive: it doubles from one to the next, and is never random.

    SQS counts a receive for each start that fails, so a shorter random pause would use up the receives earlier.
    """
    seconds = compute_backoff_seconds(
        max(receive_count, 1),
        base_seconds=FIRST_PAUSE_SECONDS,
        cap_seconds=MAX_PAUSE_SECONDS,
        fixed_share=1.0,
    )
    return round(seconds)


def plan_postponements(records: Sequence[SqsRecord]) -> list[Postponement]:
    """Return the postponement of every record, in the order in which to carry them out.

    Messages of one FIFO group get the longest pause of any of them, and the last is postponed first: when the first
    becomes visible, its successors are not visible earlier than it, and no message overtakes another.
    """
    max_pauses: dict[str, int] = {}
    for record in records:
        key = _order_key(record)
        max_pauses[key] = max(max_pauses.get(key, 0), pause_seconds(_receive_count(record)))
    return [Postponement(record, max_pauses[_order_key(record)]) for record in reversed(records)]


def _order_key(record: SqsRecord) -> str:
    group = record.get("attributes", {}).get("MessageGroupId")
    return f"group {group}" if group and record["eventSourceARN"].endswith(".fifo") else record["messageId"]


def _receive_count(record: SqsRecord) -> int:
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1))
