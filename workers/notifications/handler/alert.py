"""Alerts the operators of the installation."""

import structlog

from shared.messages.notices import OperatorAlert
from workers.notifications.dependencies import NotificationPorts

log = structlog.get_logger()


async def alert_operators(ports: NotificationPorts, alert: OperatorAlert) -> None:
    """Log the alert as an error, and send it to the alert topic if there is one."""
    log.error("operator_alert", reason=alert.data.reason)
    if ports.alerts is not None:
        await ports.alerts.send(alert)
