"""Guards what sends: each call has a limit, and a provider that fails is not called for a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.circuits.breaker import BreakerPolicy
from shared.circuits.guard import Guard
from shared.circuits.reports import CircuitReports
from shared.messages.notices import OperatorAlert
from workers.notifications.domain import Email, TextMessage
from workers.notifications.ports import Alerts, Mailer, SmsSender, UnknownOutcomeError

SENDER_CIRCUITS = BreakerPolicy(failures=3, calls=3, window_seconds=60, open_seconds=5, probe_seconds=30)
"""Throttling counts, too: whatever waits is sent within seconds of its end."""

SLOW_SECONDS = 10.0
"""A message that took longer was sent, but the next ones would keep their handlers for as long."""

CALL_SECONDS = 25.0
"""For the whole call, whose single waits have limits of their own. A slow provider has mostly accepted the message: a
shorter limit would send more messages twice."""

_MARGIN_SECONDS = 1.0


class GuardedMailer:
    """A `Mailer`."""

    def __init__(self, mailer: Mailer, reports: CircuitReports) -> None:
        self._mailer = mailer
        self._guard = Guard("ses", reports.open_breaker("ses", SENDER_CIRCUITS), slow_seconds=SLOW_SECONDS)

    async def send(self, email: Email) -> None:
        """Send the e-mail."""
        async with _limit(self._guard, reason="mail_not_taken"):
            await self._mailer.send(email)


class GuardedSmsSender:
    """An `SmsSender`."""

    def __init__(self, sender: SmsSender, reports: CircuitReports) -> None:
        self._sender = sender
        self._guard = Guard("sns_sms", reports.open_breaker("sns_sms", SENDER_CIRCUITS), slow_seconds=SLOW_SECONDS)

    async def send(self, message: TextMessage) -> None:
        """Send the text message."""
        async with _limit(self._guard, reason="sms_not_taken"):
            await self._sender.send(message)


class GuardedAlerts:
    """An `Alerts`."""

    def __init__(self, alerts: Alerts, reports: CircuitReports) -> None:
        self._alerts = alerts
        self._guard = Guard(
            "sns_alerts", reports.open_breaker("sns_alerts", SENDER_CIRCUITS), slow_seconds=SLOW_SECONDS
        )

    async def send(self, alert: OperatorAlert) -> None:
        """Publish the alert."""
        async with _limit(self._guard, reason="alert_not_taken"):
            await self._alerts.send(alert)


@asynccontextmanager
async def _limit(guard: Guard, *, reason: str) -> AsyncIterator[None]:
    """Run one call in the `with`; one that is cut off may have succeeded."""
    async with guard.call(seconds=CALL_SECONDS + _MARGIN_SECONDS):
        try:
            async with asyncio.timeout(CALL_SECONDS):
                yield
        except TimeoutError as error:
            raise UnknownOutcomeError(f"{guard.dependency}: no end within {CALL_SECONDS:g} s", reason=reason) from error
