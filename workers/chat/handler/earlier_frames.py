"""Reads the frames of a conversation back to where the prompt's budget is full."""

from collections.abc import Sequence

from shared.conversations.ports import ConversationStore
from shared.conversations.takeover import ConversationTail
from shared.messages.server import ServerFrame
from workers.chat.domain.history import fills_budget

TAIL_FRAMES = 40
"""Frames of the first read, which most conversations fit in."""

READ_FRAMES = 100
MAX_READS = 4
"""Further reads at most: 440 frames in all."""


async def read_earlier_frames(
    conversations: ConversationStore, session_id: str, tail: ConversationTail, *, before_seq: int
) -> Sequence[ServerFrame]:
    """Return the frames before a number, oldest first, with as much dialogue as a prompt takes.

    Frames that are no dialogue do not displace it: more is read until the budget is full or the conversation begins.
    """
    frames = [frame for frame in tail.frames if frame.seq and frame.seq < before_seq]
    for _ in range(MAX_READS):
        oldest_seq = (frames[0].seq if frames else before_seq) or 0
        if oldest_seq <= 1 or fills_budget(frames):
            break
        earlier = await conversations.get_tail(session_id, READ_FRAMES, before_seq=oldest_seq)
        if not earlier.frames:
            break
        frames = [*earlier.frames, *frames]
    return frames
