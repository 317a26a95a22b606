"""The use cases of notifications: tell a visitor, alert an operator, each once."""

from workers.notifications.handler.dispatch import NotificationHandler
from workers.notifications.handler.feedback import FeedbackHandler
from workers.notifications.handler.roles import Roles

__all__ = ["FeedbackHandler", "NotificationHandler", "Roles"]
