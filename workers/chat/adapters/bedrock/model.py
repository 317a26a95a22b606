"""The model on Bedrock: `converse_stream` through aiobotocore."""

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator, Awaitable, Collection
from dataclasses import replace
from typing import Any, TypeVar

import structlog

from shared.dead_letter_reasons import DeadLetterReason
from shared.errors import TransientError
from shared.interruption import InterruptedWaitError, Interruption
from shared.language_models.geography import has_one_geography
from workers.chat.adapters.bedrock.errors import translate_bedrock_errors
from workers.chat.adapters.bedrock.events import ConverseReader
from workers.chat.adapters.bedrock.request import get_request
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.prompt import Prompt
from workers.chat.ports import Finished, ModelEvent, ModelFailure

log = structlog.get_logger()

T = TypeVar("T")

HEADERS_SECONDS = 10
"""The timeout for the response's headers. Connecting has one of its own (`shared/aws/clients.py`)."""

FIRST_EVENT_SECONDS = 10
"""The timeout from the headers to the first word, or the first call of a tool."""

SILENCE_SECONDS = 10
"""The timeout from one event of an answer to the next."""

MAX_SILENCE_SECONDS = max(HEADERS_SECONDS, FIRST_EVENT_SECONDS, SILENCE_SECONDS)


class BedrockModel:
    """Converts the stream of Converse to events; the model is called through its EU inference profile."""

    def __init__(
        self,
        *,
        client: Any,
        default_model_id: str,
        allowed_model_ids: Collection[str] = (),
        may_leave_geography: bool = False,
    ) -> None:
        """Take the models that may be invoked besides the default one; without any, all of its geography may."""
        self._client = client
        self._default_model_id = default_model_id
        self._may_leave_geography = may_leave_geography
        self._allowed_model_ids = {default_model_id, *allowed_model_ids} if allowed_model_ids else None

    async def stream(self, prompt: Prompt, *, deadline: Deadline) -> AsyncGenerator[ModelEvent]:
        """Yield the answer's events."""
        reader = ConverseReader()
        model_id = self._select_model(prompt)
        answer = await self._ask_model(model_id, prompt, deadline)
        async with contextlib.aclosing(_iterate_with_timeout(answer["stream"], deadline)) as events:
            async for event in events:
                for read in reader.read(event):
                    yield read
        if not reader.is_complete:
            raise TransientError("bedrock.stream: cut off", reason=ModelFailure.FAILED)
        for read in reader.finish():
            yield replace(read, model_id=model_id) if isinstance(read, Finished) else read

    async def _ask_model(self, model_id: str, prompt: Prompt, deadline: Deadline) -> Any:
        async with _limit_time(HEADERS_SECONDS, deadline, "no headers"):
            with translate_bedrock_errors("bedrock.converse_stream"):
                return await self._client.converse_stream(**get_request(model_id, prompt))

    def _select_model(self, prompt: Prompt) -> str:
        """Return the model of the business, or the default one if that may not be invoked: visitors get an answer."""
        model_id = prompt.model_id or self._default_model_id
        if self._may_invoke(model_id):
            return model_id
        log.error("model_not_allowed", model_id=model_id, used=self._default_model_id)
        return self._default_model_id

    def _may_invoke(self, model_id: str) -> bool:
        if self._allowed_model_ids is not None:
            return model_id in self._allowed_model_ids
        return self._may_leave_geography or has_one_geography((self._default_model_id, model_id))


@contextlib.asynccontextmanager
async def _limit_time(seconds: float, deadline: Deadline, what: str) -> AsyncGenerator[None]:
    """Raise a `TransientError` with the reason `timeout` after these seconds, or at the deadline."""
    now = asyncio.get_running_loop().time()
    scope = asyncio.timeout_at(min(now + seconds, deadline.at))
    try:
        async with scope:
            yield
    except TimeoutError as error:
        # A time-out of the connection's own is translated inside: only ours gets here.
        raise _build_timeout(what, seconds, is_deadline=deadline.at <= now + seconds) from error


class _EventLimits:
    """Ends a wait for an event at its limit: one timer for a stream, which is set anew only when it runs out."""

    def __init__(self, deadline: Deadline) -> None:
        self._loop = asyncio.get_running_loop()
        self._deadline = deadline
        self._interruption = Interruption()
        self._end = 0.0
        """When the wait under way ends; infinite between two of them."""
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, event: Awaitable[T], seconds: float) -> T:
        """Return the event; raise a `TransientError` with the reason `timeout` if it does not come in time."""
        now = self._loop.time()
        self._end = min(now + seconds, self._deadline.at)
        if self._timer is None or self._end < self._timer.when():
            self._set_timer()
        try:
            return await self._interruption.wait(event)
        except InterruptedWaitError as error:
            raise _build_timeout("no event", seconds, is_deadline=self._deadline.at <= now + seconds) from error
        finally:
            self._end = math.inf

    def close(self) -> None:
        """End the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self) -> None:
        self.close()
        self._timer = self._loop.call_at(self._end, self._check)

    def _check(self) -> None:
        self._timer = None
        if self._loop.time() >= self._end:
            self._interruption.set()
        elif self._end < math.inf:
            self._set_timer()


async def _iterate_with_timeout(stream: Any, deadline: Deadline) -> AsyncGenerator[dict[str, Any]]:
    events, limits = aiter(stream), _EventLimits(deadline)
    loop = asyncio.get_running_loop()
    started, has_begun = loop.time(), False
    # Without this, a stream that is left early or fails would keep its connection open.
    with contextlib.closing(stream), contextlib.closing(limits), translate_bedrock_errors("bedrock.stream"):
        while True:
            seconds = SILENCE_SECONDS if has_begun else max(0.0, started + FIRST_EVENT_SECONDS - loop.time())
            try:
                event = await limits.wait(anext(events), seconds)
            except StopAsyncIteration:
                return
            # Until the first word, only the time since the headers counts: an answer can begin and say nothing.
            has_begun = has_begun or "contentBlockDelta" in event
            yield event


def _build_timeout(what: str, seconds: float, *, is_deadline: bool) -> TransientError:
    text = f"bedrock: {what} in time" if is_deadline else f"bedrock: {what} within {seconds:g} s"
    return TransientError(text, reason=DeadLetterReason.TIMEOUT)
