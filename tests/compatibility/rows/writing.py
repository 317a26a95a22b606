"""Writes one row of every kind through the real adapters, with a clock that stands still and ids that are given.

The rows of the release that the fixtures are from were written by the same calls.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from api_gateway_ws.adapters.sessions import DynamoSessions, DynamoStopFlags
from shared.aws.claims import DynamoClaimStore
from shared.aws.conversations.conversation_audit import DynamoConversationStory
from shared.aws.conversations.conversation_store import DynamoConversationStore
from shared.aws.ledger.failures import DynamoFailureLedger
from shared.aws.ledger.payload_cipher import PayloadCipher
from shared.aws.ledger.replay_outcomes import DynamoReplayOutcomes
from shared.aws.suppressions import DynamoSuppressions
from shared.aws.usage import DynamoUsageStore
from shared.conversations.announcements import announcement
from shared.conversations.takeover import ConversationDeed
from shared.ids import command_key, derived_id, failure_id
from shared.ledger.failures import Deed, Failure, FailureState
from shared.messages.errors import ErrorCode
from shared.messages.server import (
    BookingCancelled,
    BookingCancelledData,
    BookingConfirmed,
    BookingConfirmedData,
    BookingPending,
    BookingPendingData,
    BookingRescheduled,
    BookingRescheduledData,
    ChatFinal,
    ChatFinalData,
    ChatSent,
    ChatSentData,
    Error,
    ErrorData,
    OfferBooking,
    Slot,
    Usage,
)
from shared.suppressions import Suppression
from tests.fakes.clock import NOON, FakeClock
from tests.unit.workers.booking.conftest import build_profile
from workers.booking.adapters.appointments import DynamoAppointmentStore
from workers.booking.adapters.sync_tokens import DynamoSyncTokens
from workers.booking.domain.event_id import event_id
from workers.booking.domain.hold import place_hold
from workers.booking.domain.quotas import day_quotas, hold_quotas, send_quotas
from workers.booking.domain.values import Appointment, AppointmentState, ChangeKind, Contact, LastChange
from workers.booking.ports import LastSync
from workers.notifications.adapters.changes import DynamoChanges
from workers.notifications.adapters.turns import DynamoTurns
from workers.notifications.domain import Change

SECRET = b"the secret of the codes"
CIPHER_KEYS = ("the older key of the payload cipher", "the newer key of the payload cipher")
TENANT = "kept-salon"
LEASE = timedelta(seconds=30)
HOUR = timedelta(hours=1)
TEN = datetime(2026, 1, 13, 9, tzinfo=UTC)
"""Ten o'clock in Warsaw."""
PROFILE = build_profile(
    max_visits_per_day=8,
    services=[
        {
            "id": "massage",
            "name": {"pl": "Masaż", "en": "Massage"},
            "duration_minutes": 60,
            "buffer_before_minutes": 10,
            "buffer_after_minutes": 20,
            "max_per_day": 6,
        }
    ],
)
PHONE = Contact("phone", "+48600100200")
EMAIL = Contact("email", "Jan.Kowalski+spa@gmail.com")
TRACE = "1-5759e988-bd862e3fe1be46a994272793"


def key_of(name: str) -> str:
    """Return the key of the command with this client id."""
    return command_key(TENANT, f"kept-{name}", name)


def appointment_id_of(name: str) -> str:
    """Return the id of the appointment that a session's first command makes."""
    return derived_id(key_of(name), "appointment")


