"""The environment settings of the ingress and the authorizer.

They are plain models: the library that reads settings elsewhere takes a third of the ingress's start.
"""

import os

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from shared.aws.signer import StaticCredentials
from shared.endpoints import find_endpoint_url
from shared.tenants.rate_limits import parse_rate_limits

_GENERAL_CLIENT_VARIABLES = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
    "AWS_CA_BUNDLE",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)
"""Settings that only botocore's clients follow."""


class EdgeSettings(BaseModel):
    """What both functions read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    aws_region: str = "eu-central-1"
    aws_endpoint_url: str | None = None
    log_level: str = "INFO"
    metrics_namespace: str = "StrideChat"
    knowledge_bucket: str
    session_key_secret_id: str
    limits_table: str = ""
    """Without it nothing is limited. While a function is updated, its new code may run with its old variables."""
    rate_limits: str = ""
    """Limits in place of the defaults, such as `session.chats=30,address=5000`."""

    @field_validator("rate_limits")
    @classmethod
    def _check_rate_limits(cls, text: str) -> str:
        parse_rate_limits(text)
        return text

    @model_validator(mode="before")
    @classmethod
    def _read_environment(cls, given: dict[str, str]) -> dict[str, str]:
        read = {name: os.environ[name.upper()] for name in cls.model_fields if name.upper() in os.environ}
        return read | given

    def find_endpoint_url(self, service: str) -> str | None:
        """Return the address at which a service is called; None on AWS."""
        return find_endpoint_url(service, general=self.aws_endpoint_url, environment=os.environ)


class AuthorizerSettings(EdgeSettings):
    """The settings of the authorizer, which reads profiles, the key, connections and tokens, and counts connects."""

    connections_table: str
    conversations_table: str = ""
    processed_table: str = ""
    websocket_endpoint: str = ""


class IngressSettings(EdgeSettings):
    """Queues, tables and the management endpoint of the WebSocket API."""

    conversations_table: str
    connections_table: str
    processed_table: str
    websocket_endpoint: str
    chat_queue_url: str
    booking_queue_url: str


def read_credentials() -> StaticCredentials | None:
    """Return the credentials that Lambda puts into the environment; None where botocore must be used.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    key_id, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not (key_id and secret) or any(os.environ.get(name) for name in _GENERAL_CLIENT_VARIABLES):
        return None
    return StaticCredentials(key_id, secret, os.environ.get("AWS_SESSION_TOKEN") or None)
