"""Resume tokens while their key is rotated, and while Secrets Manager can't be reached."""

from datetime import timedelta

import pytest
from botocore.exceptions import EndpointConnectionError

from api_gateway_ws.adapters.session_key import RECHECK_AFTER, SecretSessionTokens
from api_gateway_ws.auth import ForgedTokenError, SessionTokens
from shared.aws.secret_cache import MAX_AGE, RETRY_AFTER, Secrets
from shared.errors import TransientError
from tests.fakes.clock import FakeClock


class Vault:
    """A client of Secrets Manager with one secret."""

    def __init__(self):
        self.keys = "old"
        self.reads = 0
        self.is_reachable = True

    def get_secret_value(self, **_):
        self.reads += 1
        if not self.is_reachable:
            raise EndpointConnectionError(endpoint_url="https://secretsmanager")
        return {"SecretString": self.keys}


@pytest.fixture
def vault():
    return Vault()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def tokens(vault, clock):
    return SecretSessionTokens(secrets=Secrets(client=vault, clock=clock), secret_id="session-key")


def test_a_token_of_a_new_key_resumes_its_session_at_once(tokens, vault, clock):
    """The ingress may sign with it before the authorizer reads it; who was refused could not come back for hours."""
    tokens.read_keys()
    clock.advance(RECHECK_AFTER)
    vault.keys = "old new"
    token = SessionTokens(["old", "new"]).issue("salon", "s1", clock.now())
    assert tokens.verify(token, "salon", clock.now()).session_id == "s1"
    assert (
        tokens.verify(SessionTokens(["old"]).issue("salon", "s2", clock.now()), "salon", clock.now()).session_id == "s2"
    )
    assert vault.reads == 2


def test_forged_tokens_cost_one_read_a_minute(tokens, vault, clock):
    """Anybody can send them."""
    for _ in range(10):
        for _ in range(10):
            with pytest.raises(ForgedTokenError):
                tokens.verify("forged", "salon", clock.now())
        clock.advance(RECHECK_AFTER / 5)
    assert vault.reads == 2


def test_a_key_that_was_removed_signs_nothing_after_fifteen_minutes(tokens, vault, clock):
    """Neither for the authorizer, which may live for hours."""
    token = tokens.issue("salon", "s1", clock.now())
    vault.keys = "new"
    clock.advance(MAX_AGE)
    with pytest.raises(ForgedTokenError):
        tokens.verify(token, "salon", clock.now())


def test_an_outage_of_the_secret_store_ends_no_conversation(tokens, vault, clock):
    """The keys that were read last stay in use, and the store is asked twice a minute."""
    token = tokens.issue("salon", "s1", clock.now())
    vault.is_reachable = False
    clock.advance(MAX_AGE)
    for _ in range(5):
        assert tokens.verify(token, "salon", clock.now()).session_id == "s1"
    assert vault.reads == 2
    clock.advance(RETRY_AFTER)
    assert tokens.verify(tokens.issue("salon", "s1", clock.now()), "salon", clock.now()).session_id == "s1"
    assert vault.reads == 3
    vault.is_reachable, vault.keys = True, "new"
    clock.advance(RETRY_AFTER)
    with pytest.raises(ForgedTokenError):
        tokens.verify(token, "salon", clock.now())


def test_without_any_key_the_start_fails(tokens, vault):
    """It is tried again at the next event."""
    vault.is_reachable = False
    with pytest.raises(TransientError):
        tokens.read_keys()
    assert timedelta() < RETRY_AFTER < MAX_AGE
