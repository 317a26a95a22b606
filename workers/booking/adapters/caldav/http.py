"""Sends requests to CalDAV servers, whose addresses and answers are not trusted."""

from typing import NamedTuple

import aiohttp
from yarl import URL

from shared.errors import TransientError
from workers.booking.adapters.caldav.accounts import Account
from workers.booking.adapters.caldav.public_addresses import PrivateAddressError, open_public_socket
from workers.booking.domain.calendar_problem import CalendarProblem, UnusableCalendarError

MAX_BYTES = 4 * 1024 * 1024
TIMEOUT_SECONDS = 8


class Answer(NamedTuple):
    """Status and body of an answer."""

    status: int
    body: bytes


class CalDavHttp:
    """One session of aiohttp, which is in the package anyway; it follows no redirect and reads no proxy settings."""

    def __init__(self, *, private_addresses: bool = False, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """With `private_addresses`, on a local stack, plain HTTP and addresses that are not public are allowed."""
        self._private_addresses = private_addresses
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, method: str, url: URL, account: Account, *, body: str, depth: int) -> Answer:
        """Return the server's answer, whatever its status.

        Raises:
            TransientError: the server can't be reached, is too slow, or breaks off.
            UnusableCalendarError: `REQUEST_REFUSED`: not HTTPS, not a public address, or an answer that is too long.
        """
        if url.scheme != "https" and not self._private_addresses:
            raise _refuse(f"{url.host}: only https:// is allowed")
        headers = {
            "Content-Type": "application/xml; charset=utf-8",
            "Depth": str(depth),
            # Nothing is decompressed, so that a short answer does not become a long one.
            "Accept-Encoding": "identity",
            "Authorization": aiohttp.encode_basic_auth(account.username, account.password.get_secret_value()),
        }
        try:
            async with self._open_session().request(
                method, url, data=body.encode(), headers=headers, allow_redirects=False
            ) as response:
                return Answer(response.status, await _read_bounded(response))
        except aiohttp.ClientConnectorCertificateError as error:
            raise _refuse(f"{url.host}: the server's certificate is not valid") from error
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, PrivateAddressError):
                raise _refuse(f"{url.host}: {error.os_error}") from error
            raise TransientError(f"calendar.busy: {type(error).__name__}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise TransientError(f"calendar.busy: {type(error).__name__}") from error

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit_per_host=4, socket_factory=None if self._private_addresses else open_public_socket
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=self._timeout,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    read = bytearray()
    async for chunk in response.content.iter_any():
        read += chunk
        if len(read) > MAX_BYTES:
            raise _refuse(f"{response.url.host}: the answer is longer than {MAX_BYTES} bytes")
    return bytes(read)


def _refuse(message: str) -> UnusableCalendarError:
    return UnusableCalendarError(CalendarProblem.REQUEST_REFUSED, f"calendar.busy: {message}")