@dataclass(frozen=True)
class Tables:
    """The real adapters of every table."""

    client: Any
    """Of aiobotocore, for the workers' adapters."""
    blocking: Any
    """Of boto3, for those of the ingress."""
    clock: FakeClock

    @property
    def claims(self) -> DynamoClaimStore:
        return DynamoClaimStore(client=self.client, table="ProcessedTable", clock=self.clock)

    @property
    def appointments(self) -> DynamoAppointmentStore:
        return DynamoAppointmentStore(
            client=self.client,
            appointments_table="AppointmentsTable",
            slots_table="SlotsTable",
            limits_table="LimitsTable",
            processed_table="ProcessedTable",
        )

    @property
    def conversations(self) -> DynamoConversationStore:
        return DynamoConversationStore(
            client=self.client, table="ConversationsTable", processed_table="ProcessedTable", clock=self.clock
        )

    @property
    def conversation_audit(self) -> DynamoConversationStory:
        return DynamoConversationStory(client=self.client, table="ConversationsTable")

    @property
    def sessions(self) -> DynamoSessions:
        return DynamoSessions(
            client=self.blocking, connections_table="ConnectionsTable", conversations_table="ConversationsTable"
        )

    def ledger(self, *keys: str) -> DynamoFailureLedger:
        cipher = PayloadCipher(keys or CIPHER_KEYS)
        return DynamoFailureLedger(client=self.client, table="FailuresTable", cipher=cipher, clock=self.clock)

    def outcomes(self, queue: str) -> DynamoReplayOutcomes:
        return DynamoReplayOutcomes(client=self.client, table="FailuresTable", queue=queue)

    @property
    def suppressions(self) -> DynamoSuppressions:
        return DynamoSuppressions(client=self.client, table="SuppressionsTable", secret=SECRET)

    @property
    def usage(self) -> DynamoUsageStore:
        return DynamoUsageStore(client=self.client, table="UsageTable")

    @property
    def sync_tokens(self) -> DynamoSyncTokens:
        return DynamoSyncTokens(client=self.client, table="CalendarsTable")

    @property
    def changes(self) -> DynamoChanges:
        return DynamoChanges(client=self.client, table="LimitsTable")

    @property
    def send_rate(self) -> DynamoTurns:
        return DynamoTurns(client=self.client, table="LimitsTable", per_minute=1, longest_wait=HOUR)

    async def claim(self, name: str) -> Any:
        return await self.claims.claim(key_of(name), fingerprint="print", lease=LEASE)


def hold_of(name: str, start: datetime, **changes: Any) -> Appointment:
    """Return a hold as the handler places it."""
    hold = place_hold(
        appointment_id=appointment_id_of(name),
        session_id=f"kept-{name}",
        tenant=TENANT,
        service=PROFILE.services[0],
        start=start,
        contact=EMAIL,
        name="Jan",
        note="proszę cicho",
        locale="pl",
        now=NOON,
    )
    return replace(hold, **{"grid_minutes": 10, "last_change": LastChange(key_of(name)), **changes})


async def held(tables: Tables, name: str, start: datetime, *, source_ip: str, **changes: Any) -> Appointment:
    """Hold a time with every quota that bounds it; return what is stored."""
    hold = hold_of(name, start, **changes)
    quotas = [
        *hold_quotas(hold, secret=SECRET, source_ip=source_ip, holds_per_address=5),
        *send_quotas(hold, secret=SECRET, source_ip=source_ip, sends_per_address=30, at=NOON),
        *day_quotas(PROFILE, PROFILE.services[0], hold),
    ]
    claim = await tables.claim(f"{name}-hold")
    assert await tables.appointments.hold(hold, at=NOON, claim=claim, quotas=quotas) is None
    stored = await tables.appointments.get(hold.appointment_id, hold.session_id)
    assert stored is not None
    return stored


async def confirmed(tables: Tables, name: str, start: datetime, **changes: Any) -> Appointment:
    """Hold and confirm a time."""
    hold = await held(tables, name, start, source_ip="2001:db8:1:2:3::4", contact=PHONE, resource="room/3")
    visit = replace(
        hold,
        state=AppointmentState.CONFIRMED,
        hold_expires_at=None,
        version=hold.version + 1,
        calendar_event_id=event_id(hold.appointment_id),
        calendars=("older calendar", "calendar"),
        **changes,
    )
    assert await tables.appointments.confirm(visit, claim=await tables.claim(f"{name}-confirm")) is None
    return visit


async def write_appointments(tables: Tables) -> None:
    """Write an appointment in each state, with its buckets of time and its units of quotas."""
    await held(tables, "held", TEN, source_ip="192.0.2.7")
    proved = await held(tables, "proved", TEN + 2 * HOUR, source_ip="")
    proved = replace(proved, verified=True, code_attempts=2, version=2)
    await tables.appointments.save(proved, claim=await tables.claim("proved-save"))
    await confirmed(tables, "confirmed", TEN)
    visit = await confirmed(
        tables, "moved", TEN + 4 * HOUR, last_change=LastChange(key_of("moved"), ChangeKind.HANDOVER_REFUSED)
    )
    stored = await tables.appointments.get(visit.appointment_id, visit.session_id)
    assert stored is not None
    gone = await held(tables, "cancelled", TEN + 6 * HOUR, source_ip="", contact=PHONE)
    gone = replace(gone, state=AppointmentState.CANCELLED, hold_expires_at=None, version=2)
    await tables.appointments.cancel(gone, claim=await tables.claim("cancelled-cancel"))


