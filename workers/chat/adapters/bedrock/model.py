"""The model on Bedrock: `converse_stream` through aiobotocore."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection
from typing import Any

import aiohttp
import structlog
from botocore.exceptions import EventStreamError

from shared.aws.errors import find_aws_error_code, get_error_code, translate_aws_errors
from shared.dead_letter_reasons import DeadLetterReason
from shared.errors import TransientError
from shared.language_models.catalogue import find_model
from workers.chat.adapters.bedrock.events import ConverseReader
from workers.chat.adapters.bedrock.request import build_request
from workers.chat.domain.prompt import Prompt
from workers.chat.ports import ModelEvent, ModelFailure

log = structlog.get_logger()

_BUSY = frozenset(
    {
        "ThrottlingException",
        "throttlingException",
        "ModelNotReadyException",
        "ServiceUnavailableException",
        "serviceUnavailableException",
        "ServiceQuotaExceededException",
    }
)
SILENCE_SECONDS = 20
"""The timeout for the next event of a stream."""


class BedrockModel:
    """Converts the stream of Converse to events; the model is called through its EU inference profile."""

    def __init__(self, *, client: Any, default_model_id: str, allowed_model_ids: Collection[str] = ()) -> None:
        """Take the models that may be invoked besides the default one; without any, all may."""
        self._client = client
        self._default_model_id = default_model_id
        self._allowed_model_ids = {default_model_id, *allowed_model_ids} if allowed_model_ids else None

    async def stream(self, prompt: Prompt) -> AsyncGenerator[ModelEvent]:
        """Yield the answer's events."""
        reader = ConverseReader()
        try:
            answer = await self._ask_model(prompt)
            async with contextlib.aclosing(_iterate_with_timeout(answer["stream"])) as events:
                async for event in events:
                    for read in reader.read(event):
                        yield read
        except (aiohttp.ClientError, EventStreamError) as error:
            busy = isinstance(error, EventStreamError) and get_error_code(error) in _BUSY
            raise TransientError(
                f"bedrock.stream: {type(error).__name__}", reason=ModelFailure.BUSY if busy else ModelFailure.FAILED
            ) from error
        if not reader.is_complete:
            raise TransientError("bedrock.stream: cut off", reason=ModelFailure.FAILED)
        for read in reader.finish():
            yield read

    async def _ask_model(self, prompt: Prompt) -> Any:
        try:
            with translate_aws_errors("bedrock.converse_stream"):
                model = find_model(self._select_model(prompt))
                return await self._client.converse_stream(**build_request(model, prompt))
        except TransientError as error:
            busy = find_aws_error_code(error) in _BUSY
            error.reason = ModelFailure.BUSY if busy else ModelFailure.FAILED
            raise

    def _select_model(self, prompt: Prompt) -> str:
        """Return the model of the business, or the default one if that may not be invoked: visitors get an answer."""
        model_id = prompt.model_id or self._default_model_id
        if self._allowed_model_ids is None or model_id in self._allowed_model_ids:
            return model_id
        log.error("model_not_allowed", model_id=model_id, used=self._default_model_id)
        return self._default_model_id


async def _iterate_with_timeout(stream: Any) -> AsyncGenerator[dict[str, Any]]:
    events = aiter(stream)
    # Without this, a stream that is left early or fails would keep its connection open.
    with contextlib.closing(stream):
        while True:
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    event = await anext(events)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise TransientError(
                    f"bedrock.stream: silent for {SILENCE_SECONDS} s", reason=DeadLetterReason.TIMEOUT
                ) from error
            yield event
