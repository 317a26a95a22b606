"""Which credentials sign a call, and how long a call waits for them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from aiobotocore.credentials import AioRefreshableCredentials

from shared.aws.call_signer import CallSigner
from tests.deadlines import DEADLINE_SECONDS
from tests.fakes.clock import FakeClock


def build_signer(credentials):
    return CallSigner(service="sqs", region="eu-central-1", host="host", credentials=credentials, clock=FakeClock())


async def sign(credentials, seconds=DEADLINE_SECONDS):
    """Return the access key that a call is signed with."""
    headers = await build_signer(credentials).sign_post("/", {}, b"", deadline_seconds=seconds)
    return headers["Authorization"].partition("Credential=")[2].partition("/")[0]


def build_credentials(refresh, *, expire_in):
    """Return those of a role, which botocore refreshes some minutes before they expire."""
    return AioRefreshableCredentials(
        "OLD", "secret", "token", datetime.now(UTC) + expire_in, refresh_using=refresh, method="role"
    )


async def test_a_roles_credentials_are_refreshed_in_time():
    """While they are valid, nothing is asked; then the next call has the new ones."""
    asked = []

    async def refresh():
        asked.append(True)
        expiry = datetime.now(UTC) + timedelta(hours=6)
        return {"access_key": "NEW", "secret_key": "s", "token": "t", "expiry_time": expiry.isoformat()}

    assert await sign(build_credentials(refresh, expire_in=timedelta(hours=6))) == "OLD"
    assert asked == []
    assert await sign(build_credentials(refresh, expire_in=timedelta(seconds=5))) == "NEW"


async def test_a_refresh_that_hangs_ends_the_call():
    """Within the deadline of the call."""

    async def refresh():
        await asyncio.sleep(2 * DEADLINE_SECONDS)

    with pytest.raises(TimeoutError):
        await sign(build_credentials(refresh, expire_in=timedelta(seconds=5)), seconds=0.05)
