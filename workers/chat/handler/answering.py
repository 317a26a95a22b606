"""Streams the model's answer to the visitor."""

import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from shared.claims import ClaimStore
from shared.conversations.ports import Connection
from shared.conversations.replies import Replies
from shared.messages.commands import ChatSend
from shared.messages.server import ChatDelta, ChatDeltaData, OfferBooking, Typing, Usage
from shared.tenants.profile import TenantProfile
from workers.chat.dependencies import ChatPorts
from workers.chat.domain.answer_text import AnswerText
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.prompt import Prompt
from workers.chat.domain.tools import OFFER_BOOKING, check_offer
from workers.chat.domain.usage import estimate_usage
from workers.chat.handler.attempts import ModelAttempts
from workers.chat.handler.deltas import coalesce_deltas
from workers.chat.handler.stopping import iterate_until, watch_for_stop
from workers.chat.ports import Finished, Restarted, TextDelta, ToolCall


@dataclass(slots=True)
class Answer:
    """What has come of an answer."""

    text: AnswerText = field(default_factory=AnswerText)
    offers: list[OfferBooking] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    stopped: bool = False
    finished: bool = False


class AnswerStreamer:
    """Asks the model, and posts its answer while it comes."""

    def __init__(self, *, ports: ChatPorts, attempts: ModelAttempts, replies: Replies, claims: ClaimStore) -> None:
        self._ports = ports
        self._attempts = attempts
        self._replies = replies
        self._claims = claims

    async def stream(
        self,
        command: ChatSend,
        prompt: Prompt,
        profile: TenantProfile,
        listeners: Sequence[Connection],
        deadline: Deadline,
    ) -> Answer:
        """Stream the model's answer to the connections, until it ends or the visitor stops it."""
        answer = Answer()
        started = time.monotonic()

        async def post(offset: int, text: str) -> None:
            delta = ChatDelta(re=command.client_id, data=ChatDeltaData(offset=offset, text=text))
            await self._replies.post_frame(command.session_id, delta, listeners)

        async def is_stop_requested() -> bool:
            return await self._claims.is_stop_requested(command.id)

        await self._replies.post_frame(command.session_id, Typing(re=command.client_id), listeners)
        async with (
            watch_for_stop(is_stop_requested) as stopped,
            coalesce_deltas(lambda: answer.text.text, post) as deltas,
            aclosing(self._attempts.stream(command, prompt, deadline=deadline)) as events,
        ):
            async for event in iterate_until(stopped, events):
                match event:
                    case TextDelta(piece, block):
                        answer.text.add(piece, block)
                        deltas.wake()
                    case ToolCall(name, content) if name == OFFER_BOOKING:
                        answer.offers.append(check_offer(content, profile))
                    case Restarted():
                        answer.text = AnswerText()
                        answer.offers.clear()
                    case Finished(usage):
                        answer.usage, answer.finished = usage, True
            if stopped.is_set() and not answer.finished:
                answer.stopped = True
                # The model reports usage only at the end of an answer, but a stopped answer is billed as well.
                answer.usage = estimate_usage(prompt, answer.text.received_characters)
        answer.text.end()
        self._ports.metrics.record_milliseconds("BedrockLatency", (time.monotonic() - started) * 1000)
        return answer
