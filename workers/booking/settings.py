"""What the booking worker reads from the environment."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from shared.settings import AwsSettings
from shared.tenants.country import known_country
from workers.booking.domain.quotas import HOLDS_PER_ADDRESS


def _split_list(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


CountryList = Annotated[
    tuple[Annotated[str, AfterValidator(known_country)], ...], NoDecode, BeforeValidator(_split_list)
]


class BookingSettings(AwsSettings):
    """Its queue and tables, the code key, and the calendar's credentials."""

    booking_queue_url: str
    booking_dlq_url: str
    failures_table: str
    """Where the end of a replay is noted."""

    notifications_queue_url: str
    appointments_table: str
    slots_table: str
    limits_table: str
    calendars_table: str
    booking_queue_arn: str
    schedule_group: str
    """Where the one-time schedules of reminders are."""
    reminder_role_arn: str
    """What those schedules put their commands on the queue as."""

    code_key_secret_id: str
    ses_from_email: str = ""
    """Without a sender no e-mail can be sent, and every address is refused."""

    sms_enabled: bool = False
    """Whether text messages can be sent; if not, every telephone number is refused."""

    sms_countries: CountryList = ()
    """Whose numbers are taken beside those of each business's own country: ISO 3166-1 codes with commas between."""

    holds_per_address: int = Field(default=HOLDS_PER_ADDRESS, ge=1, le=1000)
    """How many times one IP address may hold at a time, per business; a local stack has one address for everybody."""

    use_secrets_manager: bool = False
    google_secret_id: str = "chatbot/google-calendar"  # noqa: S105 - a name
    google_service_account_key: SecretStr | None = None
    google_delegated_subject: str | None = None
    """Whom the service account speaks for, where the domain delegates that; without it no guest is invited."""

    google_calendar_endpoint: str | None = None
    """Another server that speaks Google's protocol, ending in a slash."""