async def write_notification_limits(tables: Tables) -> None:
    """Write the rate of a business, one place that was given, and what became of visits."""
    for name in ("kept-first", "kept-second"):
        await tables.send_rate.turn("kept-salon", name, now=NOON)
    await tables.changes.note("kept-moved", Change(at=NOON, start=TEN, forgotten_at=TEN + 24 * HOUR))
    await tables.changes.note("kept-cancelled", Change(at=NOON, start=None, forgotten_at=TEN + 24 * HOUR))


async def write_conversation(tables: Tables, locale: str) -> None:
    """Write every kind of frame, with a takeover in between; sentences are in the visitor's language."""
    session, number = f"kept-talk-{locale}", 0
    store = tables.conversations

    async def claim() -> Any:
        nonlocal number
        number += 1
        tables.clock.turn(timedelta(minutes=1))
        return await tables.claim(f"talk-{locale}-{number}")

    async def end(frame: Any) -> None:
        await store.append(session, frame, claim=await claim(), marker="outcome", tenant=TENANT)

    async def ask(text: str, final: ChatFinal | None) -> None:
        mine = await claim()
        sent = ChatSent(re=f"c-{number}", data=ChatSentData(text=text))
        await store.append(session, sent, claim=mine, marker="sent", tenant=TENANT)
        if final:
            await store.append(session, final, claim=mine, marker="outcome")
        else:
            read, silent = (
                ChatFinal(re=f"c-{number}", data=ChatFinalData(text=words))
                for words in (announcement("is_read", locale), "")
            )
            assert await store.leave(session, read, silent, claim=mine)

    async def act(what: Any, text: str) -> None:
        mine = await claim()
        frame = ChatFinal(data=ChatFinalData(text=text, by="human"))
        deed = ConversationDeed(tables.clock.now(), "Ola", what)
        assert await store.act(session, frame, claim=mine, deed=deed, tenant=TENANT)

    answer = ChatFinalData(
        text="At ten.",
        actions=(OfferBooking(service="massage", date="2026-01-13"),),
        usage=Usage(input_tokens=12, output_tokens=3, cache_read_tokens=40, cache_write_tokens=1),
    )
    await ask("When?", ChatFinal(re="c-1", data=answer))
    await ask("Stop.", ChatFinal(re="c-2", data=ChatFinalData(text="", stopped=True)))
    await act("answered", "I am Ola.")
    await ask("Hello Ola", None)
    await ask("Are you there?", None)
    await act("handed_back", announcement("handed_back", locale))
    await act("took_over", announcement("took_over", locale))
    await tables.conversation_audit.note(session, ConversationDeed(tables.clock.now(), "Ewa", "looked"))
    visit = {"appointment_id": appointment_id_of("confirmed"), "start": TEN, "service": "massage"}
    await end(
        BookingPending(
            re="b-1",
            data=BookingPendingData(**visit, end=TEN + HOUR, expires_at=NOON + HOUR, contact="j***@g***.com"),
        )
    )
    await end(BookingConfirmed(re="b-2", data=BookingConfirmedData(**visit, end=TEN + HOUR, ics="BEGIN:VCALENDAR")))
    await end(BookingRescheduled(re="b-3", data=BookingRescheduledData(**visit, end=TEN + HOUR, ics="BEGIN:VCALENDAR")))
    await end(BookingCancelled(data=BookingCancelledData(**visit, by="business")))
    refusal = ErrorData(
        code=ErrorCode.SLOT_TAKEN,
        retryable=False,
        message="Zajęte.",
        retry_after_ms=1000,
        alternatives=(Slot(start=TEN, end=TEN + HOUR, service="massage"),),
        appointment_id=appointment_id_of("confirmed"),
    )
    await end(Error(re="b-4", data=refusal))


async def write_connections(tables: Tables) -> None:
    """Write a connection that was greeted, one that was not, and one that only its greeting wrote."""
    tables.sessions.register("kept-visitor", "greeted=", tenant=TENANT, now=NOON)
    tables.sessions.record_hello("kept-visitor", "greeted=", locale="en", tz="Europe/Warsaw", now=NOON + LEASE)
    tables.sessions.register("kept-visitor", "silent=", tenant=TENANT, now=NOON - HOUR)
    tables.sessions.record_hello("kept-visitor", "revived=", locale=None, tz=None, now=NOON - 2 * HOUR)


