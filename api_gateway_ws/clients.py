"""Opens the clients of ingress and authorizer: our own calls, or botocore's clients where those do not suffice."""

from typing import Any

from api_gateway_ws.adapters.aws_calls import Bucket, Connections, DynamoDb, Region, SecretsManager, Sqs
from api_gateway_ws.settings import EdgeSettings, read_credentials
from shared.clock import Clock

_OWN_CALLS = {"dynamodb": DynamoDb, "sqs": Sqs, "secretsmanager": SecretsManager}


class Clients:
    """One client for each service, opened when it is asked for."""

    def __init__(self, settings: EdgeSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        credentials = read_credentials()
        self._region = (
            Region(settings.aws_region, credentials, settings.aws_endpoint_url)
            if credentials and not settings.aws_region.startswith(("cn-", "us-iso", "eu-isoe"))
            else None
        )

    def open(self, service: str) -> Any:
        """Return a client of DynamoDB, SQS or Secrets Manager."""
        if self._region is None:
            return self._open_with_botocore(service)
        return _OWN_CALLS[service](self._region, self._clock)

    def open_bucket(self, bucket: str) -> Any:
        """Return a client whose `get_object` reads from this bucket."""
        if self._region is None:
            return _BucketOfBotocore(self._open_with_botocore("s3"), bucket)
        return Bucket(self._region, self._clock, bucket=bucket)

    def open_connections(self, endpoint_url: str) -> Any:
        """Return a client of a WebSocket API's management endpoint."""
        if self._region is None:
            return self._open_with_botocore("apigatewaymanagementapi", endpoint_url=endpoint_url)
        return Connections(self._region, self._clock, endpoint_url=endpoint_url)

    def _open_with_botocore(self, service: str, *, endpoint_url: str | None = None) -> Any:
        # Only where a proxy, a partition or credentials are none of Lambda's usual ones; it takes 0.3 s.
        from botocore.config import Config  # noqa: PLC0415
        from botocore.session import get_session  # noqa: PLC0415

        config = Config(
            connect_timeout=2,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 3},
            s3={"addressing_style": "path"} if self._settings.aws_endpoint_url else None,
        )
        return get_session().create_client(
            service,
            region_name=self._settings.aws_region,
            endpoint_url=endpoint_url or self._settings.aws_endpoint_url,
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
