"""The ports of the ingress; blocking, because one Lambda environment serves one event at a time."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from shared.conversations.judgements import Judgement
    from shared.messages.commands import AnyCommand
    from shared.resume_tokens import ResumeToken, TokenState


class CommandPublisher(Protocol):
    """Publishes accepted commands: chat and booking have a FIFO queue each."""

    def publish(self, command: "AnyCommand") -> None:
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
        self,
        session_id: str,
        connection_id: str,
        *,
        locale: str | None,
        tz: str | None,
        now: datetime,
        capabilities: Sequence[str] = (),
    ) -> None:
        """Record what a `hello` said about the visitor."""
        ...

    def read_locale(self, session_id: str, connection_id: str) -> str | None:
        """Return the language that the connection's `hello` asked for; None if it named none."""
        ...

    def has_connection(self, session_id: str, connection_id: str) -> bool:
        """Return whether the connection is recorded."""
        ...

    def count_connections(self, session_id: str, *, now: datetime) -> int:
        """Return how many connections the session has."""
        ...

    def remove_connection(self, session_id: str, connection_id: str) -> bool:
        """Remove a connection, and return whether it was recorded."""
        ...

    def read_frames_after(self, session_id: str, seq: int) -> Iterator[str]:
        """Yield the durable frames after `seq` as JSON, in order."""
        ...


class Judgements(Protocol):
    """Visitors' judgements, each stored with the answer that it judges."""

    def read_frame(self, session_id: str, seq: int) -> str | None:
        """Return one durable frame as JSON; None if there is none."""
        ...

    def store_judgement(self, session_id: str, seq: int, judgement: "Judgement", *, tenant: str) -> bool:
        """Store what the visitor thinks of a frame, in place of an earlier judgement.

        Return False, and write nothing, if the frame is gone.
        """
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


class TokenIssuer(Protocol):
    """Issues the tokens with which a visitor resumes a session."""

    def issue(self, tenant: str, session_id: str, now: datetime) -> str:
        """Return a token for the URL."""
        ...


class TokenVerifier(Protocol):
    """Verifies the tokens with which a visitor resumes a session."""

    def verify(self, token: str, tenant: str, now: datetime) -> "ResumeToken | None":
        """Return what it says; None for a token that has expired. Raise `ForgedTokenError` for an invalid one."""
        ...


class TokenStates(Protocol):
    """Which resume tokens of a session are accepted.

    Raises:
        TransientError, PermanentError: the table can't be reached.
    """

    def read(self, session_id: str) -> "TokenState":
        """Return what is stored about the session's tokens; the default if nothing is."""
        ...

    def rotate(self, session_id: str, now: datetime) -> None:
        """Refuse the tokens from before `now` in a day; do nothing if that was done within the last day."""
        ...


class ConnectLimits(Protocol):
    """The limits of what a visitor may send."""

    @property
    def chat_characters(self) -> int:
        """Return how long a message may be."""
        ...

    @property
    def rates_text(self) -> str:
        """Return the rate limits that the business has set, as `shared/tenants/rate_limits.py` writes them."""
        ...


class ConnectTexts(Protocol):
    """A text in several languages."""

    def choose_text(self, *preferred: str) -> str:
        """Return the text in the first preferred language that it has."""
        ...


class ConnectProfile(Protocol):
    """What a connection needs of a business's profile."""

    @property
    def locale(self) -> str:
        """Return the business's own language."""
        ...

    @property
    def allowed_origins(self) -> Sequence[str]:
        """Return the origins of the pages that may open the chat."""
        ...

    @property
    def allow_missing_origin(self) -> bool:
        """Return whether a client without an origin may open the chat."""
        ...

    @property
    def limits(self) -> ConnectLimits:
        """Return the limits of what a visitor may send."""
        ...

    @property
    def disclosure(self) -> ConnectTexts:
        """Return the text that says that an AI answers."""
        ...

    @property
    def phone(self) -> str | None:
        """Return the telephone number that visitors may call."""
        ...

    @property
    def email(self) -> str | None:
        """Return the address that visitors may write to."""
        ...


class Profiles(Protocol):
    """Profiles of tenants."""

    def get_profile(self, tenant: str) -> ConnectProfile:
        """Return it, or raise `PermanentError` when there is none."""
        ...
