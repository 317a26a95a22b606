"""Adds the visitors who wait for a person to the conversations of a day."""

from collections.abc import Mapping, Sequence

from shared.conversations.handover import Handover
from shared.conversations.ports import ConversationSummary


def add_waiting(
    summaries: Sequence[ConversationSummary], waiting: Mapping[str, Handover]
) -> Sequence[ConversationSummary]:
    """Return the conversations of a day, and those of other days whose visitors wait."""
    listed = {summary.session_id for summary in summaries}
    others = [
        ConversationSummary(session, handover.waiting_since)
        for session, handover in waiting.items()
        if session not in listed and handover.waiting_since
    ]
    return [*summaries, *others]
