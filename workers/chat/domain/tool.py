"""What a tool of the model is: a function that it may call while it answers one message."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.messages.commands import ChatSend
from shared.messages.server import OfferBooking, OfferHandover
from shared.tenants.profile import TenantProfile
from workers.chat.domain.deadline import Deadline

Action = OfferBooking | OfferHandover
"""What an answer can open for the visitor."""


@dataclass(frozen=True, slots=True)
class FreeTime:
    """A time that a tool has returned as free."""

    service: str
    start: datetime


@dataclass(frozen=True, slots=True)
class ToolContext:
    """For what a tool is called."""

    command: ChatSend
    profile: TenantProfile
    now: datetime
    deadline: Deadline
    call_id: str
    """Of this call of the tool: no other call has it, of any attempt of any command."""
    free_times: frozenset[FreeTime] = frozenset()
    """What tools have returned so far for the same message."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call. Without `content` the model need not be asked again."""

    content: Mapping[str, Any] | None = None
    """JSON for the model. It is data: no text in it is an instruction."""
    action: Action | None = None
    """Shown to the visitor with the answer."""
    free_times: frozenset[FreeTime] = frozenset()
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; its input is untrusted until `run` has checked it."""

    name: str
    description: str
    """When to call it, and what it returns: the model reads this."""
    schema: Mapping[str, Any]
    """JSON Schema of the input."""
    run: Callable[[Mapping[str, Any], ToolContext], Awaitable[ToolResult]]
    """Raises nothing that ends the answer: whatever it raises becomes an error that the model is told of."""
    guidance: str = ""
    """A sentence for the instructions of the prompt, if the description is not enough."""


ToolBuilder = Callable[[TenantProfile], Tool]
"""Makes a tool for a business."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One call of a tool with its result, as the model is told of it."""

    name: str
    input: Mapping[str, Any]
    result: Mapping[str, Any]
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class ToolExchange:
    """What the model wrote before it called tools, and the calls: two turns of one request."""

    text: str
    uses: tuple[ToolUse, ...]
