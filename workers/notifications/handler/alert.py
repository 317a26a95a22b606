"""Whoever runs the system hears that something needs a person."""

import structlog

from shared.messages.notices import OperatorAlert
from workers.notifications.handler.roles import Roles

log = structlog.get_logger()


async def alert(roles: Roles, work: OperatorAlert) -> None:
    """Log the alert as an error, and send it where somebody looks."""
    log.error("operator_alert", reason=work.data.reason)
    if roles.alerts is not None:
        await roles.alerts.send(work)
