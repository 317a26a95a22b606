"""Writes frames of every kind with a takeover in between, audit entries and connections."""

from datetime import timedelta
from typing import Any

from shared.conversations.announcements import render_announcement
from shared.conversations.takeover import ConversationAuditEntry
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
from tests.compatibility.rows.tables import HOUR, LEASE, TEN, TENANT, Tables, appointment_id_of
from tests.fakes.clock import NOON


async def write_conversation(tables: Tables, locale: str) -> None:
    """Write every kind of frame, with a takeover in between; sentences are in the visitor's language."""
    session, number = f"kept-talk-{locale}", 0
    store = tables.conversations

    async def claim() -> Any:
        nonlocal number
        number += 1
        tables.clock.advance(timedelta(minutes=1))
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
                ChatFinal(re=f"c-{number}", data=ChatFinalData(text=words, announces="is_read"))
                for words in (render_announcement("is_read", locale), "")
            )
            assert await store.leave_to_staff(session, read, silent, claim=mine)

    async def act(what: Any, text: str) -> None:
        mine = await claim()
        announces = None if what == "answered" else what
        frame = ChatFinal(data=ChatFinalData(text=text, by="human", announces=announces))
        entry = ConversationAuditEntry(tables.clock.now(), "Ola", what)
        assert await store.record_action(session, frame, claim=mine, entry=entry, tenant=TENANT)

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
    await act("handed_back", render_announcement("handed_back", locale))
    await act("took_over", render_announcement("took_over", locale))
    await tables.conversation_audit.add_entry(session, ConversationAuditEntry(tables.clock.now(), "Ewa", "looked"))
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
    tables.sessions.register_connection("kept-visitor", "greeted=", tenant=TENANT, now=NOON)
    tables.sessions.record_hello("kept-visitor", "greeted=", locale="en", tz="Europe/Warsaw", now=NOON + LEASE)
    tables.sessions.register_connection("kept-visitor", "silent=", tenant=TENANT, now=NOON - HOUR)
    tables.sessions.record_hello("kept-visitor", "revived=", locale=None, tz=None, now=NOON - 2 * HOUR)
