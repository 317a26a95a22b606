"""The ports of the ingress; blocking, because one Lambda environment serves one event at a time."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from shared.messages.commands import AnyCommand
from shared.tenants.profile import TenantProfile


class CommandPublisher(Protocol):
    """Publishes accepted commands: chat and booking have a FIFO queue each."""

    def publish(self, command: AnyCommand) -> None:
        """Return once the command is durable; the same command put twice is delivered once.

        Raises:
            TransientError: it may not be on the queue.
        """
        ...


class Sessions(Protocol):
    """The connections of sessions, and their durable frames to read."""

    def register_connection(self, session_id: str, connection_id: str, *, tenant: str, now: datetime) -> None:
        """Record an open connection."""
        ...

    def record_hello(
        self, session_id: str, connection_id: str, *, locale: str | None, tz: str | None, now: datetime
    ) -> None:
        """Record what a `hello` said about the visitor."""
        ...

    def read_locale(self, session_id: str, connection_id: str) -> str | None:
        """Return the language that the connection's `hello` asked for; None if it named none."""
        ...

    def remove_connection(self, session_id: str, connection_id: str) -> None:
        """Remove a connection."""
        ...

    def read_frames_after(self, session_id: str, seq: int) -> Iterator[str]:
        """Yield the durable frames after `seq` as JSON, in order."""
        ...


class AnswerStopFlags(Protocol):
    """Requests to end a running answer."""

    def request_stop(self, key: str, *, now: datetime) -> None:
        """Flag the command with this key."""
        ...


class Poster(Protocol):
    """Posts frames to the visitor's WebSocket."""

    def post(self, connection_id: str, text: str) -> bool:
        """Send one frame; False when the connection is gone.

        Raises:
            TransientError, PermanentError: it may not have been sent.
        """
        ...


class Profiles(Protocol):
    """Profiles of tenants."""

    def get_profile(self, tenant: str) -> TenantProfile:
        """Return it, or raise `PermanentError` when there is none."""
        ...
