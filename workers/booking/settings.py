"""What the booking worker reads from the environment."""

from pydantic import SecretStr

from shared.settings import AwsSettings


class BookingSettings(AwsSettings):
    """Its queue and tables, the code key, and the calendar's credentials."""

    booking_queue_url: str
    booking_dlq_url: str
    notifications_queue_url: str
    appointments_table: str
    slots_table: str
    code_key_secret_id: str
    ses_from_email: str = ""
    """Without a sender no code can be sent, and every contact is refused."""

    use_secrets_manager: bool = False
    google_secret_id: str = "chatbot/google-calendar"  # noqa: S105 - a name
    google_service_account_key: SecretStr | None = None
    google_calendar_endpoint: str | None = None
    """Another server that speaks Google's protocol, ending in a slash."""
