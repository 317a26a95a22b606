"""Sign-in with the token of the desk."""

from datetime import timedelta

from ops.web.sign_in_limit import ATTEMPTS_OF_ALL, ATTEMPTS_PER_ADDRESS, WINDOW, SignInLimit
from tests.fakes.clock import FakeClock

RIGHT = "a-token-that-nobody-guesses"


def test_the_token_signs_in(stranger, world):
    """The token signs in under the given name and opens the page that was requested first."""
    sign_in_page = stranger.get("/failures/f-ania").headers["location"]
    stranger.get(sign_in_page)
    answer = stranger.send("/sign-in", name="  Ola   Kowalska ", token=f" {RIGHT} ", next="/failures/f-ania")
    assert (answer.status_code, answer.headers["location"]) == (303, "/failures/f-ania")
    assert "Ola Kowalska" in stranger.get("/").text
    stranger.send("/failures/f-ania/discard", reason="Called them")
    assert world.failure().audit_trail[-1].by == "Ola Kowalska"


def test_a_wrong_token_is_refused(stranger):
    """The form says so and can be sent again."""
    answer = stranger.sign_in(token="wrong")
    assert answer.status_code == 403
    assert "That token is wrong" in answer.text
    assert stranger.send("/sign-in", name="Ola", token=RIGHT).status_code == 303


def test_a_name_is_required(stranger):
    """Audit entries need a printable name."""
    for name in ("", "   ", "a" * 61, "Ola\x1b[0m"):
        assert stranger.sign_in(name=name).status_code == 422
    assert stranger.get("/").status_code == 303


def test_failed_sign_ins_are_limited(stranger, world):
    """After five wrong tokens even the right one is rejected for five minutes."""
    for _ in range(ATTEMPTS_PER_ADDRESS):
        assert stranger.sign_in(token="wrong").status_code == 403
    assert stranger.sign_in().status_code == 429
    world.clock.advance(WINDOW)
    assert stranger.sign_in().status_code == 303


def test_failed_sign_ins_of_all_addresses_are_limited():
    """An attacker with many addresses has a limited number of attempts in total."""
    clock = FakeClock()
    sign_in_limit = SignInLimit(clock=clock)
    for number in range(ATTEMPTS_OF_ALL):
        assert sign_in_limit.is_allowed(f"10.0.0.{number}")
        sign_in_limit.record_failure(f"10.0.0.{number}")
    assert not sign_in_limit.is_allowed("10.0.1.1")
    clock.advance(WINDOW + timedelta(seconds=1))
    assert sign_in_limit.is_allowed("10.0.1.1")


def test_many_addresses_do_not_fill_the_memory():
    """The addresses are dropped then; the limit for all of them still applies."""
    sign_in_limit = SignInLimit(clock=FakeClock())
    for number in range(3_000):
        sign_in_limit.record_failure(f"2001:db8::{number:x}")
    assert len(sign_in_limit._failed) <= 1_000
    assert not sign_in_limit.is_allowed("10.0.0.1")


def test_the_session_is_new_with_the_sign_in(stranger):
    """A form token from before the sign-in is invalid after it, so a prepared session is useless."""
    stranger.get("/sign-in")
    before = stranger.csrf()
    stranger.send("/sign-in", name="Ola", token=RIGHT)
    stranger.get("/")
    assert stranger.csrf() != before
    assert stranger.send("/sign-out", csrf=before).status_code == 403


def test_a_signed_in_operator_is_redirected(owner):
    """The sign-in page redirects to the first page."""
    assert owner.get("/sign-in").headers["location"] == "/"


def test_a_second_sign_in_ends_the_first_session(owner):
    """A copy of the earlier cookie is rejected."""
    owner.get("/")
    old = dict(owner.http.cookies)
    assert owner.send("/sign-in", name="Eve", token=RIGHT).status_code == 303
    assert "Eve" in owner.get("/").text
    owner.http.cookies.clear()
    owner.http.cookies.update(old)
    assert owner.get("/").status_code == 303
