"""The rate limits that a business sets for itself, in place of those of the installation."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from shared.tenants.profile_types import Section
from shared.tenants.rate_limits import MAX_RATE, format_rate_limits

Rate = Annotated[int, Field(ge=1, le=MAX_RATE)]


class BusinessRates(Section):
    """How much all visitors of the business may send a minute."""

    connects: Rate | None = None
    """Connections that are opened."""
    frames: Rate | None = None
    """Frames of any kind."""
    chats: Rate | None = None
    """Messages to the assistant."""
    queries: Rate | None = None
    """Questions for free times and visits."""
    commands: Rate | None = None
    """Bookings and their changes, codes, judgements, and requests for a person."""
    hellos: Rate | None = None
    """Requests for the conversation so far."""
    stops: Rate | None = None
    """Requests to end an answer."""


class AddressRates(BusinessRates):
    """The same for one network address, which an office or a school shares."""

    connections: Rate | None = None
    """How many connections may be open at a time."""


class SessionRates(AddressRates):
    """The same for one conversation."""


class RateOverrides(Section):
    """Limits of the business; the installation's apply where none is given."""

    session: SessionRates = SessionRates()
    address: AddressRates = AddressRates()
    business: BusinessRates = BusinessRates()

    @property
    def text(self) -> str:
        """Return the limits that are given, as `shared/tenants/rate_limits.py` writes them."""
        return format_rate_limits(self._list_given())

    def _list_given(self) -> Iterator[tuple[str, int]]:
        for scope, rates in self.model_dump(exclude_none=True).items():
            for kind, limit in rates.items():
                yield f"{scope}.{kind}", limit
