"""Fixtures: the desk in the browser with fakes, two businesses with a failure each, and signed-in browsers."""

import functools
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from ops.answers.answers import Answers
from ops.desk.desk import Desk
from ops.desk.domain.values import Forecast, ForecastKind, Operator
from ops.queues.figures import QueueFigures
from ops.today.presence import StaffPresence
from ops.today.today import Today
from ops.tokens.desk_tokens import DeskTokens
from ops.tokens.seals import TokenSeals
from ops.usage.usage import Usage
from ops.web.app import create_app
from ops.web.client_address import parse_networks
from ops.web.samples import Samples
from ops.web.sign_in import ProcessToken, TokenSignIn
from ops.web.sign_in_limit import SignInLimit
from shared.conversations.replies import Replies
from shared.ledger.failures import AuditEntry, Failure
from shared.tenants.profile import TenantProfile
from tests.fakes.appointments import FakeAppointments
from tests.fakes.circuits import FakeCircuitRecords
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.connections import FakeConnections, FakePoster
from tests.fakes.conversations import FakeConversations
from tests.fakes.desk import FakeContacts
from tests.fakes.desk_tokens import FakeDeskTokens
from tests.fakes.failures import FakeFailures
from tests.fakes.figures import FakeUsage
from tests.fakes.handovers import FakeHandovers
from tests.fakes.internal_commands import FakeCommands
from tests.fakes.spending import FakeSpending
from tests.fakes.tenants import FakeTenants
from tests.fakes.text_message_budgets import FakeTextMessageBudgets
from tests.fakes.unanswered import FakeUnansweredQuestions
from workers.booking.facade import BookingFacade

TOKEN = "a-token-that-nobody-guesses"
ADDRESS = "http://127.0.0.1:8090"
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class FakeReplayQueues:
    """`ReplayQueues` that keeps the sent replays."""

    def __init__(self):
        self.queued: list[Failure] = []
        self.error: Exception | None = None

    async def send_replay(self, failure):
        if self.error:
            raise self.error
        self.queued.append(failure)


class FakeForecaster:
    """A `Forecaster` with one forecast for all failures."""

    def __init__(self):
        self.answer = Forecast(ForecastKind.FREE, start=NOON)

    async def forecast_replay(self, failure):
        return self.answer


class FakeGauge:
    """`QueueGauge` with figures that a test sets."""

    def __init__(self):
        self.figures: Sequence[QueueFigures] = [
            QueueFigures("booking", 3, 1, 0, 12.0),
            QueueFigures("feedback", 1, 0, None, 3.0),
        ]
        self.error: Exception | None = None

    async def read_figures(self):
        if self.error:
            raise self.error
        return self.figures


def profile(name="Salon Ania"):
    service = {"id": "massage", "name": {"pl": "Masaż", "en": "Massage"}, "duration_minutes": 60}
    return TenantProfile.model_validate(
        {
            "name": name,
            "time_zone": "Europe/Warsaw",
            "calendar_id": "calendar",
            "services": [service],
            "opening_hours": {day: ["09:00-17:00"] for day in _WEEK},
        }
    )


def make_failure(failure_id="f-ania", tenant="salon-ania", **changes):
    envelope = {
        "version": 1,
        "id": f"command-of-{failure_id}",
        "tenant": tenant,
        "session_id": f"session-{tenant}",
        "client_id": "c1",
        "connection_id": "tab=",
        "accepted_at": "2026-01-12T11:00:00Z",
        "locale": "pl",
        "type": "booking.create",
        "data": {
            "start": "2026-01-14T10:00:00+01:00",
            "contact": "anna@example.com",
            "service": "massage",
            "name": "Anna Nowak",
            "note": "Secret words",
        },
    }
    fields = {
        "failure_id": failure_id,
        "queue": "booking",
        "group": f"session-{tenant}",
        "payload": json.dumps(envelope),
        "reason": "calendar_access_revoked",
        "error": "PermanentError: calendar_access_revoked",
        "attempts": 5,
        "first_at": NOON - timedelta(hours=2),
        "last_at": NOON - timedelta(hours=1),
        "type": "booking.create",
        "tenant": tenant,
        "session_id": f"session-{tenant}",
        "command_id": f"command-of-{failure_id}",
        "audit_trail": (AuditEntry(NOON - timedelta(hours=1), "ledger", "failed"),),
    }
    return Failure(**fields | changes)


