"""The use cases of booking: each command is planned, then carried out."""

from workers.booking.dependencies import BookingPorts
from workers.booking.handler.dispatch import BookingHandler

__all__ = ["BookingHandler", "BookingPorts"]
