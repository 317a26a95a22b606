"""A thousand notices: delivered twice with an SES that throttles, and with workers that crash."""

from contextlib import AsyncExitStack

import pytest
import structlog

from shared.aws.clients import AwsClients
from shared.settings import AwsSettings
from tests.contracts.stores.notifications_run import NotificationsRun
from tests.contracts.stores.test_notices import THROTTLE_EVERY, check_each_address_gets_one, check_no_notice_is_lost

NUMBER = 1000


@pytest.fixture
async def run(emulator):
    settings = AwsSettings(
        aws_endpoint_url=emulator.endpoint_url,
        conversations_table="ConversationsTable",
        connections_table="ConnectionsTable",
        processed_table="ProcessedTable",
        knowledge_bucket="knowledge",
        websocket_endpoint=emulator.endpoint_url,
    )
    emulator.client("sesv2").create_email_identity(EmailIdentity="no-reply@stride.example")
    with structlog.testing.capture_logs():
        async with AsyncExitStack() as stack:
            clients = AwsClients(stack, settings)
            yield NotificationsRun(
                emulator,
                clients,
                dynamodb=await clients.open_client("dynamodb", connections=100),
                ses=await clients.open_client("sesv2", attempts=1, read_timeout_seconds=60),
                throttle_every=THROTTLE_EVERY,
            )


@pytest.mark.soak
async def test_a_thousand_notices_delivered_twice_arrive_once(run):
    """Each address has exactly one e-mail in the emulator's outbox."""
    await check_each_address_gets_one(run, NUMBER, timeout_seconds=600)
    print(f"throttled: {run.ses.throttled}")


@pytest.mark.soak
async def test_when_workers_crash_none_of_a_thousand_is_lost(run):
    """Eight of 21 attempts crash; an e-mail that is sent again is identical to the byte, and counted."""
    repeats = await check_no_notice_is_lost(run, NUMBER)
    counted = run.metrics.total("NoticesPerhapsRepeated")
    print(f"sent again: {repeats} of {NUMBER}; counted as perhaps repeated: {counted:.0f}")