@dataclass
class World:
    """Everything that the pages depend on."""

    clock: FakeClock = field(default_factory=FakeClock)
    ledger: FakeFailures = field(default_factory=FakeFailures)
    replays: FakeReplayQueues = field(default_factory=FakeReplayQueues)
    forecaster: FakeForecaster = field(default_factory=FakeForecaster)
    gauge: FakeGauge = field(default_factory=FakeGauge)
    poster: FakePoster = field(default_factory=FakePoster)
    desk_type: type[Desk] = Desk
    booking: BookingFacade | None = None

    def __post_init__(self):
        self.claims = FakeClaims(self.clock)
        self.conversations = FakeConversations(self.claims)
        self.connections = FakeConnections(self.clock)
        self.appointments = FakeAppointments(self.claims)
        self.spending = FakeSpending()
        self.desk_tokens, self.seals = FakeDeskTokens(), TokenSeals(["k" * 64])
        self.questions = FakeUnansweredQuestions()
        self.handovers = FakeHandovers(self.clock)
        self.usage = FakeUsage()
        self.tenants = FakeTenants({"salon-ania": profile(), "studio-bea": profile("Studio Bea")})
        self.commands = FakeCommands()
        self.samples = Samples(gauge=self.gauge, clock=self.clock)
        self.circuits = FakeCircuitRecords(self.clock)
        for failure in (make_failure(), make_failure("f-bea", "studio-bea")):
            self.ledger.rows[failure.failure_id] = failure

    def issue_token(self, name, *, tenants=None):
        """Return a token of a person's own."""
        text, row = self.seals.issue(
            name=name,
            tenants=tenants,
            issued_by="anna",
            issued_at=self.clock.now(),
            expires_at=self.clock.now() + timedelta(days=1),
        )
        self.desk_tokens.rows[row.token_id] = row
        return text

    def app(self, *, tenants=None, sign_in=None, public_url=ADDRESS, process_token=None, trusted_proxies=""):
        """Return the desk; its token gives access to some tenants, or to all."""
        desk = self.desk_type(
            ledger=self.ledger,
            replays=self.replays,
            forecaster=self.forecaster,
            contacts=FakeContacts(),
            clock=self.clock,
        )
        replies = Replies(conversations=self.conversations, connections=self.connections, poster=self.poster)
        today = Today(
            tenants=self.tenants,
            booking=self.booking or BookingFacade(appointments=self.appointments, open_ports=None),
            index=self.conversations.index,
            conversations=self.conversations,
            audit=self.conversations.audit,
            handovers=self.handovers,
            claims=self.claims,
            replies=replies,
            usage=self.usage,
            commands=self.commands,
            clock=self.clock,
        )

        def by_token(sessions, rendering):
            return TokenSignIn(
                tokens=DeskTokens(store=self.desk_tokens, seals=self.seals, clock=self.clock),
                process_token=process_token or ProcessToken(TOKEN, Operator("Ola", tenants)),
                sessions=sessions,
                limit=SignInLimit(clock=self.clock),
                rendering=rendering,
                trusted_proxies=parse_networks(trusted_proxies),
            )

        return create_app(
            desk=desk,
            today=today,
            presence=StaffPresence(replies=replies, may_answer=today.may_answer, clock=self.clock),
            usage=Usage(
                tenants=self.tenants,
                reports=self.spending,
                bookings=self.spending,
                text_messages=FakeTextMessageBudgets(),
                clock=self.clock,
            ),
            answers=Answers(
                tenants=self.tenants,
                judged=self.conversations,
                questions=self.questions,
                conversations=self.conversations,
                index=self.conversations.index,
                handovers=self.handovers,
                clock=self.clock,
            ),
            samples=self.samples,
            circuits=self.circuits,
            sign_in=sign_in or by_token,
            session_key="k" * 40,
            public_url=public_url,
            zone=ZoneInfo("Europe/Warsaw"),
            clock=self.clock,
        )

    def failure(self, failure_id="f-ania"):
        return self.ledger.rows[failure_id]


class Browser:
    """A browser without JavaScript, which opens pages and sends their forms."""

    def __init__(self, app, *, language="en", address=ADDRESS, peer="testclient", forwarded_for=None):
        headers = {"accept-language": language} | ({"x-forwarded-for": forwarded_for} if forwarded_for else {})
        self.http = TestClient(app, base_url=address, follow_redirects=False, headers=headers, client=(peer, 50_000))
        self.last = None

    def get(self, path, **more):
        self.last = self.http.get(path, **more)
        return self.last

    def follow(self):
        """Follow the redirect of the last response."""
        return self.get(self.last.headers["location"])

    def send(self, path, *, csrf=None, **fields):
        """Send a form with the form token of the current page, or with another one."""
        token = csrf or self.csrf()
        self.last = self.http.post(path, data={"csrf": token, **fields})
        return self.last

    def csrf(self):
        match = _CSRF.search(self.last.text if self.last is not None else "")
        return html.unescape(match.group(1)) if match else ""

    def sign_in(self, *, token=TOKEN):
        self.get("/sign-in")
        return self.send("/sign-in", token=token)


@functools.cache
def sign_in_once(tenants=None):
    """Return the cookie of an operator, who is signed in at any desk with the key and the clock of these tests."""
    browser = Browser(World().app(tenants=tenants))
    with browser.http:
        browser.sign_in()
        [cookie] = browser.http.cookies.jar
    return cookie


@pytest.fixture
def world():
    return World()


@pytest.fixture
def browser_of():
    """Return what makes a browser of an application."""
    return Browser


@pytest.fixture
def stranger(world):
    """Return a browser without a sign-in."""
    browser = Browser(world.app())
    with browser.http:
        yield browser


@pytest.fixture
def owner(world):
    """Return the browser of an operator who sees all tenants."""
    browser = Browser(world.app())
    with browser.http:
        browser.http.cookies.jar.set_cookie(sign_in_once())
        yield browser


@pytest.fixture
def salon_owner(world):
    """Return the browser of an operator who sees only `salon-ania`."""
    browser = Browser(world.app(tenants=frozenset({"salon-ania"})))
    with browser.http:
        browser.http.cookies.jar.set_cookie(sign_in_once(frozenset({"salon-ania"})))
        yield browser
