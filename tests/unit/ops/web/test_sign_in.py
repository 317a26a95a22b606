"""Signing in with the token of the desk."""

from datetime import timedelta

from ops.web.sign_in_limit import ATTEMPTS_OF_ALL, ATTEMPTS_PER_ADDRESS, WINDOW, SignInLimit
from tests.fakes.clock import FakeClock

RIGHT = "a-token-that-nobody-guesses"


def test_the_token_signs_in(stranger, world):
    """The right token signs in under the name that was given, and leads to the page that was wanted."""
    wanted = stranger.get("/failures/f-ania").headers["location"]
    stranger.get(wanted)
    answer = stranger.send("/sign-in", name="  Ola   Kowalska ", token=f" {RIGHT} ", next="/failures/f-ania")
    assert (answer.status_code, answer.headers["location"]) == (303, "/failures/f-ania")
    assert "Ola Kowalska" in stranger.get("/").text
    stranger.send("/failures/f-ania/discard", reason="Called them")
    assert world.failure().audit_trail[-1].by == "Ola Kowalska"


def test_a_wrong_token_is_refused(stranger):
    """A wrong token says so, in a form that can be sent again."""
    answer = stranger.sign_in(token="wrong")
    assert answer.status_code == 403
    assert "not right" in answer.text
    assert stranger.send("/sign-in", name="Ola", token=RIGHT).status_code == 303


def test_a_name_is_needed(stranger):
    """Everything that is done here stands beside a name, so there has to be a printable one."""
    for name in ("", "   ", "a" * 61, "Ola\x1b[0m"):
        assert stranger.sign_in(name=name).status_code == 422
    assert stranger.get("/").status_code == 303


def test_guesses_are_slowed(stranger, world):
    """After five wrong tokens even the right one has to wait for five minutes."""
    for _ in range(ATTEMPTS_PER_ADDRESS):
        assert stranger.sign_in(token="wrong").status_code == 403
    assert stranger.sign_in().status_code == 429
    world.clock.turn(WINDOW)
    assert stranger.sign_in().status_code == 303


def test_guesses_from_many_addresses_are_slowed():
    """Whoever has many addresses has no more guesses in all than a bound."""
    clock = FakeClock()
    sign_in_limit = SignInLimit(clock=clock)
    for number in range(ATTEMPTS_OF_ALL):
        assert sign_in_limit.is_allowed(f"10.0.0.{number}")
        sign_in_limit.record_failure(f"10.0.0.{number}")
    assert not sign_in_limit.is_allowed("10.0.1.1")
    clock.turn(WINDOW + timedelta(seconds=1))
    assert sign_in_limit.is_allowed("10.0.1.1")


def test_a_flood_of_addresses_fills_no_memory():
    """The addresses are forgotten then; the bound of all of them still holds."""
    sign_in_limit = SignInLimit(clock=FakeClock())
    for number in range(3_000):
        sign_in_limit.record_failure(f"2001:db8::{number:x}")
    assert len(sign_in_limit._failed) <= 1_000
    assert not sign_in_limit.is_allowed("10.0.0.1")


def test_the_session_is_new_with_the_sign_in(stranger):
    """The form's token from before the sign-in is worth nothing after it: nobody can have prepared a session."""
    stranger.get("/sign-in")
    before = stranger.csrf()
    stranger.send("/sign-in", name="Ola", token=RIGHT)
    stranger.get("/")
    assert stranger.csrf() != before
    assert stranger.send("/sign-out", csrf=before).status_code == 403


def test_who_is_signed_in_needs_no_form(owner):
    """The sign-in page leads on for somebody who is signed in."""
    assert owner.get("/sign-in").headers["location"] == "/"


def test_whoever_signs_in_anew_leaves_the_old_session(owner):
    """A copy of the cookie from before a second sign-in is worth nothing."""
    owner.get("/")
    old = dict(owner.http.cookies)
    assert owner.send("/sign-in", name="Eve", token=RIGHT).status_code == 303
    assert "Eve" in owner.get("/").text
    owner.http.cookies.clear()
    owner.http.cookies.update(old)
    assert owner.get("/").status_code == 303
