"""What the chat worker reads from the environment."""

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from shared.settings import AwsSettings


class ChatSettings(AwsSettings):
    """Its queue, the usage table and the model."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    chat_queue_url: str
    chat_dlq_url: str
    failures_table: str
    """Where the end of a replay is noted."""

    usage_table: str
    bedrock_model_id: str = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
    """An inference profile: in the EU the model is reached only through one."""

    bedrock_region: str | None = None
    bedrock_access_key_id: SecretStr | None = None
    """Credentials for Bedrock alone, where everything else is an emulator; the usual chain if not given."""

    bedrock_secret_access_key: SecretStr | None = None
    bedrock_session_token: SecretStr | None = None
