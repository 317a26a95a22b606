"""Creates and closes the aiobotocore clients of one process."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiobotocore.config import AioConfig
from aiobotocore.credentials import AioCredentials
from aiobotocore.session import get_session
from botocore.httpsession import get_cert_path

from shared.aws.tracing import add_trace_header
from shared.settings import AwsSettings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys for one client that must not use the default credential chain."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    def to_signing_credentials(self) -> AioCredentials:
        """Return them in the form of those that refresh themselves."""
        return AioCredentials(self.access_key_id, self.secret_access_key, self.session_token)


class AwsClients:
    """Clients with time-outs, bounded retries and the current trace in their calls, closed with the `async with`."""

    def __init__(self, stack: AsyncExitStack, settings: AwsSettings) -> None:
        self._stack = stack
        self._settings = settings
        self._session = get_session()
        # It applies to every client of the session.
        self._session.register("before-call", add_trace_header)

    async def open_client(
        self,
        service: str,
        *,
        endpoint_url: str | None = None,
        read_timeout_seconds: float = 5,
        attempts: int = 3,
        connections: int = 50,
        region: str | None = None,
        credentials: "Credentials | None" = None,
    ) -> Any:
        """Return an open client. `attempts` counts the first try, as botocore's standard mode does."""
        config = AioConfig(
            region_name=region or self._settings.aws_region,
            connect_timeout=2,
            read_timeout=read_timeout_seconds,
            max_pool_connections=connections,
            retries={"mode": "standard", "total_max_attempts": attempts},
        )
        address = endpoint_url or self._find_endpoint_url(service)
        return await self._stack.enter_async_context(
            self._session.create_client(
                service,
                endpoint_url=address,
                # Without TLS there is nothing to verify, and loading the CA certificates takes tens of milliseconds.
                verify=False if (address or "").startswith("http://") else None,
                config=config,
                aws_access_key_id=credentials.access_key_id if credentials else None,
                aws_secret_access_key=credentials.secret_access_key if credentials else None,
                aws_session_token=credentials.session_token if credentials else None,
            )
        )

    async def get_credentials(self) -> AioCredentials | None:
        """Return the credentials that sign calls, which refresh themselves; None where there are none."""
        credentials: AioCredentials | None = await self._session.get_credentials()
        return credentials

    def find_ca_file(self) -> str | None:
        """Return the path of the CA certificates that botocore uses: AWS_CA_BUNDLE, or its own."""
        configured: str | None = self._session.get_config_variable("ca_bundle")
        shipped: str | None = get_cert_path(verify=True)
        return configured or shipped

    async def enter_context(self, manager: AbstractAsyncContextManager[T]) -> T:
        """Enter a context that is closed together with the clients."""
        return await self._stack.enter_async_context(manager)

    def _find_endpoint_url(self, service: str) -> str | None:
        # An emulator has no models: Bedrock is at its own endpoint variable, which botocore reads, or on AWS.
        return None if service == "bedrock-runtime" else self._settings.find_endpoint_url(service)


@asynccontextmanager
async def open_aws_clients(settings: AwsSettings) -> AsyncIterator[AwsClients]:
    """Open the clients of one process for the time of the `async with`."""
    async with AsyncExitStack() as stack:
        yield AwsClients(stack, settings)
