"""As what a frame counts; pure."""

from api_gateway_ws.routes import RefusedFrame, RoutedFrame, StopRequest
from shared.messages.client import ChatFeedback, Hello, Ping
from shared.tenants.rate_limits import RateKind


def find_kind(routed: RoutedFrame) -> RateKind:
    """Return the kind of a frame; one that is refused, and a ping, only count as frames."""
    match routed:
        case RefusedFrame() | Ping():
            return "frames"
        case Hello():
            return "hellos"
        case StopRequest():
            return "stops"
        case ChatFeedback():
            return "commands"
    if routed.type == "chat.send":
        return "chats"
    return "queries" if routed.type in {"booking.slots", "booking.lookup"} else "commands"


def find_id(routed: RoutedFrame) -> str | None:
    """Return the id under which the client knows a frame."""
    match routed:
        case RefusedFrame():
            return routed.re
        case Hello() | Ping() | ChatFeedback():
            return routed.id
    return routed.client_id
