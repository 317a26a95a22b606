"""The ports of the desk beside the failure ledger: queues for replays, forecasts, and rules for contacts."""

from typing import Protocol

from ops.desk.domain.values import Forecast
from shared.ledger.failures import Failure
from workers.booking.facade import ContactRules


class ReplayQueues(Protocol):
    """Puts failures back on the queues that they came from."""

    async def send_replay(self, failure: Failure) -> None:
        """Send the payload as replay number `failure.replays`, in its message group; sending it twice has no effect.

        Raises:
            TransientError: it may or may not be on the queue.
            PermanentError: it is not on the queue.
        """
        ...


class Forecaster(Protocol):
    """Forecasts what a replay would do now; changes nothing."""

    async def forecast_replay(self, failure: Failure) -> Forecast:
        """Return what a replay would do; if that can't be found out, the forecast says so."""
        ...


class Contacts(Protocol):
    """Gives the rules for visitors' contacts, by business."""

    async def read_contact_rules(self, tenant: str) -> ContactRules:
        """Return the rules by which booking accepts a contact of the business.

        Raises:
            TransientError: the profile can't be reached.
            PermanentError: there is no such business, or its profile may not be read.
        """
        ...
