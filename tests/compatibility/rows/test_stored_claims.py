"""Records of commands that the release before claimed, gave back or ended."""

from datetime import timedelta

import pytest

from shared.claims import Busy, Claim, Done, Mismatch
from tests.compatibility.rows.tables import LEASE, key_of
from tests.fakes.clock import NOON

pytestmark = pytest.mark.usefixtures("stored")


@pytest.mark.usefixtures("changing")
async def test_a_command_that_runs_is_left_to_its_owner(tables):
    """Until its lease is over; the claim that follows counts the one that ended without a word."""
    assert await tables.claim("running") == Busy(NOON + LEASE)
    assert await tables.claims.stop_requested(key_of("running"))
    tables.clock.turn(LEASE + timedelta(seconds=1))
    claim = await tables.claim("running")
    assert isinstance(claim, Claim)
    assert (claim.attempts, claim.unfinished) == (2, 1)


@pytest.mark.usefixtures("changing")
async def test_a_command_that_was_given_back_is_taken(tables):
    """With the attempts that it has had; one that was not spent counts as none."""
    released, unspent = await tables.claim("released"), await tables.claim("unspent")
    assert (released.attempts, released.unfinished) == (2, 0)
    assert (unspent.attempts, unspent.unfinished) == (1, 0)


@pytest.mark.usefixtures("changing")
async def test_a_command_that_has_ended_is_not_done_again(tables):
    """Its outcome is the frame that was stored, if it left one."""
    assert await tables.claim("completed") == Done(None)
    assert await tables.claim("ended") == Done(1)
    assert await tables.claim("talk-pl-1") == Done(2)


async def test_an_id_that_means_something_else_is_refused(tables):
    """By the fingerprint that was stored."""
    answer = await tables.claims.claim(key_of("released"), fingerprint="another", lease=LEASE)
    assert answer == Mismatch()


@pytest.mark.usefixtures("changing")
async def test_a_wish_to_stop_is_seen_by_whoever_comes_later(tables):
    """Also one that came before its command."""
    assert await tables.claims.stop_requested(key_of("stopped-only"))
    assert not await tables.claims.stop_requested(key_of("released"))
    assert isinstance(await tables.claim("stopped-only"), Claim)
