"""Fakes of the desk's ports, and a desk that works on them."""

from collections.abc import Callable
from typing import Any

from ops.desk.desk import Desk
from ops.desk.domain.payload import build_replay_payload
from ops.desk.domain.values import Forecast, ForecastKind, Operator
from ops.desk.erasure import SessionErasure
from shared.ids import derive_failure_id
from shared.ledger.failures import Failure
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.envelopes import command_body
from tests.fakes.failures import FakeFailures
from tests.fakes.ingress import FakeTokenStates
from tests.fakes.spending import FakeSpending
from tests.fakes.tenants import FakeTenants
from workers.booking.facade import Channels, ContactRules

ANNA = Operator("anna")
"""May see everything."""


class FakeReplayQueues:
    """Keeps the sent replays in order; drops a repetition as a FIFO queue does."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str | None, str]] = []
        """Queue, message group and body."""
        self.error: Exception | None = None
        self.before: Callable[[Failure], None] = lambda _: None
        """Called before a replay is sent."""
        self._seen: set[str] = set()

    async def send_replay(self, failure: Failure) -> None:
        """Send the payload as replay number `failure.replays`."""
        self.before(failure)
        if self.error:
            raise self.error
        body = build_replay_payload(failure)
        assert body is not None
        key = f"{failure.failure_id}#r{failure.replays}"
        if key not in self._seen:
            self._seen.add(key)
            self.sent.append((failure.queue, failure.group or failure.session_id, body))


class FakeForecaster:
    """Returns the forecasts that a test sets."""

    def __init__(self) -> None:
        self.by_failure: dict[str, Forecast] = {}
        self.otherwise = Forecast(ForecastKind.FREE)

    async def forecast_replay(self, failure: Failure) -> Forecast:
        """Return the forecast of a failure."""
        return self.by_failure.get(failure.failure_id, self.otherwise)


class FakeContacts:
    """Accepts e-mail addresses and Polish mobile numbers for every business."""

    def __init__(self) -> None:
        self.rules = ContactRules(Channels(email=True, sms=True), region="PL")
        self.asked: list[str] = []
        """The tenants whose rules were requested."""
        self.error: Exception | None = None

    async def read_contact_rules(self, tenant: str) -> ContactRules:
        """Return the rules by which booking accepts a contact of the business."""
        self.asked.append(tenant)
        if self.error:
            raise self.error
        return self.rules


class DeskWorld:
    """A desk whose ledger, queues and forecasts are in memory."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ledger, self.replays, self.forecaster = FakeFailures(), FakeReplayQueues(), FakeForecaster()
        self.contacts = FakeContacts()
        self.desk = Desk(
            ledger=self.ledger,
            replays=self.replays,
            forecaster=self.forecaster,
            contacts=self.contacts,
            clock=self.clock,
        )
        self.spending = FakeSpending()
        self.tokens = FakeTokenStates()
        self.erasure = SessionErasure(
            ledger=self.ledger,
            usage=self.spending,
            tenants=FakeTenants({}, {"salon": {}}),
            tokens=self.tokens,
            clock=self.clock,
        )

    async def failed(self, key: str = "k1", **changes: Any) -> str:
        """Record a failed booking; return its id."""
        failure = failed_booking(key, **changes)
        await self.ledger.record(failure)
        return failure.failure_id

    def kept(self, failure_id: str) -> Failure:
        """Return the failure as the ledger has it."""
        return self.ledger.rows[failure_id]


def failed_booking(
    key: str = "k1",
    *,
    tenant: str = "salon",
    session: str = "s1",
    data: dict[str, object] | None = None,
    **changes: object,
) -> Failure:
    """Return a failed booking request: the access to the calendar was revoked."""
    request = {"start": "2026-01-13T10:00", "contact": "jan@example.com", "service": "massage", "name": "Jan"}
    body = command_body(key, session=session, tenant=tenant, type="booking.create", data=data or request)
    defaults: dict[str, object] = {
        "failure_id": derive_failure_id("booking", key),
        "queue": "booking",
        "group": session,
        "payload": body,
        "reason": "calendar_access_revoked",
        "error": "PermanentError: the key is refused",
        "attempts": 1,
        "first_at": NOON,
        "last_at": NOON,
        "type": "booking.create",
        "tenant": tenant,
        "session_id": session,
        "command_id": key,
    }
    return Failure(**{**defaults, **changes})  # type: ignore[arg-type]  # as the fields are
