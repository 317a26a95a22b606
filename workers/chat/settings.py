"""The settings of the chat worker, from environment variables."""

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import AwsSettings


class ChatSettings(AwsSettings):
    """The queue, the tables and the model."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    chat_queue_url: str
    chat_dlq_url: str
    failures_table: str
    """Where the outcomes of replays are recorded."""

    usage_table: str
    bedrock_model_id: str = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
    """An inference profile: in the EU the model is reached only through one."""

    bedrock_region: str | None = None
    bedrock_access_key_id: SecretStr | None = None
    """Credentials for Bedrock only, where all other services are emulated; by default those of the usual chain."""

    bedrock_secret_access_key: SecretStr | None = None
    bedrock_session_token: SecretStr | None = None
