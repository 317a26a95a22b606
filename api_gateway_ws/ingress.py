"""The use cases of the WebSocket API: connect, disconnect, and one frame."""

from datetime import datetime, timedelta

import structlog
from pydantic import ValidationError

from api_gateway_ws.limits.connects import Connect, ConnectLimiter
from api_gateway_ws.limits.frame_kinds import find_id, find_kind
from api_gateway_ws.limits.limiter import RateLimiter, Request
from api_gateway_ws.limits.minute import Recent
from api_gateway_ws.limits.session_windows import find_minute
from api_gateway_ws.ports import (
    AnswerStopFlags,
    CommandPublisher,
    Judgements,
    Poster,
    Profiles,
    Sessions,
    TokenIssuer,
    TokenStates,
)
from api_gateway_ws.routes import RefusedFrame, RoutedFrame, StopRequest, route_frame
from api_gateway_ws.sender import Sender
from shared.clock import Clock
from shared.conversations.judgements import Judgement, is_assistants_answer
from shared.errors import PermanentError, TransientError, describe_error
from shared.ids import new_id
from shared.instants import to_milliseconds
from shared.messages.client import ChatFeedback, Hello, Ping
from shared.messages.commands import AnyCommand
from shared.messages.errors import RETRYABLE, ErrorCode
from shared.messages.limits import MAX_CHAT_CHARACTERS
from shared.messages.server import (
    SERVER_FRAME,
    Ack,
    Contact,
    Error,
    ErrorData,
    Limits,
    Pong,
    ServerFrame,
    Welcome,
    WelcomeData,
)
from shared.refusal_texts import render_refusal
from shared.trace import Trace

log = structlog.get_logger()

_HISTORY_TIMEOUT = timedelta(seconds=6)
"""For posting the missed frames; the function itself may take ten seconds."""

_NOT_TEXT = RefusedFrame(ErrorCode.BAD_FRAME, detail="the frame is not text")


