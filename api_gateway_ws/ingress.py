"""The use cases of the WebSocket API: connect, disconnect, and one frame."""

from datetime import datetime, timedelta

import structlog

from api_gateway_ws.auth import SessionTokens
from api_gateway_ws.ports import CommandPublisher, Poster, Profiles, Sessions, StopFlags
from api_gateway_ws.routes import RefusedFrame, Speaker, StopRequest, route
from shared.clock import Clock
from shared.errors import PermanentError, TransientError
from shared.ids import new_id
from shared.messages.client import Hello, Ping
from shared.messages.commands import AnyCommand
from shared.messages.errors import RETRYABLE, ErrorCode
from shared.messages.limits import MAX_CHAT_CHARACTERS
from shared.messages.server import Ack, Error, ErrorData, Limits, Pong, ServerFrame, Welcome, WelcomeData
from shared.texts import refusal_text
from shared.trace import Trace

log = structlog.get_logger()

_GREETING = timedelta(seconds=6)
"""For posting a history; the function itself may take ten."""


class Ingress:
    """Turns frames into commands on queues; what it returns is the frame that answers, if any."""

    def __init__(
        self,
        *,
        publisher: CommandPublisher,
        sessions: Sessions,
        stops: StopFlags,
        poster: Poster,
        profiles: Profiles,
        tokens: SessionTokens,
        clock: Clock,
    ) -> None:
        self._publisher = publisher
        self._sessions = sessions
        self._stops = stops
        self._poster = poster
        self._profiles = profiles
        self._tokens = tokens
        self._clock = clock

    def trace(self, header: str | None) -> Trace:
        """Return the trace that a header names, or a new one: every command has one."""
        return Trace.parse(header) or Trace.begin(self._clock.now())

    def connected(self, speaker: Speaker) -> None:
        """Register the connection, so that workers post to it from now on."""
        self._sessions.register(speaker.session_id, speaker.connection_id, tenant=speaker.tenant, now=self._clock.now())
        log.info("connected", resume=speaker.resume)

    def disconnected(self, speaker: Speaker) -> None:
        """Forget the connection; the session stays."""
        self._sessions.remove(speaker.session_id, speaker.connection_id)
        log.info("disconnected")

    def frame(self, text: str, speaker: Speaker, *, trace: Trace) -> ServerFrame | None:
        """Carry out one frame and return its answer."""
        try:
            return self._frame(text, speaker, trace)
        except (TransientError, PermanentError):
            log.exception("frame_failed")
            return self._refuse(ErrorCode.INTERNAL, speaker, re=None)

    def _frame(self, text: str, speaker: Speaker, trace: Trace) -> ServerFrame | None:
        asked = route(text, speaker, accepted_at=self._clock.now(), fresh_id=new_id, trace=trace.header)
        match asked:
            case RefusedFrame(code, re, detail):
                log.info("frame_refused", code=code, detail=detail, bytes=len(text))
                return self._refuse(code, speaker, re=re, detail=detail)
            case Ping():
                log.info("pinged")
                return Pong(re=asked.id)
            case StopRequest(key):
                self._stops.request_stop(key, now=self._clock.now())
                log.info("stop_requested", command_id=key)
                return None
            case Hello():
                return self._hello(asked, speaker)
            case _:
                return self._accept(asked, speaker)

    def _accept(self, command: AnyCommand, speaker: Speaker) -> ServerFrame | None:
        try:
            self._publisher.publish(command)
        except (TransientError, PermanentError) as error:
            log.exception("enqueue_failed", command_id=command.id, error=str(error))
            return self._refuse(ErrorCode.INTERNAL, speaker, re=command.client_id)
        log.info("command_accepted", command_id=command.id, type=command.type)
        # Questions are no commands: their answer says all.
        return None if command.type in {"booking.slots", "booking.lookup"} else Ack(re=command.client_id)

    def _hello(self, hello: Hello, speaker: Speaker) -> ServerFrame | None:
        """Post the welcome and then every durable frame that the client lacks.

        They are posted rather than returned, because a response is sent after everything that was posted.
        """
        try:
            profile = self._profiles.profile(speaker.tenant)
        except PermanentError:
            return self._refuse(ErrorCode.UNAUTHENTICATED, speaker, re=hello.id)
        now = self._clock.now()
        locale = hello.data.locale or speaker.locale
        self._sessions.greet(
            speaker.session_id, speaker.connection_id, locale=hello.data.locale, tz=hello.data.tz, now=now
        )
        welcome = Welcome(
            re=hello.id,
            data=WelcomeData(
                session_id=speaker.session_id,
                session=self._tokens.issue(speaker.tenant, speaker.session_id, now),
                resume=speaker.resume,
                limits=Limits(chat_characters=min(MAX_CHAT_CHARACTERS, profile.limits.chat_characters)),
                disclosure=profile.disclosure.in_(locale),
            ),
        )
        try:
            told_all = self._tell(welcome, hello.data.last_seq, speaker, until=now + _GREETING)
        except (TransientError, PermanentError):
            log.exception("greeting_failed")
            told_all = False
        # Half a history must not look like a whole one: the client says hello again, from what it has.
        return None if told_all else self._refuse(ErrorCode.INTERNAL, speaker, re=hello.id)

    def _tell(self, welcome: Welcome, last_seq: int, speaker: Speaker, *, until: datetime) -> bool:
        """Post the welcome and what the client lacks; False when the time did not suffice."""
        posted = 0
        if self._poster.post(speaker.connection_id, welcome.wire()):
            for frame in self._sessions.frames_after(speaker.session_id, last_seq):
                if self._clock.now() > until:
                    return False
                if not self._poster.post(speaker.connection_id, frame):
                    break
                posted += 1
        log.info("greeted", resume=speaker.resume, frames=posted)
        return True

    def _refuse(self, code: ErrorCode, speaker: Speaker, *, re: str | None, detail: str | None = None) -> Error:
        """Return a refusal in the language that the visitor's `hello` asked for; only refusals cost that look-up."""
        try:
            locale = self._sessions.locale_of(speaker.session_id, speaker.connection_id) or speaker.locale
        except (TransientError, PermanentError):
            locale = speaker.locale
        message = refusal_text(code, locale)
        data = ErrorData(code=code, retryable=code in RETRYABLE, message=message, detail=detail)
        return Error(re=re, data=data)
