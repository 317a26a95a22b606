"""The use cases of the owner's day: look at a day, read a conversation, answer it by hand."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import structlog

from ops.desk.domain.values import Person
from ops.today.ports import Appointments
from ops.today.values import Answered, Business, Conversation, Day, Glance, Speaker, Visit
from shared.clock import Clock
from shared.errors import LeaseLostError, PermanentError
from shared.ids import derived_id, fingerprint
from shared.messages.limits import MAX_CHAT_CHARACTERS
from shared.messages.server import ChatFinal, ChatFinalData, ChatSent, ServerFrame
from shared.ports import (
    Busy,
    Claim,
    ClaimStore,
    ConversationGlance,
    ConversationIndex,
    ConversationStore,
    Done,
    TenantDirectory,
)
from shared.replies import Replies
from shared.tenants.profile import TenantProfile
from shared.tenants.services import DEFAULT_RESOURCE
from workers.booking.domain.values import Appointment, Interval

log = structlog.get_logger()

MOST_CONVERSATIONS = 50
_SHOWN_FRAMES = 100
_GLANCE_FRAMES = 6
_GLANCE_CHARACTERS = 140
_ANSWER_LEASE = timedelta(seconds=30)


class Today:
    """What the owner of a business sees of a day.

    A tenant that is unknown and one that is not the person's look the same: None, or `Answered.UNKNOWN`.

    Raises:
        TransientError: a store can't be reached.
    """

    def __init__(
        self,
        *,
        tenants: TenantDirectory,
        appointments: Appointments,
        index: ConversationIndex,
        conversations: ConversationStore,
        claims: ClaimStore,
        replies: Replies,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._appointments = appointments
        self._index = index
        self._conversations = conversations
        self._claims = claims
        self._replies = replies
        self._clock = clock

    async def businesses(self, person: Person) -> Sequence[str]:
        """Return the ids of the tenants that the person may see, in order."""
        known = await self._tenants.tenants()
        return [tenant for tenant in sorted(known) if person.tenants is None or tenant in person.tenants]

    async def day(self, person: Person, tenant: str, day: date | None = None) -> Day | None:
        """Return a day of a business, by default the day that it is there now."""
        profile = await self._profile(person, tenant)
        if profile is None:
            return None
        wanted = day or self._clock.now().astimezone(profile.zone).date()
        between = _whole_day(wanted, profile)
        visits, glances = await asyncio.gather(self._visits(tenant, profile, between), self._glances(tenant, between))
        shown = glances[:MOST_CONVERSATIONS]
        return Day(
            business=Business(tenant, profile.name, profile.zone),
            day=wanted,
            visits=visits,
            conversations=await asyncio.gather(*map(self._glance, shown)),
            has_more=len(glances) > len(shown),
        )

    async def conversation(self, person: Person, tenant: str, session_id: str) -> Conversation | None:
        """Return the latest of a conversation."""
        profile = await self._profile(person, tenant)
        if profile is None or not await self._index.belongs(tenant, session_id):
            return None
        frames, connections = await asyncio.gather(
            self._conversations.latest(session_id, _SHOWN_FRAMES), self._replies.connections(session_id)
        )
        return Conversation(Business(tenant, profile.name, profile.zone), session_id, frames, bool(connections))

    async def answer(self, person: Person, tenant: str, session_id: str, text: str, *, answer_id: str) -> Answered:
        """Say something to a visitor by hand; the same `answer_id` says it once, however often it is sent.

        The frame is durable: a visitor who is not there finds it when they come back.
        """
        words = text.strip()
        if not words:
            return Answered.EMPTY
        if len(words) > MAX_CHAT_CHARACTERS:
            return Answered.TOO_LONG
        if await self._profile(person, tenant) is None or not await self._index.belongs(tenant, session_id):
            return Answered.UNKNOWN
        key = derived_id(f"{tenant}#{session_id}#{answer_id}", "answer by hand")
        claim = await self._claims.claim(key, fingerprint=fingerprint(words), lease=_ANSWER_LEASE)
        match claim:
            case Claim():
                return await self._say(person, tenant, session_id, words, claim)
            case Done(outcome_seq):
                await self._replies.repeat(session_id, outcome_seq)
                return Answered.SENT
            case Busy():
                return Answered.BUSY
            case _:
                return Answered.OTHER_WORDS

    async def _say(self, person: Person, tenant: str, session_id: str, words: str, claim: Claim) -> Answered:
        frame = ChatFinal(data=ChatFinalData(text=words, by="human"))
        try:
            stored = await self._replies.durable(session_id, frame, claim=claim, tenant=tenant)
        except LeaseLostError:
            return Answered.BUSY
        # A name may be an address, which no log has; its hash still tells whether it was a given person.
        who = fingerprint(person.name)
        log.info("answered_by_hand", tenant=tenant, session_id=session_id, seq=stored.seq, by_fingerprint=who)
        return Answered.SENT

    async def _profile(self, person: Person, tenant: str) -> TenantProfile | None:
        if person.tenants is not None and tenant not in person.tenants:
            return None
        try:
            return await self._tenants.profile(tenant)
        except PermanentError:
            return None

    async def _visits(self, tenant: str, profile: TenantProfile, between: Interval) -> list[Visit]:
        """Return whoever has time of the day, in order; a hold that has run out has none."""
        taken = await self._appointments.taken(tenant, between, at=self._clock.now())
        ids = sorted({one.appointment_id for one in taken})
        found = await asyncio.gather(*map(self._appointments.find, ids))
        on_day = [one for one in found if one and between.start <= one.start < between.end]
        return [_visit(one, profile) for one in sorted(on_day, key=lambda one: (one.start, one.resource))]

    async def _glances(self, tenant: str, between: Interval) -> list[ConversationGlance]:
        """Return the conversations of a day of the business, which lies in up to two days of the index (UTC)."""
        days = {between.start.date(), (between.end - timedelta(microseconds=1)).date()}
        found = await asyncio.gather(
            *(self._index.on(tenant, day, limit=MOST_CONVERSATIONS + 1) for day in sorted(days))
        )
        last: dict[str, ConversationGlance] = {}
        for glance in (glance for day in found for glance in day):
            if between.start <= glance.last_at < between.end:
                last[glance.session_id] = glance
        return sorted(last.values(), key=lambda glance: glance.last_at, reverse=True)

    async def _glance(self, glance: ConversationGlance) -> Glance:
        frames = await self._conversations.latest(glance.session_id, _GLANCE_FRAMES)
        said = next((one for one in map(_words, reversed(frames)) if one), None)
        words, by = said or ("", None)
        return Glance(glance.session_id, glance.last_at, words[:_GLANCE_CHARACTERS], by)


def _words(frame: ServerFrame) -> tuple[str, Speaker] | None:
    match frame:
        case ChatSent():
            return frame.data.text, "visitor"
        case ChatFinal() if frame.data.text:
            return frame.data.text, frame.data.by or "assistant"
        case _:
            return None


def _whole_day(day: date, profile: TenantProfile) -> Interval:
    """Return a date of the business from midnight to midnight: 23 or 25 hours on two days of the year."""
    ends = [
        datetime.combine(one, time(), tzinfo=profile.zone).astimezone(UTC) for one in (day, day + timedelta(days=1))
    ]
    return Interval(*ends)


def _visit(appointment: Appointment, profile: TenantProfile) -> Visit:
    service = profile.service(appointment.service_id)
    return Visit(
        appointment_id=appointment.appointment_id,
        session_id=appointment.session_id,
        start=appointment.start,
        end=appointment.end,
        state=appointment.state.value,
        service=service.name.in_(profile.locale) if service else appointment.service_id,
        name=appointment.name,
        contact=appointment.contact.address,
        note=appointment.note,
        resource="" if appointment.resource == DEFAULT_RESOURCE else appointment.resource,
    )
