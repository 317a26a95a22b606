"""Offers a visitor to ask for a person. The model only proposes it: the visitor's own frame alerts staff."""

from collections.abc import Mapping
from typing import Any

from shared.messages.server import OfferHandover
from shared.tenants.profile import TenantProfile
from workers.chat.domain.tool import Tool, ToolContext, ToolResult

NAME = "hand_over"


def build(profile: TenantProfile) -> Tool:  # noqa: ARG001 - it is the same for every business
    """Return the tool. It needs no result, so that an offer is one call of the model."""
    return Tool(
        NAME,
        "Offer the visitor a way to ask a member of the staff to answer here.",
        {"type": "object", "properties": {}},
        _offer_handover,
        guidance=(
            "When a visitor wants to talk to a human, or complains, say how to reach the business and use the tool "
            f"{NAME}. Do not mention it, and never say that you told the staff: only the visitor can ask for them."
        ),
    )


async def _offer_handover(content: Mapping[str, Any], context: ToolContext) -> ToolResult:  # noqa: ARG001 - it has no input
    return ToolResult(action=OfferHandover())
