"""Signs the calls of one client with the credentials of the moment, and adds the trace of the command."""

import asyncio

from aiobotocore.credentials import AioCredentials, AioRefreshableCredentials
from botocore.exceptions import NoCredentialsError

from shared.aws.signer import RequestSigner
from shared.clock import Clock
from shared.trace import current_trace


class CallSigner:
    """Makes the headers of calls to one service at one host. Credentials, and their refresh, are botocore's."""

    def __init__(
        self, *, service: str, region: str, host: str, credentials: AioCredentials | None, clock: Clock
    ) -> None:
        """Take the service's name in signatures."""
        self._signer = RequestSigner(service=service, region=region, host=host)
        self._credentials = credentials
        self._clock = clock

    async def sign_post(
        self, path: str, headers: dict[str, str], body: bytes, *, deadline_seconds: float
    ) -> dict[str, str]:
        """Return every header that a POST needs; `path` is percent-encoded.

        Raises:
            NoCredentialsError: there are none.
            TimeoutError: they could not be refreshed within the deadline.
        """
        if self._credentials is None:
            raise NoCredentialsError
        try:
            if _are_there(self._credentials):
                frozen = await self._credentials.get_frozen_credentials()
            else:
                async with asyncio.timeout(deadline_seconds):
                    frozen = await self._credentials.get_frozen_credentials()
        except RuntimeError as error:
            # Botocore raises it for credentials that it could not refresh in time.
            raise NoCredentialsError from error
        signed = self._signer.sign("POST", path, headers=headers, body=body, credentials=frozen, now=self._clock.now())
        if (trace := current_trace.get()) is not None:
            # No part of the signature, as in `tracing.py`.
            signed["X-Amzn-Trace-Id"] = trace.header
        return signed


def _are_there(credentials: AioCredentials) -> bool:
    """Return whether nothing is awaited for them, so that a time-out would only take time."""
    if isinstance(credentials, AioRefreshableCredentials):
        return not credentials.refresh_needed()
    return type(credentials) is AioCredentials
