"""Writes one row of every kind through the real adapters, with a clock that stands still and ids that are given.

The rows of the release that the fixtures are from were written by the same calls.
"""

from api_gateway_ws.adapters.sessions import DynamoAnswerStopFlags
from shared.messages.server import (
    ChatFinal,
    ChatFinalData,
    Usage,
)
from shared.suppressions import Suppression
from tests.compatibility.rows.tables import HOUR, TEN, TENANT, Tables, key_of
from tests.compatibility.rows.writing_appointments import write_appointments
from tests.compatibility.rows.writing_conversations import write_connections, write_conversation
from tests.compatibility.rows.writing_failures import write_failures
from tests.fakes.clock import NOON
from workers.booking.ports import LastSync
from workers.notifications.domain import VisitChange


async def write_notification_limits(tables: Tables) -> None:
    """Write the rate of a business, one place that was given, and what became of visits."""
    for name in ("kept-first", "kept-second"):
        await tables.send_rate.reserve("kept-salon", name, now=NOON)
    await tables.visit_changes.record(
        "kept-moved", VisitChange(requested_at=NOON, new_start=TEN, expires_at=TEN + 24 * HOUR)
    )
    await tables.visit_changes.record(
        "kept-cancelled", VisitChange(requested_at=NOON, new_start=None, expires_at=TEN + 24 * HOUR)
    )


async def write_claims(tables: Tables) -> None:
    """Write the record of a command in each state."""
    stops = DynamoAnswerStopFlags(client=tables.blocking, table="ProcessedTable")
    await tables.claim("running")
    stops.request_stop(key_of("running"), now=NOON)
    stops.request_stop(key_of("stopped-only"), now=NOON)
    await tables.claims.release(await tables.claim("released"))
    await tables.claims.release(await tables.claim("unspent"), unspent=True)
    await tables.claims.complete(await tables.claim("completed"))
    ended = await tables.claim("ended")
    frame = ChatFinal(re="c-1", data=ChatFinalData(text="At ten."))
    await tables.conversations.append("kept-ended", frame, claim=ended, marker="outcome")


async def write_others(tables: Tables) -> None:
    """Write suppressions, counters of use and readings of calendars."""
    await tables.suppressions.add("kept-bounced@example.com", Suppression("bounced", NOON))
    await tables.suppressions.add("kept-complained@example.com", Suppression("complained", NOON))
    await tables.suppressions.add("kept-full@example.com", Suppression("full", NOON, NOON + 24 * HOUR))
    usage = Usage(input_tokens=5, output_tokens=6, cache_read_tokens=7, cache_write_tokens=8)
    await tables.usage.add_usage(TENANT, "2026-01-12", usage)
    await tables.usage.add_usage(TENANT, "2026-01-12", usage)
    last = LastSync("sync token", NOON)
    await tables.sync_tokens.put("kept-calendar@example.com", last, tenant=TENANT, replaces=None)


async def write_all(tables: Tables) -> None:
    """Write every row."""
    await write_appointments(tables)
    await write_notification_limits(tables)
    for locale in ("pl", "en"):
        tables.clock.set(NOON)
        await write_conversation(tables, locale)
    tables.clock.set(NOON)
    await write_connections(tables)
    await write_claims(tables)
    await write_failures(tables)
    await write_others(tables)
