"""Asks a small model first whether a message needs the documents: an option of the deployment."""

import asyncio
from contextlib import aclosing

import structlog

from shared.circuits.breaker import CircuitBreaker
from shared.errors import PermanentError, TransientError, describe_error
from shared.messages.server import Usage
from shared.metrics import Metrics
from shared.spending.values import Purpose
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.message_kinds import MessageKind, build_sorting_prompt, may_be_sorted, parse_kind
from workers.chat.handler.answer import AnswerRequest
from workers.chat.ports import Finished, Model, ModelAttempt, ModelRequest, OverCap, Reservation, Spending, TextDelta

log = structlog.get_logger()

SORTING_SECONDS = 1.5
"""The longest wait for the kind of a message; after that it is answered as if there were no such model."""


class MessageSorter:
    """Finds the kind of a message by one call of the small model, which is reserved and recorded like every call."""

    def __init__(
        self, *, model: Model, spending: Spending, metrics: Metrics, model_id: str | None, breaker: CircuitBreaker
    ) -> None:
        """Take the id of the small model; without one, no message is sorted."""
        self._model = model
        self._spending = spending
        self._metrics = metrics
        self._model_id = model_id
        self._breaker = breaker

    async def find_kind(self, request: AnswerRequest) -> MessageKind | None:
        """Return the kind of a message that needs no documents; None for every other message, and for any failure."""
        now = _get_time()
        if self._model_id is None or not may_be_sorted(request.prompt):
            return None
        if self._breaker.compute_wait_seconds(self._model_id, now):
            return None
        try:
            reservation = await self._spending.reserve(self._build_request(request, self._model_id))
            if isinstance(reservation, OverCap):
                return None
            request.tally.calls += 1
            kind = await self._ask(reservation, request, Deadline(min(request.deadline.at, now + SORTING_SECONDS)))
        except (TransientError, PermanentError) as error:
            log.warning("message_not_sorted", error=describe_error(error))
            return None
        log.info("message_sorted", kind=kind.value if kind else "other")
        return kind

    async def _ask(self, reservation: Reservation, request: AnswerRequest, deadline: Deadline) -> MessageKind | None:
        asked, started = reservation.request, _get_time()
        reply, outcome, usage = "", "stopped", None
        self._breaker.begin_call(asked.model_id, started)
        try:
            async with aclosing(self._model.stream(asked.prompt, deadline=deadline)) as events:
                async for event in events:
                    match event:
                        case TextDelta(text=text):
                            reply += text
                        case Finished():
                            outcome, usage = event.stop_reason, event.usage
        except (TransientError, PermanentError) as error:
            outcome = error.reason
            raise
        finally:
            await self._record(reservation, request, outcome, usage, (_get_time() - started) * 1000)
        return parse_kind(reply)

    async def _record(
        self, reservation: Reservation, request: AnswerRequest, outcome: str, usage: Usage | None, milliseconds: float
    ) -> None:
        asked = reservation.request
        if usage is None:
            self._breaker.record_failure(asked.model_id, _get_time())
        else:
            self._breaker.record_success(asked.model_id, _get_time())
        attempt = ModelAttempt(
            model_id=asked.model_id,
            number=asked.number,
            outcome=outcome,
            milliseconds=milliseconds,
            usage=usage,
            has_failed=usage is None,
        )
        self._metrics.count("ModelCalls", Model=asked.model_id, Outcome=outcome)
        try:
            request.tally.nano_dollars += await self._spending.record_attempt(reservation, attempt)
        except (TransientError, PermanentError) as error:
            log.warning("usage_not_counted", error=describe_error(error))

    def _build_request(self, request: AnswerRequest, model_id: str) -> ModelRequest:
        command = request.command
        return ModelRequest(
            tenant=command.tenant,
            command_id=command.id,
            number=request.tally.calls + 1,
            model_id=model_id,
            prompt=build_sorting_prompt(request.prompt, model_id),
            session_id=command.session_id,
            claim_key=command.claim_key,
            claim_attempt=request.claim_attempt,
            source_ip=command.source_ip,
            purpose=Purpose.SORTING,
        )


def _get_time() -> float:
    return asyncio.get_running_loop().time()
