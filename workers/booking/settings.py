"""The settings of the booking worker, from the environment."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from shared.settings import AwsSettings, split_list
from shared.tenants.country import check_country
from workers.booking.domain.held_shares import HELD_SHARE_PERCENT
from workers.booking.domain.proof_of_work import ProofOfWork, parse_proof_of_work
from workers.booking.domain.quotas import HOLDS_PER_ADDRESS
from workers.booking.domain.request_budget import REQUESTS_PER_MINUTE
from workers.booking.domain.visit_limits import VisitLimits, parse_visit_limits

CountryList = Annotated[
    tuple[Annotated[str, AfterValidator(check_country)], ...], NoDecode, BeforeValidator(split_list)
]


def _read_proof_of_work(value: object) -> object:
    """Return what a text changes; a variable is a text, a default is not."""
    return parse_proof_of_work(value) if isinstance(value, str) else value


def _read_visit_limits(value: object) -> object:
    """Parse the text of the variable; the default is no text."""
    return parse_visit_limits(value) if isinstance(value, str) else value


class BookingSettings(AwsSettings):
    """The queue and tables, the key for codes, and the calendar's credentials."""

    booking_queue_url: str
    booking_dlq_url: str
    failures_table: str
    """The table that stores the outcome of a replay."""

    notifications_queue_url: str
    codes_queue_url: str = ""
    """The queue of codes; if it is empty, as in an environment of the release before, they go to that of notices."""

    appointments_table: str
    slots_table: str
    limits_table: str
    calendars_table: str
    suppressions_table: str
    """Addresses that get no e-mail; a code for one of them is refused at once."""

    booking_queue_arn: str
    schedule_group: str
    """The group of the reminders' one-time schedules."""
    reminder_role_arn: str
    """The role with which those schedules send to the queue."""

    code_key_secret_id: str
    ses_from_email: str = ""
    """Without a sender no e-mail can be sent, and every e-mail address is refused."""

    sms_enabled: bool = False
    """Whether text messages can be sent; if not, every phone number is refused."""

    sms_countries: CountryList = ()
    """Countries whose numbers are accepted besides each business's own: ISO 3166-1 codes, separated by commas."""

    holds_per_address: int = Field(default=HOLDS_PER_ADDRESS, ge=1, le=1000)
    """The limit of holds per IP address and business; on a local stack all visitors share one address."""

    held_share_percent: int = Field(default=HELD_SHARE_PERCENT, ge=1, le=100)
    """How much of the free time of a day may be held without a confirmed contact; 100 limits nothing."""

    proof_of_work: Annotated[ProofOfWork, NoDecode, BeforeValidator(_read_proof_of_work)] = ProofOfWork()
    """What visitors have to compute beyond these limits, and which ones apply then: `tries=200,holds=20,share=80`."""

    visits: Annotated[VisitLimits, NoDecode, BeforeValidator(_read_visit_limits)] = VisitLimits()
    """How many visits one contact and one address may confirm in 30 days, and how often one moves:
    `contact=10,address=40,moves=8`."""

    calendar_move_wait_minutes: int = Field(default=10, ge=0, le=120)
    """How long a visit that the owner moved onto another waits for that one to move, too, before it is put back."""

    use_secrets_manager: bool = False
    google_secret_id: str = "chatbot/google-calendar"  # noqa: S105 - a name
    google_service_account_key: SecretStr | None = None
    google_delegated_subject: str | None = None
    """The user that the service account acts for, if the domain delegates that; without one no guest is invited."""

    caldav_secret_id: str = ""
    """The secret with the accounts of CalDAV servers; without it no CalDAV calendar can be read."""

    caldav_private_addresses: bool = False
    """Whether CalDAV servers may have private addresses and plain HTTP; only on a local stack."""

    google_requests_per_minute: int = Field(default=REQUESTS_PER_MINUTE, ge=60, le=1_000_000)
    """How many requests to Google all processes make together in any minute."""

    google_calendar_endpoint: str | None = None
    """URL of another server with Google's protocol, ending in a slash."""