async def write_claims(tables: Tables) -> None:
    """Write the record of a command in each state."""
    stops = DynamoStopFlags(client=tables.blocking, table="ProcessedTable")
    await tables.claim("running")
    stops.request_stop(key_of("running"), now=NOON)
    stops.request_stop(key_of("stopped-only"), now=NOON)
    await tables.claims.release(await tables.claim("released"))
    await tables.claims.release(await tables.claim("unspent"), unspent=True)
    await tables.claims.complete(await tables.claim("completed"))
    ended = await tables.claim("ended")
    frame = ChatFinal(re="c-1", data=ChatFinalData(text="At ten."))
    await tables.conversations.append("kept-ended", frame, claim=ended, marker="outcome")


def failure(name: str, **changes: Any) -> Failure:
    """Return a failure as its dead letter says it."""
    made = Failure(
        failure_id=failure_id("booking", f"kept-{name}"),
        queue="booking",
        group=f"kept-{name}",
        payload=f'{{"id":"kept-{name}","data":{{"contact":"jan@example.com","note":"ż"}}}}',
        reason="calendar_access_revoked",
        error="PermanentError: the key is refused",
        attempts=1,
        first_at=NOON,
        last_at=NOON,
        type="booking.create",
        tenant=TENANT,
        session_id=f"kept-{name}",
        command_id=f"kept-{name}",
        trace=TRACE,
    )
    return replace(made, **changes)


async def write_failures(tables: Tables) -> None:
    """Write a failure in each state, and one of which nothing is known."""
    ledger, later = tables.ledger(), NOON + HOUR

    async def change(kept: Failure, what: Any, state: FailureState | None = None, **changes: Any) -> Failure:
        note = changes.pop("note", "")
        deed = Deed(at=later, by="anna@example.com", what=what, note=note)
        new = replace(kept, story=(*kept.story, deed), state=state or kept.state, version=kept.version + 1, **changes)
        assert await ledger.change(new)
        return new

    async def replaying(name: str) -> Failure:
        kept = await ledger.take(failure(name))
        return await change(kept, "replayed", FailureState.REPLAYING, replays=1, note="replay 1")

    await ledger.take(failure("failed"))
    await tables.ledger(CIPHER_KEYS[0]).take(failure("older-key"))
    await replaying("replaying")
    await replaying("resolved")
    await tables.outcomes("booking").resolved("kept-resolved", replay=1, at=later)
    await replaying("refused")
    await tables.outcomes("booking").refused("kept-refused", replay=1, at=later, code="SLOT_TAKEN")
    await replaying("failed-again")
    await ledger.take(failure("failed-again", replays=1, last_at=later, first_at=later, reason="bug"))
    edited = await change(await ledger.take(failure("edited")), "unmasked")
    await change(edited, "edited", payload='{"id":"kept-edited","data":{}}', note="contact, name")
    await change(await ledger.take(failure("discarded")), "discarded", FailureState.DISCARDED, note="by phone")
    erased = await ledger.take(failure("erased"))
    await change(erased, "erased", FailureState.ERASED, payload="", error="", trace=None)
    await ledger.take(failure("long"))
    await ledger.take(
        Failure(
            failure_id=failure_id("chat", "kept message"),
            queue="chat",
            group=None,
            payload="\x00 no \ud800 JSON",
            reason="not_json",
            error="the body is not JSON",
            attempts=0,
            first_at=NOON,
            last_at=NOON,
        )
    )


async def write_others(tables: Tables) -> None:
    """Write suppressions, counters of use and readings of calendars."""
    await tables.suppressions.add("kept-bounced@example.com", Suppression("bounced", NOON))
    await tables.suppressions.add("kept-complained@example.com", Suppression("complained", NOON))
    await tables.suppressions.add("kept-full@example.com", Suppression("full", NOON, NOON + 24 * HOUR))
    usage = Usage(input_tokens=5, output_tokens=6, cache_read_tokens=7, cache_write_tokens=8)
    await tables.usage.add(TENANT, "2026-01-12", usage)
    await tables.usage.add(TENANT, "2026-01-12", usage)
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
