"""A provider that fails is not called for a while; what may have been sent is not sent again without end."""

import asyncio

import pytest

from shared.circuits.reports import CircuitReports
from shared.errors import DependencyDownError, PermanentError, TransientError
from tests.fakes.clock import FakeClock
from tests.fakes.figures import FakeMetrics
from tests.fakes.turned_loop import run_turned
from workers.notifications.adapters.guarded_senders import (
    CALL_SECONDS,
    SENDER_CIRCUITS,
    GuardedAlerts,
    GuardedMailer,
    GuardedSmsSender,
)
from workers.notifications.ports import UnknownOutcomeError

THROTTLED = TransientError("ses.send_email: TooManyRequestsException")


class Provider:
    """Sends, after a while or with an error."""

    def __init__(self):
        self.error, self.takes, self.sent = None, 0.0, 0

    async def send(self, _message):
        self.sent += 1
        await asyncio.sleep(self.takes)
        if self.error:
            raise self.error


@pytest.fixture(params=[GuardedMailer, GuardedSmsSender, GuardedAlerts])
def guarded(request):
    provider = Provider()
    return provider, request.param(provider, CircuitReports(metrics=FakeMetrics(), clock=FakeClock()))


async def outcomes(sender, count):
    found = []
    for _ in range(count):
        try:
            found.append(await sender.send("message"))
        except (TransientError, PermanentError) as error:
            found.append(type(error))
    return found


def test_a_provider_that_throttles_costs_a_message_no_attempt(guarded):
    """From the third refusal on; after the pause one message tries it."""
    provider, sender = guarded

    async def run():
        provider.error = THROTTLED
        assert await outcomes(sender, 5) == [TransientError] * 2 + [DependencyDownError] * 3
        assert provider.sent == 3
        await asyncio.sleep(SENDER_CIRCUITS.open_seconds)
        assert await outcomes(sender, 2) == [DependencyDownError] * 2
        assert provider.sent == 4
        provider.error = None
        await asyncio.sleep(SENDER_CIRCUITS.open_seconds)
        assert await outcomes(sender, 2) == [None, None]

    run_turned(run())


@pytest.mark.parametrize("is_cut_off", [True, False])
def test_a_message_that_may_have_been_sent_spends_its_attempt(guarded, is_cut_off):
    """Or it could be sent as often as it is received; while the circuit is open it is not sent."""
    provider, sender = guarded

    async def run():
        provider.takes = 3600 if is_cut_off else 0
        provider.error = UnknownOutcomeError("no answer")
        assert await outcomes(sender, 3) == [UnknownOutcomeError] * 3
        assert await outcomes(sender, 1) == [DependencyDownError]
        await asyncio.sleep(SENDER_CIRCUITS.open_seconds)
        began = asyncio.get_running_loop().time()
        assert await outcomes(sender, 1) == [UnknownOutcomeError]
        assert asyncio.get_running_loop().time() - began == (CALL_SECONDS if is_cut_off else 0)

    run_turned(run())


async def test_a_refused_address_is_an_answer(guarded):
    """One recipient's address keeps nobody else from their e-mail."""
    provider, sender = guarded
    provider.error = PermanentError("mail_rejected")
    assert await outcomes(sender, 9) == [PermanentError] * 9
    assert provider.sent == 9
