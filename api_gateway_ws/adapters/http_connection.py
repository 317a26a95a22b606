"""One connection to one host, kept open between events, with time-outs and bounded retries."""

import random
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from math import inf
from pathlib import Path
from time import monotonic, sleep, time
from urllib.parse import urlsplit

import botocore
from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from shared.backoff import compute_backoff_seconds

CONNECT_TIMEOUT_SECONDS = 2
READ_TIMEOUT_SECONDS = 3
CALL_TIMEOUT_SECONDS = 7
"""For all attempts of a call."""
EVENT_SECONDS = 8
"""For all calls of an event: Lambda ends a function of ours after ten seconds, and then it has to start again."""
MIN_ATTEMPT_SECONDS = 0.5
"""With less time left, another attempt is not worth it."""
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a call may take, and how often it is attempted."""

    seconds: float
    attempts: int


RETRY_POLICY = RetryPolicy(CALL_TIMEOUT_SECONDS, ATTEMPTS)


MAX_IDLE_SECONDS = 15
"""AWS closes connections that were idle for 20 s. A frozen process may not notice, and would wait for the time-out."""

MAX_BODY_BYTES = 8 * 1024 * 1024
"""More than any answer that is asked for: a page of a query has 1 MB of items, which are longer in JSON."""

_PART_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """A response that was read completely; the names of `headers` have no case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class AnswerTooLongError(OSError):
    """A service answered more than it was asked for; it would do so again."""


_event_ends_at: ContextVar[float] = ContextVar("event_ends_at", default=inf)


@contextmanager
def limit_calls_of_event() -> Iterator[None]:
    """Let the calls within the `with` fail once the event has taken its time, so that it still has an answer."""
    token = _event_ends_at.set(monotonic() + EVENT_SECONDS)
    try:
        yield
    finally:
        _event_ends_at.reset(token)


@cache
def build_tls_context() -> ssl.SSLContext:
    """Return a context that verifies hosts with botocore's certificates, as boto3 does."""
    return ssl.create_default_context(cafile=str(Path(str(botocore.__file__)).with_name("cacert.pem")))


class HttpConnection:
    """Sends requests to the origin of a URL."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc
        self.base_path = parts.path.rstrip("/")
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._pool: PoolManager | None = None
        self._used_at = 0.0

    def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes,
        sign: Callable[[], dict[str, str]],
        may_succeed_later: Callable[[Response], bool],
        retry_policy: RetryPolicy = RETRY_POLICY,
    ) -> Response:
        """Return the response; a call that failed is repeated, and signed anew.

        A call with more than one attempt has the same effect each time, or a deduplication id.

        Raises:
            OSError: no answer at the last attempt, or one that is too long; or the event has no time left for a call.
        """
        if _event_ends_at.get() - monotonic() < MIN_ATTEMPT_SECONDS:
            raise TimeoutError("earlier calls took all the time of the event")
        ends_at = min(monotonic() + retry_policy.seconds, _event_ends_at.get())
        attempt = 0
        while True:
            attempt += 1
            failure: Exception | None = None
            try:
                response = self._send(method, path, body, sign(), ends_at - monotonic())
            except AnswerTooLongError:
                raise
            except (HTTPError, OSError) as error:
                failure = error
            if not failure and not may_succeed_later(response):
                return response
            pause = compute_backoff_seconds(attempt, base_seconds=0.1, cap_seconds=0.5, random_source=random.random)
            if attempt == retry_policy.attempts or ends_at - monotonic() - pause < MIN_ATTEMPT_SECONDS:
                if failure:
                    raise ConnectionError(type(failure).__name__) from failure
                return response
            sleep(pause)

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str], seconds_left: float) -> Response:
        if time() - self._used_at > MAX_IDLE_SECONDS:
            self.close()
        self._pool = self._pool or PoolManager(1, maxsize=1, retries=False, ssl_context=self._find_tls_context())
        timeout = Timeout(
            connect=min(CONNECT_TIMEOUT_SECONDS, seconds_left), read=min(READ_TIMEOUT_SECONDS, seconds_left)
        )
        answer = self._pool.request(
            method,
            f"{self._origin}{path}",
            body=body or None,
            headers=headers,
            timeout=timeout,
            redirect=False,
            preload_content=False,
        )
        content = bytearray()
        # In parts, because only a read that finds the end checks that nothing is missing.
        for part in answer.stream(_PART_BYTES, decode_content=False):
            content += part
            if len(content) > MAX_BODY_BYTES:
                answer.close()
                raise AnswerTooLongError
        answer.release_conn()
        self._used_at = time()
        return Response(answer.status, answer.headers, bytes(content))

    def _find_tls_context(self) -> ssl.SSLContext | None:
        return build_tls_context() if self._origin.startswith("https:") else None

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._pool:
            self._pool.clear()
