"""What the notifications worker reads from the environment."""

from shared.settings import AwsSettings


class NotificationsSettings(AwsSettings):
    """Its queue, the senders and the code key; it posts to no socket."""

    conversations_table: str = ""
    connections_table: str = ""
    websocket_endpoint: str = ""
    notifications_queue_url: str
    notifications_dlq_url: str
    failures_table: str
    """Where the end of a replay is noted."""

    code_key_secret_id: str
    ses_from_email: str = ""
    """The verified sender. Without one booking refuses every address, so that no letter has to be sent here."""

    sms_enabled: bool = False
    """Whether text messages may be sent. If not, booking refuses every telephone number."""

    sns_topic_arn: str = ""
    """Where alerts for whoever runs the system go; without one they are in the log alone."""
