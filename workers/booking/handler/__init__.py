"""The use cases of booking: each returns the frame that ends its command."""

from workers.booking.handler.dispatch import BookingHandler
from workers.booking.handler.roles import Roles

__all__ = ["BookingHandler", "Roles"]
