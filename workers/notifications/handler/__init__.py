"""The use cases of notifications: notify a visitor, alert the operators, handle feedback on e-mails."""

from workers.notifications.dependencies import NotificationPorts
from workers.notifications.handler.dispatch import NotificationHandler
from workers.notifications.handler.feedback import FeedbackHandler

__all__ = ["FeedbackHandler", "NotificationHandler", "NotificationPorts"]
