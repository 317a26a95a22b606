"""That ids are the same for the same, different for all else, and in the form that others demand."""

import re

from hypothesis import given
from hypothesis import strategies as st

from shared.ids import compute_fingerprint, derive_command_key, derive_id, new_id

PART = st.text(max_size=12)
TRIPLE = st.tuples(PART, PART, PART)


def test_ids_stay_the_same_over_releases():
    """What waits on a queue during a deployment must find its own effects after it."""
    key = derive_command_key("salon-ania", "session", "a1")

    assert key == "2ba3e313df8e0a42a64b7f990849ad4a815fbde223ef26c3978abfc52c896e09"
    assert derive_id(key, "appointment") == "s65a4kd4jea7s3471sipmd6ifeo4pmtk"
    assert compute_fingerprint("payload") == "239f59ed55e737c77147cf55ad0c1b03"


def test_a_fresh_id_is_like_no_other():
    """Thirty-two hexadecimal characters."""
    ids = {new_id() for _ in range(1000)}

    assert len(ids) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in ids)


@given(TRIPLE, TRIPLE)
def test_no_two_commands_share_a_key(one, other):
    """However their parts run together: `ab`, `c` is not `a`, `bc`."""
    assert (derive_command_key(*one) == derive_command_key(*other)) is (one == other)


@given(st.text(":0123456789", min_size=1, max_size=8), st.text(":0123456789", min_size=1, max_size=8))
def test_digits_and_colons_do_not_confuse_a_key(one, other):
    """They are what the lengths are written with."""
    assert derive_command_key(one + other, "", "s") != derive_command_key(one, other, "s")


@given(st.text(max_size=20), st.text(max_size=20))
def test_an_effects_id_is_one_that_a_calendar_takes(key, effect):
    """Base32hex in lower case, which appointment ids have too."""
    assert re.fullmatch(r"[0-9a-v]{32}", derive_id(key, effect))


def test_each_effect_of_a_command_has_its_own_id():
    """And another command's effect of the same name another one."""
    ids = {derive_id(key, effect) for key in ("k1", "k2") for effect in ("appointment", "calendar", "notice/code#1")}

    assert len(ids) == 6


@given(st.text(max_size=30), st.text(max_size=30))
def test_different_payloads_have_different_fingerprints(one, other):
    """Thirty-two hexadecimal characters."""
    assert re.fullmatch(r"[0-9a-f]{32}", compute_fingerprint(one))
    assert (compute_fingerprint(one) == compute_fingerprint(other)) is (one == other)
