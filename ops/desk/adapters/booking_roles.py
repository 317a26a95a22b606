"""Opens what booking's rules are asked with, for looking alone: what would change something is not there."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn

from pydantic import ValidationError

from ops.metrics import NoMetrics
from shared.aws.clients import AwsClients
from shared.aws.knowledge import open_knowledge
from shared.aws.secrets import open_secrets
from shared.clock import Clock
from shared.errors import ConfigurationError
from workers.booking.adapters.appointments import DynamoAppointmentStore
from workers.booking.adapters.cached_calendar import CachedCalendar
from workers.booking.adapters.google_calendar import GoogleCalendar
from workers.booking.adapters.google_credentials import GoogleCredentials
from workers.booking.handler import BookingPorts
from workers.booking.settings import BookingSettings


class _LooksOnly:
    """Stands where a use case would put something: a forecast that got here is a mistake."""

    async def put(self, *_: object, **__: object) -> NoReturn:
        raise RuntimeError("a forecast changes nothing")

    async def get(self, *_: object, **__: object) -> NoReturn:
        raise RuntimeError("a forecast does not read this")

    async def remove(self, *_: object, **__: object) -> NoReturn:
        raise RuntimeError("a forecast changes nothing")


@asynccontextmanager
async def _closing(calendar: GoogleCalendar) -> AsyncIterator[None]:
    try:
        yield
    finally:
        calendar.close()


async def open_booking_roles(variables: Mapping[str, str], clients: AwsClients, clock: Clock) -> BookingPorts:
    """Return the roles, with the stores and the calendar of a deployment.

    Raises:
        ConfigurationError: a setting is missing, or a secret or the bucket can't be read; the text says which.
    """
    given: dict[str, Any] = dict(variables)
    try:
        settings = BookingSettings(**{"use_secrets_manager": True, **given})
    except ValidationError as error:
        names = ", ".join(sorted({str(problem["loc"][0]) for problem in error.errors(include_input=False)}))
        raise ConfigurationError(
            f"the stack does not say, or not well, its {names}: deploy this release's template to it"
        ) from error
    secrets = open_secrets(settings, clock=clock)
    google = GoogleCalendar(
        credentials=GoogleCredentials(
            secrets=secrets,
            secret_id=settings.google_secret_id,
            fallback=None,
            # As the worker asks: some calendars are shared with the person alone.
            subject=settings.google_delegated_subject,
        ),
        clock=clock,
        endpoint=settings.google_calendar_endpoint,
    )
    await clients.enter(_closing(google))
    nothing = _LooksOnly()
    return BookingPorts(
        appointments=DynamoAppointmentStore(
            client=await clients.client("dynamodb"),
            appointments_table=settings.appointments_table,
            slots_table=settings.slots_table,
            limits_table=settings.limits_table,
            processed_table=settings.processed_table,
        ),
        calendar=CachedCalendar(google, clock),
        notices=nothing,
        commands=nothing,
        schedules=nothing,
        sync_tokens=nothing,
        tenants=open_knowledge(settings, clock, NoMetrics()),
        metrics=NoMetrics(),
        clock=clock,
        code_key=secrets.text(settings.code_key_secret_id).encode(),
        email_enabled=bool(settings.ses_from_email),
        sms_enabled=settings.sms_enabled,
        sms_countries=frozenset(settings.sms_countries),
        holds_per_address=settings.holds_per_address,
    )
