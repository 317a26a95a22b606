"""The use cases of booking; each returns the frame that completes its command."""

from workers.booking.dependencies import BookingPorts
from workers.booking.handler.dispatch import BookingHandler

__all__ = ["BookingHandler", "BookingPorts"]
