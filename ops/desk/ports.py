"""The roles that the desk needs filled beside the ledger: the way back to the queues, a look ahead, and contacts."""

from typing import Protocol

from ops.desk.domain.values import Forecast
from shared.ledger.failures import Failure
from workers.booking.facade import ContactRules


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


class Contacts(Protocol):
    """What may stand as the contact of somebody who visits a business."""

    async def contact_rules(self, tenant: str) -> ContactRules:
        """Return what booking takes as a contact of the business.

        Raises:
            TransientError: what says so can't be reached.
            PermanentError: there is no such business, or it may not be looked at.
        """
        ...
