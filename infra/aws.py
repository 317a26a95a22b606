"""Creates the clients for deploying and seeding: for AWS, or for an emulator behind an endpoint."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from localstack_client.session import Session as EmulatorSession

REGION = "eu-central-1"

EMULATOR_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""An emulator requires credentials; these are never valid on AWS."""


@dataclass(frozen=True)
class Target:
    """Where to deploy: a region of AWS, or an emulator's endpoint."""

    region: str = REGION
    endpoint_url: str | None = None

    @property
    def is_emulator(self) -> bool:
        """Return whether the target is an emulator."""
        return self.endpoint_url is not None

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        # Virtual-hosted buckets would need host names below the emulator's that resolve.
        style = {"addressing_style": "path"} if self.is_emulator else None
        config = Config(retries={"mode": "standard", "total_max_attempts": 5}, s3=style)
        client: Any = self._find_client_factory()(service, config=config)
        return client

    def _find_client_factory(self) -> Callable[..., Any]:
        if self.endpoint_url is None:
            factory: Callable[..., Any] = boto3.Session(region_name=self.region).client
            return factory
        # The session prefers the variable to its argument, and the shell may have an old value.
        inherited = os.environ.pop("AWS_ENDPOINT_URL", None)
        try:
            session = EmulatorSession(
                aws_access_key_id=EMULATOR_CREDENTIALS["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=EMULATOR_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
                region_name=self.region,
                localstack_host=urlsplit(self.endpoint_url).netloc,
            )
        finally:
            if inherited is not None:
                os.environ["AWS_ENDPOINT_URL"] = inherited
        local: Callable[..., Any] = session.client
        return local
