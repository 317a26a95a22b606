"""Refuses a message that would wait too long because its business or its visitor has its share of the handlers."""

import random
from datetime import timedelta

import structlog

from shared.backoff import RandomSource, compute_backoff_seconds
from shared.claims import Claim
from shared.conversations.replies import Replies, build_refusal_frame, find_refusal_code
from shared.messages.commands import ChatCommand, ChatSend
from shared.messages.errors import ErrorCode

log = structlog.get_logger()

MAX_WAIT = timedelta(seconds=20)
"""How long a message may wait for a handler: of the 45 seconds of an answer by default, it leaves more than half."""

_RETRY_SECONDS = 30.0
"""The longest wait that a visitor is asked for; the shortest is half of it."""


class ChatShedding:
    """Ends a message with a durable `MODEL_BUSY`; a request for a person, or by one, is never shed."""

    def __init__(self, *, replies: Replies, random_source: RandomSource = random.random) -> None:
        self._replies = replies
        self._random_source = random_source

    def find_max_wait(self, message: ChatCommand) -> timedelta | None:
        """Return how long the message may wait for a handler; None without limit."""
        return MAX_WAIT if isinstance(message, ChatSend) else None

    async def shed_message(self, message: ChatCommand, claim: Claim) -> str | None:
        """Tell the visitor when to try again, unless an earlier attempt has stored an answer."""
        if not claim.is_first and (stored := await self._replies.recover_outcome(message.session_id, claim=claim)):
            return find_refusal_code(stored)
        seconds = compute_backoff_seconds(
            1,
            base_seconds=_RETRY_SECONDS,
            cap_seconds=_RETRY_SECONDS,
            fixed_share=0.5,
            random_source=self._random_source,
        )
        frame = build_refusal_frame(
            ErrorCode.MODEL_BUSY,
            re=message.client_id,
            locale=await self._replies.find_locale(message.session_id, message.locale),
            retry_after_ms=round(seconds * 1000),
        )
        log.info("chat_refused", code=ErrorCode.MODEL_BUSY)
        await self._replies.store_and_post(message.session_id, frame, claim=claim)
        return find_refusal_code(frame)
