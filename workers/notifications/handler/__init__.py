"""The use cases of notifications: tell a visitor, alert an operator, each once."""

from workers.notifications.handler.dependencies import NotificationPorts
from workers.notifications.handler.dispatch import NotificationHandler
from workers.notifications.handler.feedback import FeedbackHandler

__all__ = ["FeedbackHandler", "NotificationHandler", "NotificationPorts"]
