"""The use case of chat: the assistant answers a visitor's message."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import structlog

from shared.backoff import RandomSource, compute_backoff_seconds
from shared.claims import Claim, ClaimStore
from shared.conversations.announcements import render_announcement
from shared.conversations.ports import Connection
from shared.conversations.replies import Replies, build_refusal_frame, find_refusal_code
from shared.conversations.takeover import ConversationTail
from shared.dead_letter_reasons import DeadLetterReason
from shared.errors import PermanentError, TransientError, TryAgainError, describe_error
from shared.messages.commands import ChatAnswerOpen, ChatCommand, ChatSend, HandoverRequest
from shared.messages.errors import ErrorCode
from shared.messages.server import (
    ChatFinal,
    ChatFinalData,
    ChatSent,
    ChatSentData,
    ServerFrame,
)
from shared.refusal_texts import About
from shared.tenants.profile import TenantProfile
from workers.chat.dependencies import ChatPorts
from workers.chat.domain.answer_links import AnswerLinks, list_allowed_links
from workers.chat.domain.deadline import Deadline, find_previous_end, find_start, set_deadline
from workers.chat.domain.history import find_last_question
from workers.chat.domain.message_kinds import shorten_prompt
from workers.chat.domain.prompt import build_prompt
from workers.chat.handler.answer import Answer, AnswerRequest
from workers.chat.handler.answering import AnswerStreamer
from workers.chat.handler.attempts import SHORTEST_CALL_SECONDS, BudgetExceededError, ModelAttempts
from workers.chat.handler.earlier_frames import TAIL_FRAMES, read_earlier_frames
from workers.chat.handler.final import build_final
from workers.chat.handler.handover import HandoverRequester
from workers.chat.handler.knowledge_search import KnowledgeSearch
from workers.chat.handler.left_open import find_question
from workers.chat.handler.message_storing import MessageMovedError, MessageStoring, OnStored, store_meanwhile
from workers.chat.handler.sorting import MessageSorter
from workers.chat.handler.unanswered import UnansweredRecorder
from workers.chat.ports import ModelFailure

log = structlog.get_logger()

TOO_LATE = "too_late"
"""The reason of a message that waited so long that its visitor gets an apology: the model was not called."""

_CODES: Mapping[str, ErrorCode] = {
    ModelFailure.BUSY: ErrorCode.MODEL_BUSY,
    ModelFailure.QUOTA: ErrorCode.MODEL_BUSY,
    ModelFailure.DOWN: ErrorCode.MODEL_BUSY,
    DeadLetterReason.TIMEOUT: ErrorCode.TIMEOUT,
    TOO_LATE: ErrorCode.TIMEOUT,
}
"""What the visitor hears of the reasons that are not about the message itself."""

SHORT_ANSWER_SECONDS = 8.0
"""How long the small model may take for its answer; after that the usual one is asked."""

RETRY_SECONDS = 20.0
"""The longest wait that a visitor is asked for while the model is busy; the shortest is half of it."""


@dataclass(frozen=True, slots=True)
class _Situation:
    """What is read before a message is answered."""

    profile: TenantProfile
    tail: ConversationTail
    listeners: Sequence[Connection]
    used_tokens: int
    documents: Mapping[str, str]
    deadline: Deadline


def choose_locale(command: ChatSend, listeners: Sequence[Connection]) -> str:
    """Return the language of the `hello` on the message's own connection, of another one, or of the command."""
    own_first = sorted(listeners, key=lambda connection: connection.connection_id != command.connection_id)
    return next((connection.locale for connection in own_first if connection.locale), command.locale)


