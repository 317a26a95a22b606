"""What the tests of the ingress share: a business, a speaker, and the ingress with everything in memory."""

from types import SimpleNamespace

import pytest

from api_gateway_ws.auth import SessionTokens
from api_gateway_ws.authorizer import ConnectAuthorizer
from api_gateway_ws.ingress import Ingress
from api_gateway_ws.limits.connects import ConnectLimiter
from api_gateway_ws.limits.limiter import RateLimiter
from api_gateway_ws.sender import Sender
from shared.tenants.profile import TenantProfile
from shared.tenants.rate_limits import RateLimits
from tests.fakes.claims import FakeClaims
from tests.fakes.clock import FakeClock
from tests.fakes.connections import FakeConnections, FakePoster
from tests.fakes.conversations import FakeConversations
from tests.fakes.ingress import (
    FakeBlockingPoster,
    FakeCommandPublisher,
    FakeJudgements,
    FakeSessions,
    FakeTokenStates,
)
from tests.fakes.rate_counters import FakeDigests, FakeRateCounters
from tests.fakes.tenants import FakeProfiles

ORIGIN = "https://salon.example"
SPEAKER = Sender(
    tenant="salon-ania", session_id="session", connection_id="connection", locale="en", source_ip="192.0.2.7"
)


def build_profile(**fields):
    content = {
        "name": "Salon Ania",
        "time_zone": "Europe/Warsaw",
        "calendar_id": "calendar",
        "services": [{"id": "massage", "name": {"pl": "Masaż", "en": "Massage"}, "duration_minutes": 60}],
        "opening_hours": {"monday": ["09:00-17:00"]},
        "allowed_origins": [ORIGIN],
    }
    return TenantProfile.model_validate(content | fields)


@pytest.fixture(scope="session")
def make_profile():
    return build_profile


@pytest.fixture(scope="session")
def sender():
    return SPEAKER


@pytest.fixture
def tokens():
    return SessionTokens(["a key of the deployment"])


@pytest.fixture
def world(tokens):
    """Return the ingress, its authorizer, and everything that they talk to."""
    clock = FakeClock()
    claims, connections, poster = FakeClaims(clock), FakeConnections(clock), FakePoster()
    conversations = FakeConversations(claims)
    judgements = FakeJudgements(conversations)
    queue, sessions = FakeCommandPublisher(), FakeSessions(connections, conversations)
    profiles = FakeProfiles({"salon-ania": build_profile(), "other": build_profile(allowed_origins=[])})
    states = FakeTokenStates()
    counters, digests, limits = FakeRateCounters(), FakeDigests(), RateLimits()

    def build_limiters():
        """Return what one environment limits frames and connections with; all environments share the counters."""
        shared = {"counters": counters, "digests": digests, "limits": limits, "clock": clock}
        frames = RateLimiter(**shared, random_source=lambda: 0)
        return frames, ConnectLimiter(limiter=frames, connections=sessions, **shared)

    limiter, connect_limiter = build_limiters()
    ingress = Ingress(
        publisher=queue,
        sessions=sessions,
        judgements=judgements,
        stops=claims,
        poster=FakeBlockingPoster(poster),
        profiles=profiles,
        tokens=tokens,
        states=states,
        limiter=limiter,
        connect_limiter=connect_limiter,
        clock=clock,
    )
    _, of_authorizer = build_limiters()
    authorizer = ConnectAuthorizer(profiles=profiles, tokens=tokens, states=states, limiter=of_authorizer, clock=clock)
    return SimpleNamespace(
        build_profile=build_profile,
        ingress=ingress,
        authorizer=authorizer,
        clock=clock,
        counters=counters,
        claims=claims,
        connections=connections,
        conversations=conversations,
        poster=poster,
        queue=queue,
        sessions=sessions,
        judgements=judgements,
        profiles=profiles,
        tokens=tokens,
        states=states,
    )
