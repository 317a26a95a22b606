"""Opens the clients of ingress and authorizer: our own calls, or botocore's clients where those do not suffice."""

import re
from typing import Any

from api_gateway_ws.adapters.aws_calls import Bucket, Connections, DynamoDb, Region, SecretsManager, Sqs
from api_gateway_ws.adapters.http_connection import RetryPolicy
from api_gateway_ws.settings import EdgeSettings, read_credentials
from shared.clock import Clock

_OWN_CALLS = {"dynamodb": DynamoDb, "sqs": Sqs, "secretsmanager": SecretsManager}

NO_RETRIES = RetryPolicy(seconds=1, attempts=1)
"""For what a frame can do without: a visitor waits for it."""

_USUAL_REGION = re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-(gov-)?[a-z]+-\d+")
"""The regions whose hosts end with `amazonaws.com`, as botocore's `endpoints.json` recognises them."""


class Clients:
    """One client for each service, opened when it is asked for."""

    def __init__(self, settings: EdgeSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._credentials = read_credentials() if _USUAL_REGION.fullmatch(settings.aws_region) else None
        """The credentials for our own calls; None where botocore must be used."""
        self._opened: dict[str, Any] = {}

    def open(self, service: str) -> Any:
        """Return the client of DynamoDB, SQS or Secrets Manager."""
        if service not in self._opened:
            region = self._find_region(service)
            self._opened[service] = (
                _OWN_CALLS[service](region, self._clock) if region else self._open_with_botocore(service)
            )
        return self._opened[service]

    def open_dynamodb_without_retries(self) -> Any:
        """Return a client of DynamoDB for calls that may fail, and must not be repeated; ours shares its connection."""
        if self._find_region("dynamodb"):
            return self.open("dynamodb").with_retry_policy(NO_RETRIES)
        return self._open_with_botocore("dynamodb", retry_policy=NO_RETRIES)

    def open_bucket(self, bucket: str) -> Any:
        """Return a client whose `get_object` reads from this bucket."""
        region = self._find_region("s3")
        if region is None:
            return _BucketOfBotocore(self._open_with_botocore("s3"), bucket)
        return Bucket(region, self._clock, bucket=bucket)

    def open_connections(self, endpoint_url: str) -> Any:
        """Return a client of a WebSocket API's management endpoint."""
        service = "apigatewaymanagementapi"
        region = self._find_region(service)
        if region is None:
            return self._open_with_botocore(service, endpoint_url=endpoint_url)
        return Connections(region, self._clock, endpoint_url=endpoint_url)

    def _find_region(self, service: str) -> Region | None:
        if self._credentials is None:
            return None
        settings = self._settings
        return Region(settings.aws_region, self._credentials, settings.find_endpoint_url(service))

    def _open_with_botocore(
        self, service: str, *, endpoint_url: str | None = None, retry_policy: RetryPolicy | None = None
    ) -> Any:
        # Only where a proxy, a partition or credentials are none of Lambda's usual ones; it takes 0.3 s.
        from botocore.config import Config  # noqa: PLC0415
        from botocore.session import get_session  # noqa: PLC0415

        endpoint_url = endpoint_url or self._settings.find_endpoint_url(service)
        config = Config(
            connect_timeout=retry_policy.seconds if retry_policy else 2,
            read_timeout=retry_policy.seconds if retry_policy else 3,
            retries={"mode": "standard", "total_max_attempts": retry_policy.attempts if retry_policy else 2},
            s3={"addressing_style": "path"} if endpoint_url else None,
        )
        return get_session().create_client(
            service,
            region_name=self._settings.aws_region,
            endpoint_url=endpoint_url,
            config=config,
        )


class _BucketOfBotocore:
    """One bucket of botocore's client."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get_object(self, **parameters: Any) -> Any:
        """Return an object."""
        return self._client.get_object(Bucket=self._bucket, **parameters)
