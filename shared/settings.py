"""Settings that several deployables read from the environment."""

import os
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.endpoints import find_endpoint_url


def split_list(value: object) -> object:
    """Return the parts of a text that are separated by commas; a variable is such a text, a default is not."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Transport = Literal["lean", "aiobotocore"]


class AwsSettings(BaseSettings):
    """The AWS endpoints, and the names of the deployed resources."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    aws_region: str = "eu-central-1"
    aws_endpoint_url: str | None = None
    log_level: str = "INFO"
    metrics_namespace: str = "StrideChat"
    """The namespace in CloudWatch; two stacks with the same one in a region add to the same metrics."""

    conversations_table: str
    connections_table: str
    processed_table: str
    knowledge_bucket: str
    websocket_endpoint: str
    """The management endpoint of the WebSocket API, `https://{api}.execute-api.{region}.amazonaws.com/{stage}`."""

    def find_endpoint_url(self, service: str) -> str | None:
        """Return the address at which a service is called; None on AWS."""
        return find_endpoint_url(service, general=self.aws_endpoint_url, environment=os.environ)


class PoolSettings(BaseSettings):
    """How a pool processes its queue."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="POOL_")

    concurrency: int = Field(default=64, ge=1, le=1000)
    tenant_share: float = Field(default=0.75, gt=0, le=1)
    """What part of the handlers one business may have while nobody else has any; 1 means all."""

    address_share: float = Field(default=0.5, gt=0, le=1)
    """The same for one IP address."""

    session_share: float = Field(default=0.25, gt=0, le=1)
    """The same for one conversation; on a FIFO queue it has one handler at most."""

    lease_seconds: int = Field(default=8, ge=3, le=12 * 3600)
    """So long waits a visitor whose worker was killed, until another one has the message."""

    wait_seconds: int = Field(default=20, ge=0, le=20)
    drain_seconds: int = Field(default=20, ge=0)
    max_attempts: int = Field(default=5, ge=1, le=50)
    handler_timeout_seconds: int = Field(default=120, ge=1)
    rollout_wait_seconds: int = Field(default=1800, ge=0, le=3600)
    """How long a message that only a newer release can read waits before it is dead-lettered."""

    transport: Transport = "lean"
    """The client of SQS, DynamoDB, the management endpoint and Bedrock; both do the same, the lean one at a lower
    cost."""

    health_port: int | None = Field(default=None, ge=0, le=65535)
    """Where `/livez` and `/readyz` answer on this machine; 0 means a free port, none means no health check."""


def describe_invalid_settings(error: ValidationError) -> str:
    """Return which variables are missing or invalid, without their values."""
    return "; ".join(f"{'.'.join(map(str, problem['loc'])).upper()}: {problem['msg']}" for problem in error.errors())
