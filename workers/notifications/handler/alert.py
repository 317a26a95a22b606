"""Whoever runs the system hears that something needs a person."""

import structlog

from shared.messages.notices import OperatorAlert
from workers.notifications.handler.dependencies import NotificationPorts

log = structlog.get_logger()


async def alert(ports: NotificationPorts, work: OperatorAlert) -> None:
    """Log the alert as an error, and send it where somebody looks."""
    log.error("operator_alert", reason=work.data.reason)
    if ports.alerts is not None:
        await ports.alerts.send(work)
