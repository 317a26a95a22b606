"""Looks up what booking takes as a contact, with booking's own settings and the profile of the business."""

from collections.abc import Awaitable, Callable

from ops.desk.domain.contacts import ContactRules
from shared.errors import ConfigurationError, PermanentError
from workers.booking.handler.dependencies import BookingPorts
from workers.booking.handler.limits import channels_of


class BookingContacts:
    """The contacts that booking takes."""

    def __init__(self, opened: Callable[[], Awaitable[BookingPorts]]) -> None:
        self._opened = opened

    async def rules_of(self, tenant: str) -> ContactRules:
        """Return what booking takes as a contact of the business."""
        try:
            ports = await self._opened()
        except ConfigurationError as error:
            raise PermanentError("not_allowed_to_look", str(error)) from error
        profile = await ports.tenants.profile(tenant)
        return ContactRules(channels_of(ports, profile), profile.region)
