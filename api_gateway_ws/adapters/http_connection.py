"""One connection to one host, kept open between events, with time-outs and bounded retries."""

import http.client
import random
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from time import sleep
from urllib.parse import urlsplit

import botocore

from shared.backoff import compute_backoff_seconds

CONNECT_TIMEOUT_SECONDS = 2
READ_TIMEOUT_SECONDS = 5
ATTEMPTS = 3
"""Few and short: a visitor waits, and API Gateway gives an integration limited time."""

_THROTTLED = re.compile(rb"[Tt]hrottl|ThroughputExceeded|RequestLimitExceeded|SlowDown")
"""The codes of throttling that have other statuses than 429."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response that was read completely."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def is_worth_a_retry(self) -> bool:
        """Whether the service failed or throttled: it may answer next time."""
        is_throttled = self.status == HTTPStatus.TOO_MANY_REQUESTS or _THROTTLED.search(self.body[:1024]) is not None
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR or (self.status >= 400 and is_throttled)


@cache
def build_tls_context() -> ssl.SSLContext:
    """Return a context that verifies hosts with botocore's certificates, as boto3 does."""
    return ssl.create_default_context(cafile=str(Path(str(botocore.__file__)).with_name("cacert.pem")))


class HttpConnection:
    """Sends requests to the origin of a URL."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._is_tls = parts.scheme == "https"
        self._address = parts.netloc
        self.host = parts.netloc
        self.base_path = parts.path.rstrip("/")
        self._connection: http.client.HTTPConnection | None = None

    def request(self, method: str, path: str, *, body: bytes, sign: Callable[[], dict[str, str]]) -> Response:
        """Return the response; a call that failed is repeated, and signed anew.

        Every call of the edge may be repeated: it has the same effect each time, or a deduplication id.

        Raises:
            OSError: no answer at the last attempt.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = self._send(method, path, body, sign())
                if not response.is_worth_a_retry or attempt == ATTEMPTS:
                    return response
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if attempt == ATTEMPTS:
                    raise ConnectionError(type(error).__name__) from error
            sleep(compute_backoff_seconds(attempt, base_seconds=0.1, cap_seconds=0.5, random_source=random.random))
        raise AssertionError  # the last attempt returns or raises

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Response:
        connection = self._connection or self._open()
        connection.request(method, path, body=body or None, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.will_close:
            self.close()
        return Response(answer.status, answer.headers, content)

    def _open(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection
        if self._is_tls:
            connection = http.client.HTTPSConnection(
                self._address, timeout=CONNECT_TIMEOUT_SECONDS, context=build_tls_context()
            )
        else:
            connection = http.client.HTTPConnection(self._address, timeout=CONNECT_TIMEOUT_SECONDS)
        connection.connect()
        sock: socket.socket = connection.sock
        sock.settimeout(READ_TIMEOUT_SECONDS)
        self._connection = connection
        return connection

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection:
            self._connection.close()
            self._connection = None
