"""Streams the model's answer to the visitor."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace

import structlog

from shared.claims import ClaimStore
from shared.conversations.ports import Connection
from shared.conversations.replies import Replies
from shared.messages.commands import ChatSend
from shared.messages.server import OfferBooking, Usage
from shared.tenants.profile import TenantProfile
from workers.chat.dependencies import ChatPorts
from workers.chat.domain.answer_text import AnswerText
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.endings import Ending, classify_stop_reason
from workers.chat.domain.prompt import Prompt
from workers.chat.domain.tools import OFFER_BOOKING, check_offer, keep_bookable_date
from workers.chat.domain.usage import estimate_usage
from workers.chat.handler.attempts import MAX_CALLS, CallTally, ModelAttempts
from workers.chat.handler.delta_schedule import DeltaSchedule
from workers.chat.handler.deltas import Coalescer, coalesce_deltas
from workers.chat.handler.listeners import Listeners, watch_for_listeners
from workers.chat.handler.progress import report_progress
from workers.chat.handler.stopping import iterate_until, watch_for_stop
from workers.chat.ports import Finished, Restarted, TextDelta, ToolCall

log = structlog.get_logger()


@dataclass(slots=True)
class Answer:
    """What has come of an answer."""

    text: AnswerText = field(default_factory=AnswerText)
    offers: list[OfferBooking] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    stopped: bool = False
    stop_reason: str | None = None
    """Why the model stopped; None until then."""
    tally: CallTally = field(default_factory=CallTally)

    @property
    def ending(self) -> Ending:
        """What the model's reason means."""
        return classify_stop_reason(self.stop_reason or "")

    @property
    def is_empty(self) -> bool:
        """Whether the model ended its answer, but said nothing and offered nothing."""
        return self.stop_reason is not None and not (self.text.text or self.offers)

    def begin_again(self) -> None:
        """Forget what has come, except what it costs."""
        self.text.clear()
        self.offers.clear()
        self.stop_reason = None


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """What is asked, for whom, and how long it may take."""

    command: ChatSend
    prompt: Prompt
    profile: TenantProfile
    listeners: Sequence[Connection]
    deadline: Deadline
    claim_attempt: int = 1
    calls_before: int = 0
    """The number of the last call that the attempt may have made for an earlier answer."""


class AnswerStreamer:
    """Asks the model, and posts its answer while it comes."""

    def __init__(self, *, ports: ChatPorts, attempts: ModelAttempts, replies: Replies, claims: ClaimStore) -> None:
        self._ports = ports
        self._attempts = attempts
        self._replies = replies
        self._claims = claims
        self._schedule = DeltaSchedule()

    async def stream(self, request: AnswerRequest) -> Answer:
        """Stream the model's answer to the connections, until it ends or the visitor stops it.

        An answer without content is requested once more; without tools, if the call of one was malformed.
        """
        command, answer = request.command, Answer()
        listeners = Listeners(command, request.listeners, replies=self._replies, clock=self._ports.clock)

        async def is_stop_requested() -> bool:
            return await self._claims.is_stop_requested(command.id)

        async with (
            self._measure(answer.tally),
            watch_for_stop(is_stop_requested) as stopped,
            coalesce_deltas(lambda: answer.text.text, listeners, self._schedule) as deltas,
            watch_for_listeners(listeners, deltas.wake),
            report_progress(listeners),
        ):
            await listeners.announce()
            await self._read_answer(request, answer, deltas, stopped)
            if answer.is_empty and answer.ending in {"complete", "malformed"}:
                log.info("answer_empty", stop_reason=answer.stop_reason)
                if answer.ending == "malformed":
                    request = replace(request, prompt=replace(request.prompt, tools=()))
                answer.begin_again()
                request = replace(request, calls_before=MAX_CALLS)
                await self._read_answer(request, answer, deltas, stopped)
        return answer

    @asynccontextmanager
    async def _measure(self, tally: CallTally) -> AsyncIterator[None]:
        """Record how long the calls for an answer took and what they cost, however it ends."""
        started = time.monotonic()
        try:
            yield
        finally:
            if tally.calls:
                self._ports.metrics.record_milliseconds("BedrockLatency", (time.monotonic() - started) * 1000)
                self._ports.metrics.record_nano_dollars("AnswerCostNanoDollars", tally.nano_dollars)

    async def _read_answer(
        self, request: AnswerRequest, answer: Answer, deltas: Coalescer, stopped: asyncio.Event
    ) -> None:
        """Read one answer to its end, or until it is stopped; once it is, the model is not called."""
        if stopped.is_set():
            answer.stopped = True
            return
        calls = self._attempts.stream(
            request.command,
            request.prompt,
            deadline=request.deadline,
            claim_attempt=request.claim_attempt,
            calls_before=request.calls_before,
            tally=answer.tally,
        )
        async with aclosing(calls) as events:
            async for event in iterate_until(stopped, events):
                match event:
                    case TextDelta(piece, block):
                        answer.text.add(piece, block)
                        deltas.wake()
                    case ToolCall(name=name, input=content) if name == OFFER_BOOKING:
                        offer = check_offer(content, request.profile)
                        now = self._ports.clock.now()
                        answer.offers.append(keep_bookable_date(offer, request.profile, now))
                    case Restarted():
                        answer.begin_again()
                    case Finished(usage=usage, stop_reason=reason):
                        answer.usage += usage
                        answer.stop_reason = reason
        answer.text.end()
        if answer.ending == "malformed":
            answer.offers.clear()
        if stopped.is_set() and answer.stop_reason is None:
            answer.stopped = True
            # The model reports usage only at the end of an answer, but a stopped answer is billed as well.
            answer.usage += estimate_usage(request.prompt, answer.text.received_characters)
