"""Opens booking's facade on the stores and the calendar of a deployment, for the desk."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NoReturn

from pydantic import ValidationError

from shared.aws.clients import AwsClients
from shared.aws.suppressions import DynamoSuppressions
from shared.clock import Clock
from shared.errors import ConfigurationError
from shared.metrics import Metrics
from shared.once import Once
from shared.tenants.busy_calendars import CalendarProvider
from workers.booking.adapters.appointments import DynamoAppointmentStore
from workers.booking.facade import BookingFacade
from workers.booking.handler import BookingPorts

_TABLES = ("appointments_table", "slots_table", "limits_table", "processed_table")


def open_facade(
    clients: AwsClients, *, dynamodb: Any, variables: Mapping[str, str], clock: Clock, metrics: Metrics
) -> BookingFacade:
    """Return the facade; `variables` are the environment variables of the deployment's booking worker.

    Raises:
        ConfigurationError: the deployment does not name one of the tables.
    """
    if missing := [table for table in _TABLES if table not in variables]:
        raise _build_missing_settings_error(missing)
    appointments = DynamoAppointmentStore(client=dynamodb, **{table: variables[table] for table in _TABLES})
    open_ports = partial(
        open_read_only_ports,
        clients,
        variables,
        dynamodb=dynamodb,
        appointments=appointments,
        clock=clock,
        metrics=metrics,
    )
    return BookingFacade(appointments=appointments, open_ports=Once(open_ports))


async def open_read_only_ports(
    clients: AwsClients,
    variables: Mapping[str, str],
    *,
    dynamodb: Any,
    appointments: DynamoAppointmentStore,
    clock: Clock,
    metrics: Metrics,
) -> BookingPorts:
    """Open the worker's ports for reading; those that would write something raise an error.

    Raises:
        ConfigurationError: a setting is missing, or a secret or the bucket can't be read; the message says which.
    """
    # They import Google's library, which takes as long as all other imports together.
    from shared.aws.knowledge import open_tenant_directory  # noqa: PLC0415
    from shared.aws.secrets import open_secrets  # noqa: PLC0415
    from workers.booking.adapters.cached_calendar import CachedBusyCalendar, CachedCalendar  # noqa: PLC0415
    from workers.booking.settings import BookingSettings  # noqa: PLC0415
    from workers.booking.wiring import open_caldav, open_calendar  # noqa: PLC0415

    try:
        settings = BookingSettings.model_validate({"use_secrets_manager": True, **variables})
    except ValidationError as error:
        names = sorted({str(problem["loc"][0]) for problem in error.errors(include_input=False)})
        raise _build_missing_settings_error(names) from error
    secrets = open_secrets(settings, clock=clock)
    google = await clients.enter_context(open_calendar(settings, secrets, clock))
    code_key = secrets.get_text(settings.code_key_secret_id).encode()
    caldav = await clients.enter_context(open_caldav(settings, secrets))
    nothing = _ReadOnly()
    return BookingPorts(
        appointments=appointments,
        calendar=CachedCalendar(google, clock),
        busy_calendars={CalendarProvider.CALDAV: CachedBusyCalendar(caldav, clock)},
        notices=nothing,
        commands=nothing,
        answers=nothing,
        schedules=nothing,
        sync_tokens=nothing,
        tenants=open_tenant_directory(settings, clock, metrics),
        erasure=nothing,
        tokens=nothing,
        suppressions=DynamoSuppressions(client=dynamodb, table=settings.suppressions_table, secret=code_key),
        metrics=metrics,
        clock=clock,
        code_key=code_key,
        email_enabled=bool(settings.ses_from_email),
        sms_enabled=settings.sms_enabled,
        sms_countries=frozenset(settings.sms_countries),
        holds_per_address=settings.holds_per_address,
        held_share_percent=settings.held_share_percent,
        visit_limits=settings.visits,
    )


def _build_missing_settings_error(names: list[str]) -> ConfigurationError:
    listing = ", ".join(names)
    return ConfigurationError(
        f"the stack does not say, or not well, its {listing}: deploy this release's template to it"
    )


class _ReadOnly:
    """Replaces every port that writes; a forecast that calls one is a bug."""

    async def put(self, *_: object, **__: object) -> NoReturn:
        raise RuntimeError("a forecast changes nothing")

    async def get(self, *_: object, **__: object) -> NoReturn:
        raise RuntimeError("a forecast does not read this")

    async def find(self, *_: object, **__: object) -> NoReturn:
        raise RuntimeError("a forecast does not read this")

    async def remove(self, *_: object, **__: object) -> NoReturn:
        raise RuntimeError("a forecast changes nothing")

    async def end_conversation(self, *_: object, **__: object) -> NoReturn:
        raise RuntimeError("a forecast changes nothing")

    async def erase_frames(self, *_: object, **__: object) -> NoReturn:
        raise RuntimeError("a forecast changes nothing")

    async def revoke_tokens(self, *_: object, **__: object) -> NoReturn:
        raise RuntimeError("a forecast changes nothing")
