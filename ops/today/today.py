"""The use cases of the owner's day: show a day, show a conversation, answer it, take it over and hand it back."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal

import structlog

from ops.desk.domain.values import Operator
from ops.desk.waiting import read_waiting
from ops.today.rules import (
    build_author,
    build_visit,
    compute_day_bounds,
    find_last_message,
    has_viewed,
    rank_preview,
    sanitize_answer,
    shorten_preview,
)
from ops.today.values import (
    AnswerOutcome,
    Business,
    Conversation,
    ConversationPreview,
    Day,
    ExplainedTime,
    OpenQuestionChoice,
)
from ops.today.waiting import add_waiting
from shared.claims import Busy, Claim, ClaimStore, Done
from shared.clock import Clock
from shared.conversations.announcements import render_announcement
from shared.conversations.open_questions import find_open_questions
from shared.conversations.ports import (
    ConversationAudit,
    ConversationIndex,
    ConversationStore,
    ConversationSummary,
    HandoverStore,
)
from shared.conversations.replies import Replies
from shared.conversations.takeover import ConversationAuditAction, ConversationAuditEntry, Takeover
from shared.errors import ConversationEndedError, LeaseLostError, PermanentError, TransientError
from shared.ids import compute_fingerprint, derive_id
from shared.messages.commands import ChatAnswerOpen, ChatAnswerOpenData
from shared.messages.limits import MAX_CHAT_CHARACTERS
from shared.messages.server import ChatFinal, ChatFinalData
from shared.queues import InternalCommandQueue
from shared.tenants.ports import TenantDirectory
from shared.tenants.profile import TenantProfile
from shared.usage import UsageStore
from workers.booking.facade import BookingFacade, TimeExplanation

log = structlog.get_logger()

MAX_CONVERSATIONS = 50
_MAX_FRAMES = 100
_MAX_AUDIT_ENTRIES = 100
_PREVIEW_FRAMES = 12
_PREVIEW_CHARACTERS = 140
_MAX_ID_CHARACTERS = 100
"""The maximum length of a session id (`QueuedId`); DynamoDB rejects keys that are too long."""

_ANSWER_LEASE = timedelta(seconds=30)
_LOG_EVENTS = {
    "answered": "staff_answer_sent",
    "took_over": "conversation_taken_over",
    "handed_back": "conversation_handed_back",
}


class Today:
    """Shows operators the days and conversations of their businesses, and lets them answer.

    An unknown tenant and one that the operator may not see have the same result: None, or `AnswerOutcome.UNKNOWN`.

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
        audit: ConversationAudit,
        handovers: HandoverStore,
        claims: ClaimStore,
        replies: Replies,
        usage: UsageStore,
        commands: InternalCommandQueue,
        clock: Clock,
    ) -> None:
        """Take the ports; `commands` is the queue of the chat worker."""
        self._tenants = tenants
        self._booking = booking
        self._index = index
        self._conversations = conversations
        self._audit = audit
        self._handovers = handovers
        self._claims = claims
        self._replies = replies
        self._usage = usage
        self._commands = commands
        self._clock = clock

    async def list_businesses(self, operator: Operator) -> Sequence[str]:
        """Return the sorted ids of the tenants that the operator may see."""
        known = await self._tenants.list_tenants()
        return [tenant for tenant in sorted(known) if operator.tenants is None or tenant in operator.tenants]

    async def read_day(self, operator: Operator, tenant: str, day: date | None = None) -> Day | None:
        """Return a day of a business, by default the current day in its time zone."""
        profile = await self._find_profile(operator, tenant)
        if profile is None:
            return None
        date_ = day or self._clock.now().astimezone(profile.zone).date()
        start, end = compute_day_bounds(date_, profile)
        appointments, page, waiting, refused_count = await asyncio.gather(
            self._booking.list_visits(tenant, start, end, now=self._clock.now()),
            self._index.list_conversations(tenant, start, end, limit=MAX_CONVERSATIONS),
            read_waiting(self._handovers, tenant, limit=MAX_CONVERSATIONS),
            self._usage.get_refusals(tenant, date_.isoformat()),
        )
        is_today = start <= self._clock.now() < end
        summaries = add_waiting(page.summaries, waiting) if is_today else page.summaries
        previews = await asyncio.gather(*map(self._read_preview, summaries))
        previews = [replace(preview, handover=waiting.get(preview.session_id)) for preview in previews]
        return Day(
            business=Business(tenant, profile.name, profile.zone),
            day=date_,
            visits=[build_visit(appointment, profile) for appointment in appointments],
            # Whoever waits for a person comes first, then what only staff answer; the others stay in order.
            conversations=sorted(previews, key=rank_preview),
            has_more=page.has_more,
            warnings=await self._tenants.get_warnings(tenant),
            document_problems=await self._tenants.get_document_problems(tenant),
            refused_count=refused_count,
        )

    async def explain_time(self, operator: Operator, tenant: str, service_id: str, time: str) -> ExplainedTime | None:
        """Return why a time of a service is offered to visitors, or not; without a time, only what can be asked.

        Raises:
            PermanentError: a calendar, or booking's settings can't be read.
        """
        profile = await self._find_profile(operator, tenant)
        if profile is None:
            return None
        services = {service.id: service.name.choose_text(profile.locale) for service in profile.services}
        answer = time and await self._booking.explain_time(tenant, service_id, time, now=self._clock.now())
        return ExplainedTime(
            business=Business(tenant, profile.name, profile.zone),
            services=services,
            problem=answer if isinstance(answer, str) and answer else None,
            explanation=answer if isinstance(answer, TimeExplanation) else None,
        )

    async def view_conversation(self, operator: Operator, tenant: str, session_id: str) -> Conversation | None:
        """Return the latest frames of a conversation; an audit entry records the operator's view, once a day."""
        profile = await self._find_conversation_profile(operator, tenant, session_id)
        if profile is None:
            return None
        audit_trail = await self._audit.list_entries(session_id)
        now = self._clock.now()
        if not has_viewed(audit_trail, operator.name, now.date()):
            entry = ConversationAuditEntry(now, operator.name, "looked")
            await self._audit.add_entry(session_id, entry)
            audit_trail = [*audit_trail, entry]
        tail, connections, handover = await asyncio.gather(
            self._conversations.get_tail(session_id, _MAX_FRAMES),
            self._replies.list_connections(session_id),
            self._handovers.get_handover(session_id),
        )
        return Conversation(
            business=Business(tenant, profile.name, profile.zone),
            session_id=session_id,
            frames=tail.frames,
            is_listening=bool(connections),
            audit_trail=audit_trail[-_MAX_AUDIT_ENTRIES:],
            takeover=self._find_active_takeover(tail.takeover),
            services={service.id: service.name.choose_text(profile.locale) for service in profile.services},
            judgements=tail.judgements,
            unanswered=frozenset(message.seq for message in find_open_questions(tail.frames) if message.seq),
            handover=handover,
        )

    async def list_waiting(self, operator: Operator, tenant: str) -> Sequence[str] | None:
        """Return the sessions whose visitors wait for a person; None of a business that the operator may not see.

        By one query of an index, which may be a second old: pages ask for it again and again.
        """
        if await self._find_profile(operator, tenant) is None:
            return None
        return await self._handovers.list_waiting(tenant, limit=MAX_CONVERSATIONS)

    async def may_answer(self, operator: Operator, tenant: str, session_id: str) -> bool:
        """Return whether there is such a conversation for the operator."""
        return await self._find_conversation_profile(operator, tenant, session_id) is not None

    async def send_answer(
        self, operator: Operator, tenant: str, session_id: str, text: str, *, answer_id: str
    ) -> AnswerOutcome:
        """Send a staff answer to a visitor, once for each `answer_id`, however often the form is sent.

        The frame is durable: a visitor who is offline gets it on return. From then on the assistant is silent, for
        `TAKEOVER_DURATION` or until the conversation is handed back.
        """
        answer = sanitize_answer(text)
        if not answer:
            return AnswerOutcome.EMPTY
        if len(answer) > MAX_CHAT_CHARACTERS:
            return AnswerOutcome.TOO_LONG
        if await self._find_conversation_profile(operator, tenant, session_id) is None:
            return AnswerOutcome.UNKNOWN
        return await self._perform_action(operator, tenant, session_id, answer, "answered", form_id=answer_id)

    async def take_over_conversation(
        self, operator: Operator, tenant: str, session_id: str, *, press_id: str
    ) -> AnswerOutcome:
        """Silence the assistant before staff answer, and announce it to the visitor.

        An answer that the assistant has started is still completed. An active takeover stays unchanged.
        """
        return await self._perform_announced_action(operator, tenant, session_id, "took_over", press_id)

    async def hand_back_conversation(
        self,
        operator: Operator,
        tenant: str,
        session_id: str,
        *,
        press_id: str,
        open_question: OpenQuestionChoice | None = None,
    ) -> AnswerOutcome:
        """Let the assistant answer again, and announce it to the visitor.

        What the visitor has asked and nobody has answered, the assistant answers then, or it stays open, as the
        operator chooses. Without a choice nothing is handed back while there is such a question. One that comes in
        between is answered. A staff answer after that starts another takeover.
        """
        if open_question is None and await self._has_open_question(operator, tenant, session_id):
            return AnswerOutcome.OPEN_QUESTION
        outcome = await self._perform_announced_action(operator, tenant, session_id, "handed_back", press_id)
        if outcome is AnswerOutcome.SENT and open_question != "leave":
            await self._answer_open_question(tenant, session_id)
        return outcome

    async def answer_open_question(self, operator: Operator, tenant: str, session_id: str) -> AnswerOutcome:
        """Let the assistant answer what was left open when a takeover ended; nothing happens if nothing is."""
        if await self._find_conversation_profile(operator, tenant, session_id) is None:
            return AnswerOutcome.UNKNOWN
        await self._answer_open_question(tenant, session_id)
        return AnswerOutcome.SENT

    async def _has_open_question(self, operator: Operator, tenant: str, session_id: str) -> bool:
        if await self._find_conversation_profile(operator, tenant, session_id) is None:
            return False
        tail = await self._conversations.get_tail(session_id, _MAX_FRAMES)
        return bool(self._find_active_takeover(tail.takeover) and find_open_questions(tail.frames))

    async def _answer_open_question(self, tenant: str, session_id: str) -> None:
        """Queue the command with which the chat worker answers; the same state of a conversation gives the same id.

        The worker decides once more: by then a person may answer again, or the question may have an answer.
        """
        tail = await self._conversations.get_tail(session_id, _MAX_FRAMES)
        questions = find_open_questions(tail.frames)
        if not questions or self._find_active_takeover(tail.takeover):
            return
        profile = await self._tenants.get_profile(tenant)
        command = ChatAnswerOpen(
            id=derive_id(f"{tenant}#{session_id}#{tail.last_seq}", "answer open question"),
            tenant=tenant,
            session_id=session_id,
            client_id=questions[-1].re or "",
            accepted_at=self._clock.now(),
            locale=await self._replies.find_locale(session_id, profile.locale),
            data=ChatAnswerOpenData(before_seq=tail.last_seq + 1),
        )
        await self._commands.put(command, group=session_id)
        log.info("open_question_handed_back", tenant=tenant, session_id=session_id)

    async def clear_request(self, operator: Operator, tenant: str, session_id: str) -> AnswerOutcome:
        """Clear the mark of a visitor who waits for a person, because staff have taken care of it elsewhere."""
        if await self._find_conversation_profile(operator, tenant, session_id) is None:
            return AnswerOutcome.UNKNOWN
        await self._handovers.end_wait(session_id, by=operator.name)
        log.info(
            "handover_cleared", tenant=tenant, session_id=session_id, by_fingerprint=compute_fingerprint(operator.name)
        )
        return AnswerOutcome.SENT

    async def _perform_announced_action(
        self,
        operator: Operator,
        tenant: str,
        session_id: str,
        action: Literal["took_over", "handed_back"],
        press_id: str,
    ) -> AnswerOutcome:
        profile = await self._find_conversation_profile(operator, tenant, session_id)
        if profile is None:
            return AnswerOutcome.UNKNOWN
        text = render_announcement(action, await self._replies.find_locale(session_id, profile.locale))
        return await self._perform_action(operator, tenant, session_id, text, action, form_id=press_id)

    async def _perform_action(
        self,
        operator: Operator,
        tenant: str,
        session_id: str,
        text: str,
        action: ConversationAuditAction,
        *,
        form_id: str,
    ) -> AnswerOutcome:
        key = derive_id(f"{tenant}#{session_id}#{form_id}", f"{action} by hand")
        # The text of a button depends on the visitor's language, which may change between two clicks of one form.
        content = text if action == "answered" else action
        claim = await self._claims.claim(key, fingerprint=compute_fingerprint(content), lease=_ANSWER_LEASE)
        match claim:
            case Claim():
                entry = ConversationAuditEntry(self._clock.now(), operator.name, action)
                data = ChatFinalData(
                    text=text,
                    by="human",
                    author=None if action == "handed_back" else build_author(operator),
                    announces=None if action == "answered" else action,
                )
                outcome = await self._record_action(tenant, session_id, ChatFinal(data=data), entry, claim)
            case Done(outcome_seq):
                await self._replies.repost_frame(session_id, outcome_seq)
                outcome = AnswerOutcome.SENT
            case Busy():
                return AnswerOutcome.BUSY
            case _:
                return AnswerOutcome.OTHER_TEXT
        if outcome is AnswerOutcome.SENT:
            # After the frame: a request that comes in between finds the takeover (`workers/chat/handler/handover.py`).
            await self._handovers.end_wait(session_id, by=operator.name)
        return outcome

    async def _record_action(
        self, tenant: str, session_id: str, frame: ChatFinal, entry: ConversationAuditEntry, claim: Claim
    ) -> AnswerOutcome:
        try:
            stored = await self._replies.record_action(session_id, frame, claim=claim, entry=entry, tenant=tenant)
            if stored is None:
                await self._claims.complete(claim)
                return AnswerOutcome.SENT
        except LeaseLostError:
            return AnswerOutcome.BUSY
        except ConversationEndedError:
            await self._claims.complete(claim)
            return AnswerOutcome.UNKNOWN
        except (TransientError, PermanentError):
            # Released, so that a repetition need not wait until the lease ends.
            with suppress(TransientError, PermanentError):
                await self._claims.release(claim)
            raise
        # A name may be an e-mail address, which must not be logged; its hash still identifies the operator.
        log.info(
            _LOG_EVENTS[entry.action],
            tenant=tenant,
            session_id=session_id,
            seq=stored.seq,
            by_fingerprint=compute_fingerprint(entry.by),
        )
        return AnswerOutcome.SENT

    def _find_active_takeover(self, takeover: Takeover | None) -> Takeover | None:
        return takeover if takeover and takeover.is_active(self._clock.now()) else None

    async def _find_profile(self, operator: Operator, tenant: str) -> TenantProfile | None:
        if operator.tenants is not None and tenant not in operator.tenants:
            return None
        try:
            return await self._tenants.get_profile(tenant)
        except PermanentError:
            return None

    async def _find_conversation_profile(
        self, operator: Operator, tenant: str, session_id: str
    ) -> TenantProfile | None:
        """Return the tenant's profile; None if the operator may not see it, or the conversation is not the tenant's."""
        profile = await self._find_profile(operator, tenant)
        if profile is None or len(session_id) > _MAX_ID_CHARACTERS:
            return None
        return profile if await self._index.belongs_to_tenant(tenant, session_id) else None

    async def _read_preview(self, summary: ConversationSummary) -> ConversationPreview:
        tail = await self._conversations.get_tail(summary.session_id, _PREVIEW_FRAMES)
        text, by = find_last_message(tail.frames)
        return ConversationPreview(
            session_id=summary.session_id,
            last_at=summary.last_at,
            text=shorten_preview(text, _PREVIEW_CHARACTERS),
            by=by,
            takeover=self._find_active_takeover(tail.takeover),
            unanswered=[
                shorten_preview(message.data.text, _PREVIEW_CHARACTERS) for message in find_open_questions(tail.frames)
            ],
        )
