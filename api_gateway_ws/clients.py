"""Opens the clients of ingress and authorizer: our own calls, or botocore's clients where those do not suffice."""

import re
from typing import Any

from api_gateway_ws.adapters.aws_calls import Bucket, Connections, DynamoDb, Region, SecretsManager, Sqs
from api_gateway_ws.settings import EdgeSettings, read_credentials
from shared.clock import Clock

_OWN_CALLS = {"dynamodb": DynamoDb, "sqs": Sqs, "secretsmanager": SecretsManager}

_USUAL_REGION = re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-(gov-)?[a-z]+-\d+")
"""The regions whose hosts end with `amazonaws.com`, as botocore's `endpoints.json` recognises them."""


class Clients:
    """One client for each service, opened when it is asked for."""

    def __init__(self, settings: EdgeSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._credentials = read_credentials() if _USUAL_REGION.fullmatch(settings.aws_region) else None
        """The credentials for our own calls; None where botocore must be used."""

    def open(self, service: str) -> Any:
        """Return a client of DynamoDB, SQS or Secrets Manager."""
        region = self._find_region(service)
        return _OWN_CALLS[service](region, self._clock) if region else self._open_with_botocore(service)

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

    def _open_with_botocore(self, service: str, *, endpoint_url: str | None = None) -> Any:
        # Only where a proxy, a partition or credentials are none of Lambda's usual ones; it takes 0.3 s.
        from botocore.config import Config  # noqa: PLC0415
        from botocore.session import get_session  # noqa: PLC0415

        endpoint_url = endpoint_url or self._settings.find_endpoint_url(service)
        config = Config(
            connect_timeout=2,
            read_timeout=3,
            retries={"mode": "standard", "total_max_attempts": 2},
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
