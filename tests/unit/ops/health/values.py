"""A profile and an error of AWS for the tests of the health checks."""

from botocore.exceptions import ClientError

from shared.tenants.profile import TenantProfile


def make_profile(**fields):
    """Return the profile of a salon with one service."""
    service = {"id": "massage", "name": {"en": "Massage"}, "duration_minutes": 60}
    return TenantProfile.model_validate(
        {
            "name": "Salon Ania",
            "time_zone": "Europe/Warsaw",
            "calendar_id": "calendar",
            "services": [service],
            "opening_hours": {"monday": ["09:00-17:00"]},
            "allowed_origins": ["https://salon.example"],
            **fields,
        }
    )


def client_error(code, operation):
    """Return the error that an AWS client raises."""
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


class FakeEvents:
    """A stream of Bedrock with nothing but its end."""

    def __init__(self):
        self._events = iter([{"messageStop": {"stopReason": "end_turn"}}])
        self.closed = False

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return next(self._events)
        except StopIteration:
            raise StopAsyncIteration from None

    def close(self):
        self.closed = True
