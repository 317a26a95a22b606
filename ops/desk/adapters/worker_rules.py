"""Forecasts replays by the workers' own rules: booking's forecast, and the staleness of notices."""

from ops.desk.domain.payload import parse_message
from ops.desk.domain.values import Forecast, ForecastKind
from shared.clock import Clock
from shared.ledger.failures import Failure, FailureState
from shared.messages.commands import ChatAnswerOpen, ChatSend, HandoverRequest
from shared.messages.notices import Notice
from shared.messages.staleness import is_stale
from workers.booking.facade import BookingFacade


class WorkerRulesForecaster:
    """A `Forecaster` that applies the rules of the worker of each queue."""

    def __init__(self, *, booking: BookingFacade, clock: Clock) -> None:
        self._booking = booking
        self._clock = clock

    async def forecast_replay(self, failure: Failure) -> Forecast:
        """Return what a replay would do; if that can't be found out, the forecast says so."""
        if not failure.payload:
            is_erased = failure.state is FailureState.ERASED
            return Forecast(ForecastKind.UNKNOWN, code="erased" if is_erased else "payload_unreadable")
        message = parse_message(failure)
        if message is None:
            return Forecast(ForecastKind.UNREADABLE)
        if isinstance(message, ChatSend | HandoverRequest | ChatAnswerOpen):
            return Forecast(ForecastKind.WOULD_BE_TRIED)
        if isinstance(message, Notice):
            stale = is_stale(message, self._clock.now())
            return Forecast(ForecastKind.STALE if stale else ForecastKind.WOULD_BE_SENT)
        replay = message.model_copy(update={"replay": failure.replays + 1})
        replay_forecast = await self._booking.forecast(replay, self._clock.now())
        return Forecast(
            kind=ForecastKind(replay_forecast.kind),
            start=replay_forecast.start,
            alternatives=replay_forecast.alternatives,
            code=replay_forecast.code,
            appointment_state=replay_forecast.state.value if replay_forecast.state else None,
        )
