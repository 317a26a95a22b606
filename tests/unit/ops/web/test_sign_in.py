"""Sign-in with a token of one's own, and with the token of the desk."""

from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from ops.desk.domain.values import Operator
from ops.tokens.desk_tokens import REVOCATION_DELAY
from ops.web.sign_in import ProcessToken
from ops.web.sign_in_limit import ATTEMPTS, WINDOW, SignInLimit
from shared.errors import TransientError
from tests.fakes.clock import FakeClock
from tests.unit.ops.web.conftest import TOKEN


def test_the_token_signs_in(stranger, world):
    """The name comes from the token, whatever a form says, and opens the page that was requested first."""
    text = world.issue_token("Ola Kowalska")
    sign_in_page = stranger.get("/failures/f-ania").headers["location"]
    assert 'name="name"' not in stranger.get(sign_in_page).text
    answer = stranger.send("/sign-in", name="Eve", token=f" {text} ", next="/failures/f-ania")
    assert (answer.status_code, answer.headers["location"]) == (303, "/failures/f-ania")
    assert "Ola Kowalska" in stranger.get("/").text
    stranger.send("/failures/f-ania/discard", reason="Called them")
    assert world.failure().audit_trail[-1].by == "Ola Kowalska"


def test_a_token_is_for_its_businesses(stranger, world):
    """Whatever the desk's own token grants."""
    stranger.sign_in(token=world.issue_token("Ania", tenants=frozenset({"salon-ania"})))
    assert stranger.get("/failures/f-ania").status_code == 200
    assert stranger.get("/failures/f-bea").status_code == 404


def test_a_revoked_token_ends_its_sessions(stranger, world):
    """Within half a minute, on every desk; the operator signs in again, with another token."""
    text = world.issue_token("Ola")
    stranger.sign_in(token=text)
    assert stranger.get("/").status_code == 200
    [token_id] = world.desk_tokens.rows
    world.desk_tokens.rows[token_id] = replace(world.desk_tokens.rows[token_id], revoked_at=world.clock.now())
    world.clock.advance(REVOCATION_DELAY)
    assert stranger.get("/").status_code == 303
    assert stranger.send("/failures/f-ania/replay").status_code == 401
    assert stranger.sign_in(token=text).status_code == 403
    assert world.replays.queued == []


def test_a_session_is_not_trusted_without_the_table(stranger, world):
    """The page says so instead of letting somebody in whose token may be revoked."""
    stranger.sign_in(token=world.issue_token("Ola"))
    world.desk_tokens.error = TransientError("throttled")
    assert stranger.get("/").status_code == 503
    world.desk_tokens.error = None
    assert stranger.get("/").status_code == 200


def test_a_wrong_token_is_refused(stranger):
    """The form says so and can be sent again."""
    answer = stranger.sign_in(token="wrong")
    assert answer.status_code == 403
    assert "That token is wrong" in answer.text
    assert stranger.send("/sign-in", token=TOKEN).status_code == 303


@pytest.mark.parametrize("token", ["", "ą", "\ud800", "x" * 100_000, "sdt_" + "0" * 12, f"{TOKEN}x", TOKEN[:-1]])
def test_other_texts_cost_no_read(stranger, world, token):
    """A token that nobody issued is refused by its form."""
    stranger.get("/sign-in")
    answer = stranger.send("/sign-in", token=token.encode(errors="surrogatepass").decode(errors="replace"))
    assert answer.status_code == 403
    assert world.desk_tokens.reads == 0


def test_nobody_can_lock_operators_out(stranger, world):
    """After any number of wrong tokens, also from the operator's own address, a right one signs in at once."""
    text = world.issue_token("Ola")
    statuses = [stranger.sign_in(token="wrong").status_code for _ in range(60)]
    assert statuses == [403] * ATTEMPTS + [429] * (60 - ATTEMPTS)
    assert stranger.sign_in(token=text).status_code == 303
    stranger.get("/")
    stranger.send("/sign-out")
    assert stranger.sign_in(token=TOKEN).status_code == 303


def test_guesses_do_not_fill_the_log(stranger):
    """A client that goes on guessing is logged up to the limit, without what was typed."""
    with structlog.testing.capture_logs() as logs:
        for _ in range(20):
            stranger.sign_in(token="a-guess")
    assert [line["event"] for line in logs] == ["sign_in_refused"] * (ATTEMPTS - 1) + ["sign_in_throttled"]
    assert "a-guess" not in str(logs)


