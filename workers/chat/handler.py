"""The use case: a visitor writes, the assistant answers."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from shared.claims import Claim, ClaimStore
from shared.conversations.announcements import announcement
from shared.conversations.ports import Connection
from shared.conversations.replies import Replies, code_of, refusal
from shared.dead_letter_reasons import DeadLetterReason
from shared.languages.catalogue import Catalogue
from shared.messages.commands import ChatSend
from shared.messages.errors import ErrorCode
from shared.messages.server import (
    ChatDelta,
    ChatDeltaData,
    ChatFinal,
    ChatFinalData,
    ChatSent,
    ChatSentData,
    OfferBooking,
    Typing,
    Usage,
)
from shared.tenants.profile import TenantProfile
from workers.chat.dependencies import ChatPorts
from workers.chat.domain import (
    HISTORY_FRAMES,
    OFFER_BOOKING,
    Prompt,
    build_prompt,
    checked_offer,
    estimated_usage,
    final_text,
)
from workers.chat.ports import Finished, ModelFailure, TextDelta, ToolCall
from workers.chat.stream import coalescing, until, watching

log = structlog.get_logger()

CATALOGUE = Catalogue(Path(__file__).parent / "locales")


@dataclass(slots=True)
class _Answer:
    text: str = ""
    offers: list[OfferBooking] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    stopped: bool = False
    finished: bool = False


class ChatHandler:
    """Stores what was asked, streams the answer, stores the answer; a second try begins the answer anew.

    While a person answers the conversation, what was asked is stored for them and the assistant is silent. An answer
    that was begun before the person came is still finished.
    """

    def __init__(self, *, ports: ChatPorts, replies: Replies, claims: ClaimStore) -> None:
        self._ports = ports
        self._replies = replies
        self._claims = claims

    async def handle(self, work: ChatSend, claim: Claim) -> str | None:
        """Answer one message; return the code of one that is refused."""
        profile = await self._ports.tenants.profile(work.tenant)
        if len(work.data.text) > profile.limits.chat_characters:
            return await self._refuse(work, claim, ErrorCode.TOO_LARGE)
        sent = await self._replies.durable(
            work.session_id,
            ChatSent(re=work.client_id, data=ChatSentData(text=work.data.text)),
            claim=claim,
            marker="sent",
            tenant=work.tenant,
        )
        listeners, used, talk, documents = await asyncio.gather(
            self._replies.connections(work.session_id),
            self._ports.usage.output_tokens(work.tenant, self._today()),
            self._ports.conversations.latest(work.session_id, HISTORY_FRAMES),
            self._ports.tenants.documents(work.tenant),
        )
        is_persons = talk.takeover is not None and talk.takeover.is_active(self._ports.clock.now())
        if is_persons and await self._left_to_person(work, claim, listeners):
            return None
        if used >= profile.limits.daily_output_tokens:
            return await self._refuse(work, claim, ErrorCode.BUDGET_EXCEEDED)
        prompt = build_prompt(
            profile=profile,
            documents=documents,
            history=[frame for frame in talk.frames if frame.seq and sent.seq and frame.seq < sent.seq],
            text=work.data.text,
            now=self._ports.clock.now(),
        )
        answer = await self._answer(work, prompt, profile, listeners)
        await self._ports.usage.add(work.tenant, self._today(), answer.usage)
        await self._replies.durable(work.session_id, self._final(work, answer), claim=claim)
        return None

    async def _left_to_person(self, work: ChatSend, claim: Claim, listeners: Sequence[Connection]) -> bool:
        """End the message without an answer: the first one with a word on who reads it, all others without any.

        False, and nothing is said, if the conversation was handed back at this moment: it has to be answered after all.
        """
        locale = next((one.locale for one in listeners if one.locale), work.locale)
        texts = (announcement("is_read", locale), "")
        first, further = (
            ChatFinal(re=work.client_id, data=ChatFinalData(text=text, announces="is_read")) for text in texts
        )
        if await self._replies.leave_to_staff(work.session_id, first, further, claim=claim) is None:
            return False
        log.info("chat_left_to_person")
        return True

    async def _answer(
        self, work: ChatSend, prompt: Prompt, profile: TenantProfile, listeners: Sequence[Connection]
    ) -> _Answer:
        """Stream the model's answer to whoever listens, until it ends or the visitor stops it."""
        answer = _Answer()
        started = time.monotonic()

        async def post(offset: int, text: str) -> None:
            delta = ChatDelta(re=work.client_id, data=ChatDeltaData(offset=offset, text=text))
            await self._replies.post(work.session_id, delta, listeners)

        async def stop_requested() -> bool:
            return await self._claims.stop_requested(work.id)

        await self._replies.post(work.session_id, Typing(re=work.client_id), listeners)
        async with (
            watching(stop_requested) as stopped,
            coalescing(post) as deltas,
            aclosing(self._ports.model.stream(prompt)) as events,
        ):
            async for event in until(stopped, events):
                match event:
                    case TextDelta(text):
                        answer.text += text
                        deltas.add(text)
                    case ToolCall(name, content) if name == OFFER_BOOKING:
                        answer.offers.append(checked_offer(content, profile))
                    case Finished(usage, _):
                        answer.usage, answer.finished = usage, True
            if stopped.is_set() and not answer.finished:
                answer.stopped = True
                # The model counts only what it finished; what was said until here costs all the same.
                answer.usage = estimated_usage(prompt, answer.text)
        self._ports.metrics.milliseconds("BedrockLatency", (time.monotonic() - started) * 1000)
        return answer

    def _final(self, work: ChatSend, answer: _Answer) -> ChatFinal:
        return ChatFinal(
            re=work.client_id,
            data=ChatFinalData(
                text=final_text(
                    answer.text,
                    offered=bool(answer.offers),
                    stopped=answer.stopped,
                    t=CATALOGUE.texts(work.locale),
                ),
                actions=tuple(answer.offers[:1]),
                usage=answer.usage,
                stopped=answer.stopped,
            ),
        )

    async def repeat(self, work: ChatSend, outcome_seq: int | None) -> str | None:
        """Say the answer once more."""
        return code_of(await self._replies.repeat(work.session_id, outcome_seq))

    async def mismatch(self, work: ChatSend) -> None:
        """Refuse another text under an id that was used before."""
        locale = await self._replies.locale(work.session_id, work.locale)
        frame = refusal(ErrorCode.BAD_FRAME, re=work.client_id, locale=locale)
        await self._replies.post(work.session_id, frame, await self._replies.connections(work.session_id))

    async def give_up(self, work: ChatSend, claim: Claim, reason: str) -> None:
        """Tell the visitor that there will be no answer."""
        codes: dict[str, ErrorCode] = {
            ModelFailure.BUSY: ErrorCode.MODEL_BUSY,
            DeadLetterReason.TIMEOUT: ErrorCode.TIMEOUT,
        }
        await self._refuse(work, claim, codes.get(reason, ErrorCode.INTERNAL))

    async def _refuse(self, work: ChatSend, claim: Claim, code: ErrorCode) -> str:
        locale = await self._replies.locale(work.session_id, work.locale)
        log.info("chat_refused", code=code)
        frame = refusal(code, re=work.client_id, locale=locale)
        await self._replies.durable(work.session_id, frame, claim=claim)
        return code.value

    def _today(self) -> str:
        return f"{self._ports.clock.now():%Y-%m-%d}"
