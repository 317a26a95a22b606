"""The roles that the desk needs filled beside the ledger: the way back to the queues, and a look ahead."""

from typing import Protocol

from ops.desk.domain.values import Forecast
from shared.failures import Failure


class Replays(Protocol):
    """The way back to a failure's queue."""

    async def put(self, failure: Failure) -> None:
        """Queue the payload as replay number `failure.replays`, in its group; the same one twice is harmless.

        Raises:
            TransientError: it may be queued or not.
            PermanentError: it is not queued.
        """
        ...


class Forecasts(Protocol):
    """What a replay would do now; looks, and changes nothing."""

    async def of(self, failure: Failure) -> Forecast:
        """Return what would happen; trouble in finding out is a forecast, too."""
        ...
