"""Claims that the previous release stored: running, released and completed commands."""

from datetime import timedelta

import pytest

from shared.claims import Busy, Claim, Done, Mismatch
from tests.compatibility.rows.tables import LEASE, key_of
from tests.fakes.clock import NOON

pytestmark = pytest.mark.usefixtures("stored")


@pytest.mark.usefixtures("changing")
async def test_a_running_command_stays_with_its_owner(tables):
    """Until its lease ends; the next claim counts it as unfinished."""
    assert await tables.claim("running") == Busy(NOON + LEASE)
    assert await tables.claims.is_stop_requested(key_of("running"))
    tables.clock.advance(LEASE + timedelta(seconds=1))
    claim = await tables.claim("running")
    assert isinstance(claim, Claim)
    assert (claim.attempts, claim.unfinished) == (2, 1)


@pytest.mark.usefixtures("changing")
async def test_a_released_command_is_claimed_again(tables):
    """With its number of attempts; an attempt that was not spent does not count."""
    released, unspent = await tables.claim("released"), await tables.claim("unspent")
    assert (released.attempts, released.unfinished) == (2, 0)
    assert (unspent.attempts, unspent.unfinished) == (1, 0)


@pytest.mark.usefixtures("changing")
async def test_a_completed_command_is_not_repeated(tables):
    """The claim names the frame with its outcome, if there is one."""
    assert await tables.claim("completed") == Done(None)
    assert await tables.claim("ended") == Done(1)
    assert await tables.claim("talk-pl-1") == Done(2)


async def test_an_id_with_other_content_is_refused(tables):
    """The stored fingerprint differs."""
    answer = await tables.claims.claim(key_of("released"), fingerprint="another", lease=LEASE)
    assert answer == Mismatch()


@pytest.mark.usefixtures("changing")
async def test_a_stop_request_is_found(tables):
    """Also a request that arrived before its command."""
    assert await tables.claims.is_stop_requested(key_of("stopped-only"))
    assert not await tables.claims.is_stop_requested(key_of("released"))
    assert isinstance(await tables.claim("stopped-only"), Claim)
