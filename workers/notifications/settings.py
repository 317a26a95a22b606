"""What the notifications worker reads from the environment."""

from shared.settings import AwsSettings


class NotificationsSettings(AwsSettings):
    """Its queue, the sender and the code key; it posts to no socket."""

    conversations_table: str = ""
    connections_table: str = ""
    websocket_endpoint: str = ""
    notifications_queue_url: str
    notifications_dlq_url: str
    code_key_secret_id: str
    ses_from_email: str = ""
    """The verified sender. Without one booking refuses every contact, so that nothing arrives here."""