class ChatHandler:
    """Stores the visitor's message, streams the answer and stores it; another attempt starts the answer again.

    During a takeover the message is stored for the staff, and the assistant is silent. An answer that was started
    before the takeover is still finished.
    """

    def __init__(
        self, *, ports: ChatPorts, replies: Replies, claims: ClaimStore, random_source: RandomSource = random.random
    ) -> None:
        self._ports = ports
        self._replies = replies
        self._claims = claims
        self._random_source = random_source
        self._knowledge = KnowledgeSearch()
        self._attempts = ModelAttempts(
            model=ports.model,
            spending=ports.spending,
            metrics=ports.metrics,
            models=ports.models,
            breaker=ports.model_circuits,
            random_source=random_source,
        )
        self._unanswered = UnansweredRecorder(questions=ports.questions, knowledge=self._knowledge, clock=ports.clock)
        self._sorter = MessageSorter(
            model=ports.model,
            spending=ports.spending,
            metrics=ports.metrics,
            model_id=ports.models.intent_model_id,
            breaker=ports.sorting_circuits,
        )
        self._answers = AnswerStreamer(ports=ports, attempts=self._attempts, replies=replies, claims=claims)
        self._handovers = HandoverRequester(ports=ports, replies=replies)

    async def handle(self, command: ChatCommand, claim: Claim) -> str | None:
        """Answer one message, or alert staff; return the error code if the command is refused."""
        if isinstance(command, HandoverRequest):
            return await self._handovers.request_staff(command, claim)
        if isinstance(command, ChatAnswerOpen):
            return await self._answer_open_question(command, claim)
        return await self._answer_message(command, claim)

    async def _answer_message(self, command: ChatSend, claim: Claim) -> str | None:
        if not claim.is_first and (stored := await self._replies.recover_outcome(command.session_id, claim=claim)):
            return find_refusal_code(stored)
        profile = await self._ports.tenants.get_profile(command.tenant, for_visitor=True)
        if len(command.data.text) > profile.limits.chat_characters:
            return await self._refuse_message(command, claim, ErrorCode.TOO_LARGE)
        known = await self._read_situation(command, profile)
        known.tail.demand_open()
        store = partial(self._store_message, command, claim, known.tail)
        async with store_meanwhile(store, seq=known.tail.last_seq + 1) as message:
            if claim.is_first and not self._may_stay_silent(known):
                with suppress(MessageMovedError):
                    return await self._answer_stored(command, claim, known, message)
            sent = await message.wait_until_posted()
            if sent.seq != known.tail.last_seq + 1:
                # Another frame came first, or an earlier attempt stored the message: a takeover may have begun since.
                tail = await self._ports.conversations.get_tail(command.session_id, TAIL_FRAMES)
                tail.demand_open()
                known = replace(known, tail=tail)
            message.accept_number(sent)
            if self._is_staff_answering(known.tail) and await self._leave_to_staff(command, claim, known.listeners):
                return None
            if known.used_tokens >= profile.limits.daily_output_tokens:
                return await self._refuse_message(command, claim, ErrorCode.BUDGET_EXCEEDED)
            return await self._answer_stored(command, claim, known, message, before_seq=sent.seq)

    async def _answer_open_question(self, command: ChatAnswerOpen, claim: Claim) -> str | None:
        """Answer what staff have left open, once: nothing is open any more after an answer, nor during a takeover."""
        if not claim.is_first and (stored := await self._replies.recover_outcome(command.session_id, claim=claim)):
            return find_refusal_code(stored)
        profile = await self._ports.tenants.get_profile(command.tenant, for_visitor=True)
        known = await self._read_situation(command, profile)
        asked = None if self._is_staff_answering(known.tail) else find_question(known.tail.frames, command)
        if asked is None:
            log.info("nothing_left_open")
            await self._claims.complete(claim)
            return None
        question, message = asked
        if known.used_tokens >= profile.limits.daily_output_tokens:
            return await self._refuse_message(message, claim, ErrorCode.BUDGET_EXCEEDED)

        async def get_stored(on_stored: OnStored) -> ServerFrame:
            on_stored(question)
            return question

        async with store_meanwhile(get_stored, seq=question.seq or 0) as storing:
            return await self._answer_stored(message, claim, known, storing, before_seq=question.seq)

    async def _read_situation(self, command: ChatSend | ChatAnswerOpen, profile: TenantProfile) -> _Situation:
        tail, listeners, used, documents = await asyncio.gather(
            self._ports.conversations.get_tail(command.session_id, TAIL_FRAMES),
            self._replies.list_connections(command.session_id, may_lag=True),
            self._ports.usage.get_output_tokens(command.tenant, self._format_today()),
            self._ports.tenants.get_documents(command.tenant),
        )
        return _Situation(profile, tail, listeners, used, documents, self._set_deadline(command, profile, tail))

    async def _store_message(
        self, command: ChatSend, claim: Claim, tail: ConversationTail, on_stored: OnStored
    ) -> ServerFrame:
        return await self._replies.store_in_steps_and_post(
            command.session_id,
            ChatSent(re=command.client_id, data=ChatSentData(text=command.data.text)),
            claim=claim,
            marker="sent",
            tenant=command.tenant,
            after=tail,
            on_stored=on_stored,
        )

    def _may_stay_silent(self, known: _Situation) -> bool:
        """Return whether something speaks against an answer, so that nothing is reserved before that is decided."""
        is_spent = known.used_tokens >= known.profile.limits.daily_output_tokens
        return is_spent or self._is_staff_answering(known.tail)

    def _is_staff_answering(self, tail: ConversationTail) -> bool:
        return tail.takeover is not None and tail.takeover.is_active(self._ports.clock.now())

    async def _answer_stored(
        self,
        command: ChatSend,
        claim: Claim,
        known: _Situation,
        message: MessageStoring,
        *,
        before_seq: int | None = None,
    ) -> str | None:
        """Ask the model and store the answer; `before_seq` is the number of the message, by default the next one.

        Raises:
            MessageMovedError: the message got another number; nothing was asked, and nothing is reserved.
        """
        profile, tail, listeners = known.profile, known.tail, known.listeners
        history = await read_earlier_frames(
            self._ports.conversations, command.session_id, tail, before_seq=before_seq or tail.last_seq + 1
        )
        language = choose_locale(command, listeners).partition("-")[0].lower()
        knowledge = await self._knowledge.select_knowledge(
            command.tenant,
            known.documents,
            question=command.data.text,
            earlier=find_last_question(history),
            language=language,
        )
        prompt = build_prompt(
            profile=profile,
            knowledge=knowledge,
            history=history,
            text=command.data.text,
            now=self._ports.clock.now(),
            tools=tuple(build(profile) for build in self._ports.tools),
        )
        try:
            links = AnswerLinks(partial(list_allowed_links, profile, known.documents.values()))
            request = AnswerRequest(
                command, prompt, profile, listeners, known.deadline, message, claim.attempts, links=links
            )
            answer = await self._answer(request, claim)
        except BudgetExceededError:
            await message.check_number()
            await message.wait_until_posted()
            return await self._refuse_message(command, claim, ErrorCode.BUDGET_EXCEEDED)
        await message.check_number()
        sent = await message.wait_until_posted()
        await self._replies.store_in_steps_and_post(
            command.session_id,
            build_final(
                command,
                answer,
                choose_locale(command, listeners),
                sources=knowledge.sources if answer.has_documents else (),
            ),
            claim=claim,
            after=ConversationTail(takeover=tail.takeover, last_seq=max(tail.last_seq, sent.seq or 0)),
        )
        await self._unanswered.record(command, profile, answer, documents=known.documents, language=language)
        return None

    async def _answer(self, request: AnswerRequest, claim: Claim) -> Answer:
        """Ask the model, unless the visitor has stopped the answer before the message was received."""
        if claim.is_stop_requested:
            return Answer(stopped=True)
        if request.deadline.remaining(asyncio.get_running_loop().time()) < SHORTEST_CALL_SECONDS:
            await request.message.check_number()
            raise TryAgainError(TOO_LATE, "nobody waits for the answer any more")
        return await self._answer_without_documents(request) or await self._answers.stream(request)

    async def _answer_without_documents(self, request: AnswerRequest) -> Answer | None:
        """Return the small model's answer to a message that needs no documents; None if that is not possible."""
        model_id = self._ports.models.intent_model_id
        if model_id is None:
            return None
        await request.message.check_number()
        if await self._sorter.find_kind(request) is None:
            return None
        now = asyncio.get_running_loop().time()
        short = replace(
            request,
            prompt=shorten_prompt(request.prompt, request.profile, model_id),
            deadline=Deadline(min(request.deadline.at, now + SHORT_ANSWER_SECONDS)),
        )
        try:
            answer = await self._answers.stream(short)
        except (PermanentError, TransientError) as error:
            log.warning("short_answer_failed", error=describe_error(error))
            return None
        answer.has_documents = False
        return answer if answer.is_useful else None

    def _set_deadline(
        self, command: ChatSend | ChatAnswerOpen, profile: TenantProfile, tail: ConversationTail
    ) -> Deadline:
        started_at = find_start(
            command.accepted_at,
            previous_end=find_previous_end(tail.frames, tail.stored_at, client_id=command.client_id),
            replayed_at=command.replayed_at,
        )
        return set_deadline(
            started_at=started_at,
            now=self._ports.clock.now(),
            loop_time=asyncio.get_running_loop().time(),
            timeout=timedelta(seconds=profile.limits.answer_seconds),
            handler_timeout=self._ports.handler_timeout,
        )

    async def _leave_to_staff(self, command: ChatSend, claim: Claim, listeners: Sequence[Connection]) -> bool:
        """Complete the message without an answer, and return True; only the first one gets the text that staff read it.

        Return False, and store nothing, if the conversation was handed back meanwhile: the assistant has to answer.
        """
        locale = choose_locale(command, listeners)
        texts = (render_announcement("is_read", locale), "")
        first, further = (
            ChatFinal(re=command.client_id, data=ChatFinalData(text=text, announces="is_read")) for text in texts
        )
        if await self._replies.leave_to_staff(command.session_id, first, further, claim=claim) is None:
            return False
        log.info("chat_left_to_staff")
        return True

    async def repeat_outcome(self, command: ChatCommand, outcome_seq: int | None) -> str | None:
        """Post the stored outcome again."""
        return find_refusal_code(await self._replies.repost_frame(command.session_id, outcome_seq))

    async def refuse_reused_id(self, command: ChatCommand) -> None:
        """Refuse a message with the id of an earlier one and another text."""
        locale = await self._replies.find_locale(command.session_id, command.locale)
        frame = build_refusal_frame(ErrorCode.BAD_FRAME, re=command.client_id, locale=locale)
        await self._replies.post_frame(
            command.session_id, frame, await self._replies.list_connections(command.session_id)
        )

    async def give_up(self, command: ChatCommand, claim: Claim, reason: str) -> None:
        """End the message with an error frame for the visitor."""
        about: About | None = "too_late" if reason == TOO_LATE else None
        await self._refuse_message(command, claim, _CODES.get(reason, ErrorCode.INTERNAL), about=about)
        if reason in _CODES:
            await self._count_refusal(command, reason)

    async def _count_refusal(self, command: ChatCommand, reason: str) -> None:
        """Count a refusal, which may be no failure; a message that is given up twice counts twice."""
        self._ports.metrics.count("MessagesRefused", Reason=reason)
        try:
            await self._ports.usage.add_refusal(command.tenant, self._format_today())
        except (TransientError, PermanentError) as error:
            log.warning("refusal_not_counted", error=describe_error(error))

    async def _refuse_message(
        self, command: ChatCommand, claim: Claim, code: ErrorCode, *, about: About | None = None
    ) -> str:
        locale = await self._replies.find_locale(command.session_id, command.locale)
        log.info("chat_refused", code=code)
        retry_after_ms = self._compute_retry_after_ms() if code is ErrorCode.MODEL_BUSY else None
        frame = build_refusal_frame(
            code, re=command.client_id, locale=locale, retry_after_ms=retry_after_ms, about=about
        )
        await self._replies.store_and_post(command.session_id, frame, claim=claim)
        return code.value

    def _compute_retry_after_ms(self) -> int:
        """Return when to try again: not before a model is called again, and not when everybody else does."""
        jitter = compute_backoff_seconds(
            1, base_seconds=RETRY_SECONDS, cap_seconds=RETRY_SECONDS, fixed_share=0.5, random_source=self._random_source
        )
        return round((self._attempts.compute_wait_seconds() + jitter) * 1000)

    def _format_today(self) -> str:
        return f"{self._ports.clock.now():%Y-%m-%d}"
