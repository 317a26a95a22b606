"""Makes the clients that deploy and seed: for AWS itself, or for an emulator behind an endpoint."""

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
"""An emulator wants some; these can never be anybody's real ones."""


@dataclass(frozen=True)
class Target:
    """Where to deploy: a region of AWS, or an emulator's endpoint."""

    region: str = REGION
    endpoint_url: str | None = None

    @property
    def is_emulator(self) -> bool:
        """Whether this is not AWS itself."""
        return self.endpoint_url is not None

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        # Virtual-hosted buckets would need names under the emulator's host to resolve.
        style = {"addressing_style": "path"} if self.is_emulator else None
        config = Config(retries={"mode": "standard", "total_max_attempts": 5}, s3=style)
        client: Any = self._factory()(service, config=config)
        return client

    def _factory(self) -> Callable[..., Any]:
        if self.endpoint_url is None:
            factory: Callable[..., Any] = boto3.Session(region_name=self.region).client
            return factory
        # The session prefers the variable to the host it is given, and a shell may still have an old one.
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