class Ingress:
    """Turns frames into commands on queues; what it returns is the frame that answers, if any."""

    def __init__(
        self,
        *,
        publisher: CommandPublisher,
        sessions: Sessions,
        stops: AnswerStopFlags,
        judgements: Judgements,
        poster: Poster,
        profiles: Profiles,
        tokens: TokenIssuer,
        states: TokenStates,
        limiter: RateLimiter,
        connect_limiter: ConnectLimiter,
        clock: Clock,
    ) -> None:
        self._publisher = publisher
        self._sessions = sessions
        self._stops = stops
        self._judgements = judgements
        self._poster = poster
        self._profiles = profiles
        self._tokens = tokens
        self._states = states
        self._limiter = limiter
        self._connect_limiter = connect_limiter
        self._clock = clock
        self._locales: Recent[tuple[str, int], str] = Recent()
        """The languages of refused connections in a minute, so that a flood does not cost a read for each frame."""

    def parse_or_begin_trace(self, header: str | None) -> Trace:
        """Return the trace that a header names, or a new one: every command has one."""
        return Trace.parse(header) or Trace.begin(self._clock.now())

    def register_connection(self, sender: Sender) -> None:
        """Register the connection, so that workers post to it; one that is over a limit is not registered yet."""
        if sender.limited_until:
            log.info("connected_over_limit", resume=sender.resume)
            return
        self._sessions.register_connection(
            sender.session_id, sender.connection_id, tenant=sender.tenant, now=self._clock.now()
        )
        log.info("connected", resume=sender.resume)

    def remove_connection(self, sender: Sender) -> None:
        """Remove the connection; the session stays."""
        was_registered = self._sessions.remove_connection(sender.session_id, sender.connection_id)
        # A worker may have removed its row; but one that was limited only counts if it was registered later.
        if sender.connected_at and (was_registered or not sender.limited_until):
            self._connect_limiter.release(sender.tenant, sender.source_ip, connected_at=sender.connected_at)
        log.info("disconnected")

    def answer_frame(self, text: str | None, sender: Sender, *, trace: Trace) -> ServerFrame | None:
        """Process one frame, None for a binary one, and return its answer, if it has one."""
        try:
            return self._route_frame(text, sender, trace)
        except (TransientError, PermanentError):
            log.exception("frame_failed")
            return self._build_refusal(ErrorCode.INTERNAL, sender, re=None)

    def _route_frame(self, text: str | None, sender: Sender, trace: Trace) -> ServerFrame | None:
        routed: RoutedFrame = _NOT_TEXT
        if text is not None:
            routed = route_frame(text, sender, accepted_at=self._clock.now(), fresh_id=new_id, trace=trace.header)
        if wait_ms := self._find_wait(routed, sender):
            return self._build_refusal(ErrorCode.RATE_LIMITED, sender, re=find_id(routed), retry_after_ms=wait_ms)
        match routed:
            case RefusedFrame(code, re, detail):
                log.info("frame_refused", code=code, detail=detail, bytes=len(text or ""))
                # Some codes are retryable, such as that of a wrong digit, but the same frame would be refused again.
                return self._build_refusal(code, sender, re=re, detail=detail, retryable=False)
            case Ping():
                log.info("pinged")
                return Pong(re=routed.id)
            case StopRequest(key):
                self._stops.request_stop(key, now=self._clock.now())
                log.info("stop_requested", command_id=key)
                return None
            case ChatFeedback():
                return self._store_judgement(routed, sender)
            case Hello():
                return self._answer_hello(routed, sender)
            case _:
                return self._enqueue_command(routed, sender)

    def _find_wait(self, routed: RoutedFrame, sender: Sender) -> int | None:
        """Count the frame and return None; or return the milliseconds after which it may be sent again."""
        if sender.limited_until and (wait_ms := self._admit_connection(sender, sender.limited_until)):
            log.info("connection_limited", wait_ms=wait_ms)
            return wait_ms
        refusal = self._limiter.admit(
            Request(
                find_kind(routed),
                sender.tenant,
                sender.source_ip,
                sender.session_id,
                sender.rates,
                is_ping=isinstance(routed, Ping),
            )
        )
        if refusal is None:
            return None
        log.info("frame_limited", scope=refusal.scope, kind=refusal.kind, wait_ms=refusal.wait_ms)
        return refusal.wait_ms

    def _admit_connection(self, sender: Sender, limited_until: datetime) -> int | None:
        """Register a connection that was opened over a limit and return None; or return when to try again, as above."""
        now = self._clock.now()
        if now < limited_until:
            return to_milliseconds(limited_until) - to_milliseconds(now)
        if self._sessions.has_connection(sender.session_id, sender.connection_id):
            return None
        limited = self._connect_limiter.admit(Connect(sender.tenant, sender.source_ip, sender.session_id, sender.rates))
        if limited:
            return limited.wait_ms
        self._sessions.register_connection(sender.session_id, sender.connection_id, tenant=sender.tenant, now=now)
        return None

    def _enqueue_command(self, command: AnyCommand, sender: Sender) -> ServerFrame | None:
        try:
            self._publisher.publish(command)
        except (TransientError, PermanentError) as error:
            log.exception("enqueue_failed", command_id=command.id, error=str(error))
            return self._build_refusal(ErrorCode.INTERNAL, sender, re=command.client_id)
        log.info("command_accepted", command_id=command.id, type=command.type)
        # A query needs no acknowledgement: its answer follows.
        return None if command.type in {"booking.slots", "booking.lookup"} else Ack(re=command.client_id)

    def _store_judgement(self, feedback: ChatFeedback, sender: Sender) -> ServerFrame:
        """Store a judgement with its answer; it is not queued, so that it never waits behind an answer."""
        now, data = self._clock.now(), feedback.data
        judgement = Judgement(data.verdict, data.reason, now)
        try:
            is_stored = self._is_answer(sender.session_id, data.re_seq) and self._judgements.store_judgement(
                sender.session_id, data.re_seq, judgement, tenant=sender.tenant
            )
        except (TransientError, PermanentError) as error:
            log.exception("judgement_failed", seq=data.re_seq, error=str(error))
            return self._build_refusal(ErrorCode.INTERNAL, sender, re=feedback.id)
        if not is_stored:
            log.info("judgement_refused", seq=data.re_seq)
            return self._build_refusal(ErrorCode.BAD_FRAME, sender, re=feedback.id, detail="data.re_seq: no_answer")
        log.info("answer_judged", seq=data.re_seq, verdict=data.verdict)
        return Ack(re=feedback.id)

    def _is_answer(self, session_id: str, seq: int) -> bool:
        text = self._judgements.read_frame(session_id, seq)
        if text is None:
            return False
        try:
            return is_assistants_answer(SERVER_FRAME.validate_json(text))
        except ValidationError:
            # Only a newer release knows this frame.
            return False

    def _answer_hello(self, hello: Hello, sender: Sender) -> ServerFrame | None:
        """Post the welcome and then every durable frame that the client lacks.

        They are posted rather than returned, because a response is sent after everything that was posted.
        """
        try:
            profile = self._profiles.get_profile(sender.tenant)
        except PermanentError:
            return self._build_refusal(ErrorCode.UNAUTHENTICATED, sender, re=hello.id)
        now = self._clock.now()
        locale = hello.data.locale or sender.locale
        self._sessions.record_hello(
            sender.session_id,
            sender.connection_id,
            locale=hello.data.locale,
            tz=hello.data.tz,
            now=now,
            capabilities=hello.data.capabilities,
        )
        self._locales.put((sender.connection_id, find_minute(to_milliseconds(now))), locale)
        if sender.is_rotation_due:
            self._rotate_tokens(sender, now)
        welcome = Welcome(
            re=hello.id,
            data=WelcomeData(
                session_id=sender.session_id,
                session=self._tokens.issue(sender.tenant, sender.session_id, now),
                resume=sender.resume,
                limits=Limits(chat_characters=min(MAX_CHAT_CHARACTERS, profile.limits.chat_characters)),
                disclosure=profile.disclosure.choose_text(locale, profile.locale),
                contact=Contact(phone=profile.phone, email=profile.email) if profile.phone or profile.email else None,
                locale=profile.locale,
            ),
        )
        try:
            is_complete = self._post_history(welcome, hello.data.last_seq, sender, until=now + _HISTORY_TIMEOUT)
        except (TransientError, PermanentError):
            log.exception("greeting_failed")
            is_complete = False
        # A partial history must not look complete: after an error the client sends hello again, with its last_seq.
        return None if is_complete else self._build_refusal(ErrorCode.INTERNAL, sender, re=hello.id)

    def _rotate_tokens(self, sender: Sender, now: datetime) -> None:
        """Begin the end of older tokens; if that fails, the next connection with an old token does it."""
        try:
            self._states.rotate(sender.session_id, now)
        except (TransientError, PermanentError) as error:
            log.warning("tokens_not_rotated", error=describe_error(error))

    def _post_history(self, welcome: Welcome, last_seq: int, sender: Sender, *, until: datetime) -> bool:
        """Post the welcome and the frames that the client lacks; return False when time ran out."""
        posted = 0
        if self._poster.post(sender.connection_id, welcome.to_wire_text()):
            for frame in self._sessions.read_frames_after(sender.session_id, last_seq):
                if self._clock.now() > until:
                    return False
                if not self._poster.post(sender.connection_id, frame):
                    break
                posted += 1
        log.info("greeted", resume=sender.resume, frames=posted)
        return True

    def _build_refusal(
        self,
        code: ErrorCode,
        sender: Sender,
        *,
        re: str | None,
        detail: str | None = None,
        retryable: bool | None = None,
        retry_after_ms: int | None = None,
    ) -> Error:
        """Return a refusal in the language that the visitor's `hello` asked for."""
        locale = self._find_locale(sender, may_lag=code == ErrorCode.RATE_LIMITED)
        message = render_refusal(code, locale)
        is_retryable = code in RETRYABLE if retryable is None else retryable
        data = ErrorData(
            code=code, retryable=is_retryable, message=message, detail=detail, retry_after_ms=retry_after_ms
        )
        return Error(re=re, data=data)

    def _find_locale(self, sender: Sender, *, may_lag: bool) -> str:
        """Look the visitor's language up; only refusals cost that, and with `may_lag` one of them in a minute."""
        key = sender.connection_id, find_minute(to_milliseconds(self._clock.now()))
        if may_lag and (known := self._locales.get(key)):
            return known
        try:
            locale = self._sessions.read_locale(sender.session_id, sender.connection_id) or sender.locale
        except (TransientError, PermanentError):
            return sender.locale
        return self._locales.put(key, locale)
