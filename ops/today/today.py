"""The use cases of the owner's day: look at a day, read a conversation, answer it by hand or take it over."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Literal

import structlog

from ops.desk.domain.values import Operator
from ops.today.rules import has_looked, last_words, said, visit_of, waiting, whole_day
from ops.today.values import Answered, Business, Conversation, Day, Glance
from shared.claims import Busy, Claim, ClaimStore, Done
from shared.clock import Clock
from shared.conversations.announcements import announcement
from shared.conversations.ports import ConversationAudit, ConversationIndex, ConversationStore, ConversationSummary
from shared.conversations.replies import Replies
from shared.conversations.takeover import ConversationAuditAction, ConversationAuditEntry, Takeover
from shared.errors import LeaseLostError, PermanentError, TransientError
from shared.ids import derived_id, fingerprint
from shared.messages.limits import MAX_CHAT_CHARACTERS
from shared.messages.server import ChatFinal, ChatFinalData
from shared.tenants.ports import TenantDirectory
from shared.tenants.profile import TenantProfile
from workers.booking.facade import BookingFacade

log = structlog.get_logger()

MOST_CONVERSATIONS = 50
_SHOWN_FRAMES = 100
_SHOWN_DEEDS = 100
_GLANCE_FRAMES = 12
_GLANCE_CHARACTERS = 140
_MOST_ID_CHARACTERS = 100
"""As many as the id of a session has at the most (`QueuedId`); a table takes no key of any length."""

_ANSWER_LEASE = timedelta(seconds=30)
_LOGGED = {
    "answered": "answered_by_hand",
    "took_over": "conversation_taken_over",
    "handed_back": "conversation_handed_back",
}


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
        booking: BookingFacade,
        index: ConversationIndex,
        conversations: ConversationStore,
        story: ConversationAudit,
        claims: ClaimStore,
        replies: Replies,
        clock: Clock,
    ) -> None:
        self._tenants = tenants
        self._booking = booking
        self._index = index
        self._conversations = conversations
        self._story = story
        self._claims = claims
        self._replies = replies
        self._clock = clock

    async def businesses(self, operator: Operator) -> Sequence[str]:
        """Return the ids of the tenants that the person may see, in order."""
        known = await self._tenants.tenants()
        return [tenant for tenant in sorted(known) if operator.tenants is None or tenant in operator.tenants]

    async def day(self, operator: Operator, tenant: str, day: date | None = None) -> Day | None:
        """Return a day of a business, by default the day that it is there now."""
        profile = await self._profile(operator, tenant)
        if profile is None:
            return None
        wanted = day or self._clock.now().astimezone(profile.zone).date()
        start, end = whole_day(wanted, profile)
        visits, found = await asyncio.gather(
            self._booking.visits(tenant, start, end, now=self._clock.now()),
            self._index.between(tenant, start, end, limit=MOST_CONVERSATIONS),
        )
        shown = await asyncio.gather(*map(self._glance, found.summaries))
        return Day(
            business=Business(tenant, profile.name, profile.zone),
            day=wanted,
            visits=[visit_of(one, profile) for one in visits],
            # What waits for a person comes first: nobody else answers there. The rest stays the latest first.
            conversations=sorted(shown, key=lambda glance: not (glance.takeover or glance.waiting)),
            has_more=found.has_more,
        )

    async def conversation(self, operator: Operator, tenant: str, session_id: str) -> Conversation | None:
        """Return the latest of a conversation; that the person looked at it is on record, once a day."""
        profile = await self._profile_of(operator, tenant, session_id)
        if profile is None:
            return None
        story = await self._story.of(session_id)
        now = self._clock.now()
        if not has_looked(story, operator.name, now.date()):
            look = ConversationAuditEntry(now, operator.name, "looked")
            await self._story.note(session_id, look)
            story = [*story, look]
        talk, connections = await asyncio.gather(
            self._conversations.latest(session_id, _SHOWN_FRAMES), self._replies.connections(session_id)
        )
        return Conversation(
            business=Business(tenant, profile.name, profile.zone),
            session_id=session_id,
            frames=talk.frames,
            is_listening=bool(connections),
            story=story[-_SHOWN_DEEDS:],
            takeover=self._standing(talk.takeover),
            services={service.id: service.name.in_(profile.locale) for service in profile.services},
            waiting=frozenset(one.seq for one in waiting(talk.frames) if one.seq),
        )

    async def answer(self, operator: Operator, tenant: str, session_id: str, text: str, *, answer_id: str) -> Answered:
        """Say something to a visitor by hand; the same `answer_id` says it once, however often it is sent.

        The frame is durable: a visitor who is not there finds it when they come back. The assistant is silent from
        then on, for `TAKEOVER_DURATION` or until the conversation is handed back.
        """
        words = said(text)
        if not words:
            return Answered.EMPTY
        if len(words) > MAX_CHAT_CHARACTERS:
            return Answered.TOO_LONG
        if await self._profile_of(operator, tenant, session_id) is None:
            return Answered.UNKNOWN
        return await self._do(operator, tenant, session_id, words, "answered", form_id=answer_id)

    async def take_over(self, operator: Operator, tenant: str, session_id: str, *, press_id: str) -> Answered:
        """Have the assistant be silent before anything is answered; the visitor hears so.

        An answer that the assistant has begun is still finished. A conversation that is a person's stays as it is.
        """
        return await self._press(operator, tenant, session_id, "took_over", press_id)

    async def hand_back(self, operator: Operator, tenant: str, session_id: str, *, press_id: str) -> Answered:
        """Have the assistant answer again; the visitor hears so.

        Whoever answers by hand after that, be it a moment later, takes the conversation over again.
        """
        return await self._press(operator, tenant, session_id, "handed_back", press_id)

    async def _press(
        self, operator: Operator, tenant: str, session_id: str, what: Literal["took_over", "handed_back"], press_id: str
    ) -> Answered:
        profile = await self._profile_of(operator, tenant, session_id)
        if profile is None:
            return Answered.UNKNOWN
        words = announcement(what, await self._replies.locale(session_id, profile.locale))
        return await self._do(operator, tenant, session_id, words, what, form_id=press_id)

    async def _do(
        self,
        operator: Operator,
        tenant: str,
        session_id: str,
        words: str,
        what: ConversationAuditAction,
        *,
        form_id: str,
    ) -> Answered:
        key = derived_id(f"{tenant}#{session_id}#{form_id}", f"{what} by hand")
        # Between two presses of a button the visitor may change the language: that is no other deed.
        meant = words if what == "answered" else what
        claim = await self._claims.claim(key, fingerprint=fingerprint(meant), lease=_ANSWER_LEASE)
        match claim:
            case Claim():
                entry = ConversationAuditEntry(self._clock.now(), operator.name, what)
                return await self._say(tenant, session_id, words, entry, claim)
            case Done(outcome_seq):
                await self._replies.repeat(session_id, outcome_seq)
                return Answered.SENT
            case Busy():
                return Answered.BUSY
            case _:
                return Answered.OTHER_WORDS

    async def _say(
        self, tenant: str, session_id: str, words: str, entry: ConversationAuditEntry, claim: Claim
    ) -> Answered:
        announces = None if entry.action == "answered" else entry.action
        frame = ChatFinal(data=ChatFinalData(text=words, by="human", announces=announces))
        try:
            stored = await self._replies.record_action(session_id, frame, claim=claim, entry=entry, tenant=tenant)
            if stored is None:
                await self._claims.complete(claim)
                return Answered.SENT
        except LeaseLostError:
            return Answered.BUSY
        except (TransientError, PermanentError):
            # Who sends the form once more shall not have to wait for the lease.
            with suppress(TransientError, PermanentError):
                await self._claims.release(claim)
            raise
        # A name may be an address, which no log has; its hash still tells whether it was a given person.
        who = fingerprint(entry.by)
        log.info(_LOGGED[entry.action], tenant=tenant, session_id=session_id, seq=stored.seq, by_fingerprint=who)
        return Answered.SENT

    def _standing(self, takeover: Takeover | None) -> Takeover | None:
        return takeover if takeover and takeover.is_active(self._clock.now()) else None

    async def _profile(self, operator: Operator, tenant: str) -> TenantProfile | None:
        if operator.tenants is not None and tenant not in operator.tenants:
            return None
        try:
            return await self._tenants.profile(tenant)
        except PermanentError:
            return None

    async def _profile_of(self, operator: Operator, tenant: str, session_id: str) -> TenantProfile | None:
        """Return the profile of the business whose conversation it is; None if either is not the person's to see."""
        profile = await self._profile(operator, tenant)
        if profile is None or len(session_id) > _MOST_ID_CHARACTERS:
            return None
        return profile if await self._index.belongs(tenant, session_id) else None

    async def _glance(self, glance: ConversationSummary) -> Glance:
        talk = await self._conversations.latest(glance.session_id, _GLANCE_FRAMES)
        words, by = last_words(talk.frames)
        return Glance(
            session_id=glance.session_id,
            last_at=glance.last_at,
            words=words[:_GLANCE_CHARACTERS],
            by=by,
            takeover=self._standing(talk.takeover),
            waiting=[one.data.text[:_GLANCE_CHARACTERS] for one in waiting(talk.frames)],
        )
