"""The settings of the chat worker, from environment variables."""

from typing import Annotated

from pydantic import BeforeValidator, SecretStr
from pydantic_settings import NoDecode, SettingsConfigDict

from shared.settings import AwsSettings, split_list


class ChatSettings(AwsSettings):
    """The queue, the tables and the model."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    chat_queue_url: str
    chat_dlq_url: str
    failures_table: str
    """Where the outcomes of replays are recorded."""

    usage_table: str
    limits_table: str = ""
    """Where the states of circuits are recorded; if it is empty, as in an environment of the release before, they are
    only logged."""

    booking_queue_url: str = ""
    """Where the assistant asks for free times and visits; if it is empty, as in an environment of the release before,
    it does not know them."""

    notifications_queue_url: str = ""
    """Where the owner's alerts go, about costs and about visitors who ask for a person; if it is empty, as in an
    environment of the release before, they are only logged."""

    bedrock_model_id: str = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
    """An inference profile: in the EU the model is reached only through one."""

    allowed_model_ids: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_list)] = ()
    """What the worker's role may invoke, separated by commas; a business whose profile names another model is answered
    by the default one. Empty: whatever a profile names is invoked."""

    fallback_model_id: str | None = None
    """Answers when the model is throttled, down or out of quota; none if it is empty."""

    intent_model_id: str | None = None
    """A small model that is asked first whether a message needs the documents; none if it is empty."""

    models_may_leave_geography: bool = False
    """Whether the models may be of several geographies, so that what visitors write may leave that of the first."""

    bedrock_region: str | None = None
    bedrock_access_key_id: SecretStr | None = None
    """Credentials for Bedrock only, where all other services are emulated; by default those of the usual chain."""

    bedrock_secret_access_key: SecretStr | None = None
    bedrock_session_token: SecretStr | None = None
