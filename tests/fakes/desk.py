"""What the desk works with, in memory: the way back to the queues, and a look ahead."""

from collections.abc import Callable

from ops.desk.desk import Desk
from ops.desk.domain.payload import numbered
from ops.desk.domain.values import Forecast, ForecastKind, Operator
from ops.desk.erasing import Erasing
from shared.ids import failure_id
from shared.ledger.failures import Failure
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.envelopes import command_body
from tests.fakes.failures import FakeFailures
from workers.booking.facade import Channels, ContactRules

ANNA = Operator("anna")
"""May see everything."""


class FakeReplays:
    """Keeps what was put on the queues, in order; swallows a repeat as a FIFO queue does."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str | None, str]] = []
        """Queue, group and body."""
        self.trouble: Exception | None = None
        self.before: Callable[[Failure], None] = lambda _: None
        """Called before anything happens."""
        self._seen: set[str] = set()

    async def put(self, failure: Failure) -> None:
        """Queue the payload as replay number `failure.replays`."""
        self.before(failure)
        if self.trouble:
            raise self.trouble
        body = numbered(failure)
        assert body is not None
        key = f"{failure.failure_id}#r{failure.replays}"
        if key not in self._seen:
            self._seen.add(key)
            self.sent.append((failure.queue, failure.group or failure.session_id, body))


class FakeForecasts:
    """Foretells what it was told to."""

    def __init__(self) -> None:
        self.told: dict[str, Forecast] = {}
        self.otherwise = Forecast(ForecastKind.FREE)

    async def of(self, failure: Failure) -> Forecast:
        """Return what would happen."""
        return self.told.get(failure.failure_id, self.otherwise)


class FakeContacts:
    """Takes e-mail addresses and Polish mobile numbers for every business."""

    def __init__(self) -> None:
        self.rules = ContactRules(Channels(email=True, sms=True), region="PL")
        self.asked: list[str] = []
        """The businesses that somebody asked about."""
        self.trouble: Exception | None = None

    async def contact_rules(self, tenant: str) -> ContactRules:
        """Return what booking takes as a contact of the business."""
        self.asked.append(tenant)
        if self.trouble:
            raise self.trouble
        return self.rules


class DeskWorld:
    """A desk with everything in memory."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ledger, self.replays, self.forecasts = FakeFailures(), FakeReplays(), FakeForecasts()
        self.contacts = FakeContacts()
        self.desk = Desk(
            ledger=self.ledger,
            replays=self.replays,
            forecasts=self.forecasts,
            contacts=self.contacts,
            clock=self.clock,
        )
        self.erasing = Erasing(ledger=self.ledger, clock=self.clock)

    async def failed(self, key: str = "k1", **changes: object) -> str:
        """Enter a failed booking; return its id."""
        failure = failed_booking(key, **changes)
        await self.ledger.record(failure)
        return failure.failure_id

    def kept(self, failure_id: str) -> Failure:
        """Return what the ledger has."""
        return self.ledger.rows[failure_id]


def failed_booking(
    key: str = "k1",
    *,
    tenant: str = "salon",
    session: str = "s1",
    data: dict[str, object] | None = None,
    **changes: object,
) -> Failure:
    """Return a wish for a time that failed because the calendar was closed to us."""
    wish = {"start": "2026-01-13T10:00", "contact": "jan@example.com", "service": "massage", "name": "Jan"}
    body = command_body(key, session=session, tenant=tenant, type="booking.create", data=data or wish)
    known: dict[str, object] = {
        "failure_id": failure_id("booking", key),
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
    return Failure(**{**known, **changes})  # type: ignore[arg-type]  # as the fields are
