"""The settings of the failures worker, from environment variables."""

from shared.settings import AwsSettings


class FailuresSettings(AwsSettings):
    """The dead-letter queues, the failures table, and the key of its payloads; no tenant's profile is read."""

    knowledge_bucket: str = ""
    chat_dlq_url: str
    booking_dlq_url: str
    notifications_dlq_url: str
    failures_table: str
    failures_key_secret_id: str
