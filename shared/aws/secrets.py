"""Opens the secrets of a worker or a tool, on boto3."""

import boto3
from botocore.config import Config

from shared.aws.secret_cache import Secrets
from shared.clock import Clock
from shared.settings import AwsSettings

_TIMEOUTS = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
"""Short, because the start of a process or a visitor's handshake waits for them."""


def open_secrets(settings: AwsSettings, *, clock: Clock) -> Secrets:
    """Open the secrets of the account and region that the settings name."""
    client = boto3.client(
        "secretsmanager",
        region_name=settings.aws_region,
        endpoint_url=settings.find_endpoint_url("secretsmanager"),
        config=_TIMEOUTS,
    )
    return Secrets(client=client, clock=clock)