@pytest.mark.parametrize(("trusted", "expected"), [("127.0.0.0/8", 403), ("", 429)])
def test_behind_a_proxy_each_client_is_counted_by_itself(world, browser_of, trusted, expected):
    """With the proxy's network configured; without it, a header is a client's own word."""
    app = world.app(trusted_proxies=trusted)
    first, second = (browser_of(app, peer="127.0.0.1", forwarded_for=f"192.0.2.{number}") for number in (1, 2))
    for _ in range(ATTEMPTS):
        first.sign_in(token="wrong")
    assert first.sign_in(token="wrong").status_code == 429
    assert second.sign_in(token="wrong").status_code == expected


def test_a_limit_passes():
    """After five minutes; another client has its own."""
    clock = FakeClock()
    limit = SignInLimit(clock=clock)
    assert [limit.count_failure("192.0.2.1") for _ in range(ATTEMPTS + 3)][-3:] == [ATTEMPTS + 1] * 3
    assert limit.count_failure("192.0.2.2") == 1
    clock.advance(WINDOW)
    assert limit.count_failure("192.0.2.1") == 1


def test_many_addresses_do_not_fill_the_memory():
    """The client that was not heard of for longest is forgotten, not all of them."""
    limit = SignInLimit(clock=FakeClock())
    for number in range(3_000):
        limit.count_failure(f"2001:db8::{number:x}")
        limit.count_failure("192.0.2.1")
    assert len(limit._failed) <= 1_000
    assert limit.count_failure("192.0.2.1") == ATTEMPTS + 1


def test_the_token_of_the_desk_is_one_operator(world, browser_of):
    """`DESK_TOKEN` signs in under one name, with a warning in the log and on the first page; another token has none."""
    shared = ProcessToken(TOKEN, Operator("operator"), is_configured=True)
    browser = browser_of(world.app(process_token=shared))
    with structlog.testing.capture_logs() as logs:
        assert browser.sign_in().status_code == 303
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == ["desk_token_is_shared"]
    assert 'data-testid="shared-token"' in browser.get("/").text
    assert "Eve" not in browser.last.text
    own = browser_of(world.app(process_token=shared))
    own.sign_in(token=world.issue_token("Ola"))
    assert 'data-testid="shared-token"' not in own.get("/").text


def test_a_new_desk_token_ends_the_sessions_of_the_old_one(world, browser_of):
    """Although the key of the cookies stays; also sessions of a release that named no token."""
    old = browser_of(world.app(process_token=ProcessToken(TOKEN, Operator("operator"), is_configured=True)))
    old.sign_in()
    old.get("/")
    for app in (
        world.app(process_token=ProcessToken("another-token-for-all", Operator("operator"), is_configured=True)),
        world.app(process_token=ProcessToken(TOKEN, Operator("operator"))),
    ):
        other = browser_of(app)
        other.http.cookies.update(old.http.cookies)
        assert other.get("/").status_code == 303


def test_the_session_is_new_with_the_sign_in(stranger):
    """A form token from before the sign-in is invalid after it, so a prepared session is useless."""
    stranger.get("/sign-in")
    before = stranger.csrf()
    stranger.send("/sign-in", token=TOKEN)
    stranger.get("/")
    assert stranger.csrf() != before
    assert stranger.send("/sign-out", csrf=before).status_code == 403


def test_a_signed_in_operator_is_redirected(owner):
    """The sign-in page redirects to the first page."""
    assert owner.get("/sign-in").headers["location"] == "/"


def test_a_second_sign_in_ends_the_first_session(owner, world):
    """A copy of the earlier cookie is rejected."""
    owner.get("/")
    old = dict(owner.http.cookies)
    assert owner.send("/sign-in", token=world.issue_token("Eve")).status_code == 303
    assert "Eve" in owner.get("/").text
    owner.http.cookies.clear()
    owner.http.cookies.update(old)
    assert owner.get("/").status_code == 303


def test_a_token_outlives_the_desk(world, browser_of):
    """Issued once, it signs in after a restart, and a session goes on if the key of the cookies is the same."""
    text = world.issue_token("Ola")
    first = browser_of(world.app())
    first.sign_in(token=text)
    world.clock.advance(timedelta(minutes=1))
    second = browser_of(world.app())
    second.http.cookies.update(first.http.cookies)
    assert second.get("/").status_code == 200
