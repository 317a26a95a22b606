"""What the ingress talks to, in memory and blocking; it shares its rows with the workers' fakes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from shared.conversations.judgements import Judgement
from shared.ids import compute_fingerprint
from shared.messages.commands import AnyCommand
from shared.resume_tokens import TOKEN_OVERLAP, TokenState
from shared.retention import CONNECTION_RETENTION
from tests.fakes.connections import FakeConnections, FakePoster
from tests.fakes.conversations import FakeConversations


class FakeCommandPublisher:
    """A `CommandPublisher` that delivers the same command once, and lets its id through with other content."""

    def __init__(self) -> None:
        self.commands: list[AnyCommand] = []
        self.error: Exception | None = None
        """Raised by every call while it is set."""
        self._seen: set[tuple[str, str, str | None]] = set()

    def publish(self, command: AnyCommand) -> None:
        """Return once the command is durable."""
        if self.error:
            raise self.error
        content = compute_fingerprint(f"{command.type} {command.data.model_dump_json()}")
        same = command.id, content, getattr(command, "proof", None)
        if same not in self._seen:
            self._seen.add(same)
            self.commands.append(command)


class FakeSessions:
    """`Sessions` over the connections and conversations that workers see."""

    def __init__(self, connections: FakeConnections, conversations: FakeConversations) -> None:
        self._connections = connections
        self._conversations = conversations
        self.error: Exception | None = None
        """Raised by every call while it is set."""
        self.frames_read = 0
        self.locales_read = 0

    def register_connection(self, session_id: str, connection_id: str, *, tenant: str, now: datetime) -> None:
        """Record an open connection."""
        del tenant
        self._reach()
        self._connections.open(session_id, connection_id, at=now)

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
        self._reach()
        self._connections.record_hello(
            session_id, connection_id, locale=locale, tz=tz, now=now, capabilities=capabilities
        )

    def read_locale(self, session_id: str, connection_id: str) -> str | None:
        """Return the language that the connection's `hello` asked for."""
        self._reach()
        self.locales_read += 1
        row = self._connections.rows.get((session_id, connection_id))
        return row.locale if row else None

    def has_connection(self, session_id: str, connection_id: str) -> bool:
        """Return whether the connection is recorded."""
        self._reach()
        return (session_id, connection_id) in self._connections.rows

    def count_connections(self, session_id: str, *, now: datetime) -> int:
        """Return how many connections the session has."""
        self._reach()
        opened = (row.connected_at for (session, _), row in self._connections.rows.items() if session == session_id)
        return sum(now < at + CONNECTION_RETENTION for at in opened)

    def remove_connection(self, session_id: str, connection_id: str) -> bool:
        """Forget a connection, and return whether it was recorded."""
        self._reach()
        return self._connections.rows.pop((session_id, connection_id), None) is not None

    def read_frames_after(self, session_id: str, seq: int) -> Iterator[str]:
        """Yield the durable frames after `seq` as JSON, in order."""
        self._reach()
        for text in self._conversations.read_frames_after(session_id, seq):
            self.frames_read += 1
            yield text

    def _reach(self) -> None:
        if self.error:
            raise self.error


class FakeJudgements:
    """`Judgements` over the conversations that the desk sees."""

    def __init__(self, conversations: FakeConversations) -> None:
        self._conversations = conversations
        self.errors: list[Exception] = []
        """Each is raised by one of the next calls."""

    def read_frame(self, session_id: str, seq: int) -> str | None:
        """Return one durable frame as JSON."""
        self._stumble()
        texts = self._conversations.texts.get(session_id, [])
        return (texts[seq - 1] or None) if 0 < seq <= len(texts) else None

    def store_judgement(self, session_id: str, seq: int, judgement: Judgement, *, tenant: str) -> bool:
        """Store a judgement if the frame is still there."""
        self._stumble()
        if self.read_frame(session_id, seq) is None:
            return False
        self._conversations.judged[session_id, seq] = (tenant, judgement)
        return True

    def _stumble(self) -> None:
        if self.errors:
            raise self.errors.pop(0)


class FakeTokenStates:
    """`TokenStates` and `TokenRevocations`."""

    def __init__(self) -> None:
        self.rows: dict[str, TokenState] = {}
        self.reads = 0
        self.error: Exception | None = None
        """Raised by every call while it is set."""

    def read(self, session_id: str) -> TokenState:
        """Return what is stored about the session's tokens."""
        self._reach()
        self.reads += 1
        return self.rows.get(session_id, TokenState())

    def rotate(self, session_id: str, now: datetime) -> None:
        """Rotate, unless that was done within the last day."""
        self._reach()
        row = self.rows.get(session_id, TokenState())
        if not row.is_revoked and (row.rotated_at is None or now >= row.rotated_at + TOKEN_OVERLAP):
            self.rows[session_id] = replace(row, rotated_at=now)

    async def revoke_tokens(self, session_id: str, *, now: datetime) -> None:
        """Refuse every token of the session."""
        del now
        self._reach()
        self.rows[session_id] = replace(self.rows.get(session_id, TokenState()), is_revoked=True)

    def _reach(self) -> None:
        if self.error:
            raise self.error


class FakeBlockingPoster:
    """A `Poster` that writes where the workers' poster writes, so that one test sees both in order."""

    def __init__(self, poster: FakePoster) -> None:
        self._poster = poster

    def post(self, connection_id: str, text: str) -> bool:
        """Send one frame; False when the connection is gone."""
        return self._poster.post_now(connection_id, text)
