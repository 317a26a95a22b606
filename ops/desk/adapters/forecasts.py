"""Looks ahead with the workers' own rules: booking's, and what the notifications worker holds for stale."""

from ops.desk.domain.payload import read
from ops.desk.domain.values import Forecast, ForecastKind
from shared.clock import Clock
from shared.ledger.failures import Failure, FailureState
from shared.messages.commands import ChatSend
from shared.messages.notices import Notice
from shared.messages.staleness import is_stale
from workers.booking.facade import BookingFacade


class WorkersForecasts:
    """What a replay would come to, queue by queue."""

    def __init__(self, *, booking: BookingFacade, clock: Clock) -> None:
        self._booking = booking
        self._clock = clock

    async def of(self, failure: Failure) -> Forecast:
        """Return what would happen; trouble in finding out is a forecast, too."""
        if not failure.payload:
            is_erased = failure.state is FailureState.ERASED
            return Forecast(ForecastKind.UNKNOWN, code="erased" if is_erased else "payload_unreadable")
        message = read(failure)
        if message is None:
            return Forecast(ForecastKind.UNREADABLE)
        if isinstance(message, ChatSend):
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
