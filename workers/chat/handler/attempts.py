"""Asks the models for one answer: the only layer that repeats a call, until the deadline.

A call that failed is repeated after a random wait, or made to the second model at once where there is one. At the
deadline the visitor keeps what has come.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

import structlog

from shared.backoff import RandomSource, compute_backoff_seconds
from shared.circuits.breaker import CircuitBreaker
from shared.dead_letter_reasons import DeadLetterReason
from shared.errors import PermanentError, TransientError, TryAgainError, describe_error
from shared.messages.commands import ChatSend
from shared.metrics import Metrics
from workers.chat.dependencies import ModelSettings
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.prompt import Prompt
from workers.chat.domain.usage import estimate_usage
from workers.chat.handler.model_choice import ModelChoice
from workers.chat.ports import (
    DEADLINE,
    Finished,
    Model,
    ModelAttempt,
    ModelEvent,
    ModelFailure,
    ModelRequest,
    OverCap,
    Reservation,
    Restarted,
    Spending,
    TextDelta,
    ToolCall,
)

log = structlog.get_logger()

MAX_CALLS = 6
"""Calls for one request, of both models together."""

MAX_CALLS_IN_ALL = 2 * MAX_CALLS
"""Calls for one message: an answer without content is requested again, and so is one whose tools have results."""

SHORTEST_CALL_SECONDS = 1.0
"""With less time left no call is made: hardly any model says a word within it."""

WAIT_BASE_SECONDS, WAIT_CAP_SECONDS = 1.0, 10.0
"""The longest random wait after the first failure of a model, and after any."""

COSTLY_SECONDS = 2.0
"""A failure after this time cost the visitor something: the circuit breaker counts it. A refusal comes at once."""

_MAX_PAUSE_SECONDS = 60.0
_SAYS_WHEN = frozenset({ModelFailure.BUSY, ModelFailure.QUOTA})
"""Reasons with which the visitor hears when to try again, as with `ModelFailure.DOWN`."""

_TRY_AGAIN = _SAYS_WHEN | {ModelFailure.DOWN, DeadLetterReason.TIMEOUT}
"""Reasons that are about the model and not about the message, and pass."""


class BudgetExceededError(Exception):
    """The business has spent what it allows: no call was made."""


@dataclass(slots=True)
class _VisibleAnswer:
    """What the visitor has of the answer."""

    characters: int = 0
    has_content: bool = False
    is_void: bool = False
    """Whether the call that it came from has failed."""


@dataclass(slots=True)
class CallTally:
    """How many calls a message has taken so far, and what they cost."""

    calls: int = 0
    nano_dollars: int = 0
    measured_nano_dollars: int = 0
    """What of it is in the metric already."""


@dataclass(slots=True)
class _Run:
    """The calls for one answer so far."""

    prompt: Prompt
    deadline: Deadline
    choice: ModelChoice
    tally: CallTally
    before_call: Callable[[], Awaitable[None]] | None = None
    failure: TransientError | PermanentError | None = None
    failed_calls: int = 0
    is_out_of_time: bool = False
    is_kept_away: bool = False
    """Whether a model is left, but the circuit breaker lets none be called now."""


class ModelAttempts:
    """Streams an answer by as many calls as it needs, of the model of the business and of the second one."""

    def __init__(
        self,
        *,
        model: Model,
        spending: Spending,
        metrics: Metrics,
        models: ModelSettings,
        breaker: CircuitBreaker,
        random_source: RandomSource = random.random,
    ) -> None:
        self._model = model
        self._spending = spending
        self._metrics = metrics
        self._models = models
        self._breaker = breaker
        self._random_source = random_source

    async def stream(
        self,
        command: ChatSend,
        prompt: Prompt,
        *,
        deadline: Deadline,
        claim_attempt: int = 1,
        tally: CallTally | None = None,
        before_call: Callable[[], Awaitable[None]] | None = None,
    ) -> AsyncGenerator[ModelEvent]:
        """Yield the answer's events; the last one is `Finished`, with the stop reason `deadline` where that ended it.

        `tally` counts the calls, also where the generator raises or is closed. `before_call` is awaited when the cost
        of a call is reserved; if it raises, the reservation is released and the call is not made.

        Raises:
            PermanentError: there is no answer; the reason is that of the last failure.
            BudgetExceededError: the business has spent what it allows.
        """
        choice = self._open_choice(prompt.model_id)
        run, visible = _Run(prompt, deadline, choice, tally or CallTally(), before_call), _VisibleAnswer()
        for _ in range(MAX_CALLS):
            model_id = await self._wait_for_model(run)
            number = run.tally.calls + 1
            if model_id is None or number > MAX_CALLS_IN_ALL:
                break
            request = ModelRequest(
                tenant=command.tenant,
                command_id=command.id,
                number=number,
                model_id=model_id,
                prompt=replace(prompt, model_id=model_id),
                session_id=command.session_id,
                claim_key=command.claim_key,
                claim_attempt=claim_attempt,
                source_ip=command.source_ip,
            )
            reservation = await self._reserve(request, run)
            if reservation is None:
                break
            try:
                async with aclosing(self._call_model(reservation, run)) as events:
                    async for event in events:
                        if isinstance(event, TextDelta | ToolCall):
                            if visible.is_void:
                                # Not before: until then the visitor keeps what the call before has brought.
                                visible = _VisibleAnswer()
                                yield Restarted()
                            visible.has_content = True
                            visible.characters += len(event.text) if isinstance(event, TextDelta) else 0
                        yield event
            except (TransientError, PermanentError) as error:
                visible.is_void = visible.has_content
                self._handle_failure(run, model_id, error)
            else:
                return
        if visible.has_content and run.is_out_of_time:
            yield Finished(estimate_usage(prompt, visible.characters), DEADLINE, run.choice.first)
            return
        raise self._build_error(run)

    async def _release(self, reservation: Reservation) -> None:
        try:
            await self._spending.release(reservation)
        except (TransientError, PermanentError) as error:
            # What nobody released counts in full.
            log.warning("reservation_not_released", error=describe_error(error))

    def compute_wait_seconds(self) -> float:
        """Return how long no model is called from now on; 0 if one may be."""
        return self._open_choice(None).compute_wait_seconds(_get_time())

    def _open_choice(self, model_id: str | None) -> ModelChoice:
        return ModelChoice(model_id or self._models.default_model_id, self._models.fallback_model_id, self._breaker)

    async def _wait_for_model(self, run: _Run) -> str | None:
        """Return the model to call now; None if there is none, or no time for a call."""
        now = _get_time()
        chosen = run.choice.choose_model(now)
        if chosen is None and run.deadline.remaining(now):
            run.is_kept_away = run.choice.has_models
            return None
        model_id, wait_seconds = chosen or (run.choice.first, 0.0)
        if run.deadline.remaining(now + wait_seconds) < SHORTEST_CALL_SECONDS:
            run.is_out_of_time = True
            return None
        if wait_seconds:
            await asyncio.sleep(wait_seconds)
        return model_id

    async def _reserve(self, request: ModelRequest, run: _Run) -> Reservation | None:
        """Return the reservation of a call; None if the business can't afford another one."""
        reservation = await self._spending.reserve(request)
        if isinstance(reservation, OverCap):
            if run.failure is None:
                raise BudgetExceededError(request.tenant)
            return None
        if run.before_call is not None:
            try:
                await run.before_call()
            except BaseException:
                await asyncio.shield(self._release(reservation))
                raise
        if request.model_id != run.choice.first:
            log.warning("model_switched", model_id=request.model_id, number=request.number)
            self._metrics.count("ModelFallbacks")
        return reservation

    async def _call_model(self, reservation: Reservation, run: _Run) -> AsyncGenerator[ModelEvent]:
        """Make one call and record it, however it ends; the prompt of its request has the model's id."""
        request, started = reservation.request, _get_time()
        outcome, has_failed, usage = "stopped", False, None
        characters, has_content = 0, False
        run.tally.calls += 1
        self._breaker.begin_call(request.model_id, started)
        try:
            async with aclosing(self._model.stream(request.prompt, deadline=run.deadline)) as events:
                async for event in events:
                    if isinstance(event, Finished):
                        outcome, usage = event.stop_reason, event.usage
                    else:
                        if not has_content:
                            self._record_first_token(request.model_id, (_get_time() - started) * 1000)
                        has_content = True
                        characters += len(event.text) if isinstance(event, TextDelta) else 0
                    yield event
        except Exception as error:
            is_cut = has_content and not run.deadline.remaining(_get_time())
            outcome = DEADLINE if is_cut else getattr(error, "reason", DeadLetterReason.BUG)
            has_failed = not is_cut
            raise
        finally:
            now = _get_time()
            is_complete = usage is not None
            self._report_to_breaker(request.model_id, now, started, run, is_complete=is_complete, has_failed=has_failed)
            attempt = ModelAttempt(
                model_id=request.model_id,
                number=request.number,
                outcome=outcome,
                milliseconds=(now - started) * 1000,
                usage=usage,
                estimated_usage=estimate_usage(request.prompt, characters) if has_content and not is_complete else None,
                has_failed=has_failed,
                is_fallback=request.model_id != run.choice.first,
            )
            self._metrics.count("ModelCalls", Model=request.model_id, Outcome=outcome)
            run.tally.nano_dollars += await self._record(reservation, attempt)

    def _record_first_token(self, model_id: str, milliseconds: float) -> None:
        self._metrics.record_milliseconds("FirstTokenTime", milliseconds, Model=model_id)

    def _report_to_breaker(
        self, model_id: str, now: float, started: float, run: _Run, *, is_complete: bool, has_failed: bool
    ) -> None:
        if is_complete:
            self._breaker.record_success(model_id, now)
        elif has_failed and now - started >= COSTLY_SECONDS and run.deadline.remaining(now):
            self._breaker.record_failure(model_id, now)
        else:
            self._breaker.abandon_call(model_id, now)

    async def _record(self, reservation: Reservation, attempt: ModelAttempt) -> int:
        """Return what the call counts, in nano-dollars."""
        try:
            return await self._spending.record_attempt(reservation, attempt)
        except (TransientError, PermanentError) as error:
            # The visitor has the answer, or gets another one: both are worth more than a count.
            log.warning("usage_not_counted", error=describe_error(error))
            return reservation.nano_dollars

    def _handle_failure(self, run: _Run, model_id: str, error: TransientError | PermanentError) -> None:
        """Decide when the model is called again for this command."""
        run.failure, now = error, _get_time()
        run.failed_calls += 1
        log.warning("model_call_failed", model_id=model_id, reason=error.reason, error=describe_error(error))
        if isinstance(error, PermanentError):
            run.choice.exclude(model_id)
            return
        asked_seconds = error.retry_after.total_seconds() if error.retry_after else 0.0
        if asked_seconds > run.deadline.remaining(now):
            self._breaker.keep_away(model_id, now + min(asked_seconds, _MAX_PAUSE_SECONDS))
        wait_seconds = compute_backoff_seconds(
            run.failed_calls,
            base_seconds=WAIT_BASE_SECONDS,
            cap_seconds=WAIT_CAP_SECONDS,
            random_source=self._random_source,
        )
        run.choice.postpone(model_id, now + max(wait_seconds, asked_seconds))

    def _build_error(self, run: _Run) -> PermanentError:
        """Return the error that ends the command; what the visitor can send again is no failure."""
        error = self._find_error(run)
        return TryAgainError(error.reason, str(error)) if error.reason in _TRY_AGAIN else error

    def _find_error(self, run: _Run) -> PermanentError:
        if run.is_kept_away and (run.failure is None or run.failure.reason not in _SAYS_WHEN):
            # Whatever failed: the visitor has to wait until a model is called again, and hears for how long.
            return PermanentError(ModelFailure.DOWN, str(run.failure or "no model was called"))
        if isinstance(run.failure, PermanentError):
            return run.failure
        if run.failure:
            return PermanentError(run.failure.reason, str(run.failure))
        reason = DeadLetterReason.TIMEOUT if run.is_out_of_time else ModelFailure.DOWN
        return PermanentError(reason, "no model was called")


def _get_time() -> float:
    return asyncio.get_running_loop().time()
