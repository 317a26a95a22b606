"""What the ledger's worker reads from the environment."""

from shared.settings import AwsSettings


class FailuresSettings(AwsSettings):
    """The queues that it empties, its table, and the key of the payloads; it reads no tenant's folder."""

    knowledge_bucket: str = ""
    chat_dlq_url: str
    booking_dlq_url: str
    notifications_dlq_url: str
    failures_table: str
    failures_key_secret_id: str
