"""The dialogue as the model reads it, within a budget of tokens.

The rules, in their order:

1. A message whose command ended with an error, or that the model declined, is left out: what was refused once would be
   refused with every further message. A replay that succeeded later brings it back. Announcements of the backend are
   no dialogue.
2. A long message is shortened to `MAX_TURN_TOKENS`, so that the last exchange always fits.
3. The oldest messages are dropped until `HISTORY_TOKENS` are left; not one by one, but up to the next frame number that
   is a multiple of `BLOCK_FRAMES`. So the beginning stays the same for several messages, and can be cached.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.language_models.tokens import estimate_tokens
from shared.messages.server import ChatFinal, ChatSent, Error, ServerFrame
from workers.chat.domain.tokens import shorten_text

HISTORY_TOKENS = 8_000
"""Estimated tokens of earlier messages in a prompt: about twenty exchanges."""

MAX_TURN_TOKENS = 2_000
"""Estimated tokens of one earlier message; a visitor's message of 4 000 Latin characters is not shortened."""

BLOCK_FRAMES = 16

_TOKENS_PER_TURN = 4
"""What a turn costs besides its text."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the dialogue."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class _Message:
    """A turn, the number of its frame, and its estimated tokens."""

    turn: Turn
    seq: int
    tokens: int


def build_turns(history: Sequence[ServerFrame], text: str) -> tuple[Turn, ...]:
    """Return the dialogue in the form that the model requires: the user first, then alternating roles.

    `history` has earlier frames without gaps, oldest first. The last turn ends with `text`, which is never shortened.
    """
    merged: list[Turn] = []
    for turn in [*(message.turn for message in _drop_oldest(history)), Turn("user", text)]:
        if merged and merged[-1].role == turn.role:
            merged[-1] = Turn(turn.role, f"{merged[-1].text}\n\n{turn.text}")
        elif merged or turn.role == "user":
            merged.append(turn)
    return tuple(merged)


def fills_budget(history: Sequence[ServerFrame]) -> bool:
    """Return whether older frames would be dropped, so that they need not be read."""
    return sum(message.tokens for message in _list_messages(history)) > HISTORY_TOKENS


def find_last_question(history: Sequence[ServerFrame]) -> str:
    """Return the visitor's previous message, which a short one may continue; empty if there is none."""
    refused = _find_refused(history)
    turns = (_read_turn(frame, refused) for frame in reversed(history))
    return next((turn.text for turn in turns if turn and turn.role == "user"), "")


def _list_messages(history: Sequence[ServerFrame]) -> list[_Message]:
    refused = _find_refused(history)
    turns = ((frame, _read_turn(frame, refused)) for frame in history)
    return [
        _Message(turn, frame.seq or 0, estimate_tokens(turn.text) + _TOKENS_PER_TURN) for frame, turn in turns if turn
    ]


def _find_refused(frames: Sequence[ServerFrame]) -> frozenset[str | None]:
    """Return the ids of messages that ended with an error, or that the model declined."""
    failed = {frame.re for frame in frames if isinstance(frame, Error)}
    failed -= {frame.re for frame in frames if isinstance(frame, ChatFinal)}
    # Most models decline again as long as the declined message is in the conversation
    # (https://platform.claude.com/docs/en/test-and-evaluate/strengthen-guardrails/handle-streaming-refusals).
    failed |= {frame.re for frame in frames if isinstance(frame, ChatFinal) and frame.data.announces == "declined"}
    return frozenset(failed)


def _read_turn(frame: ServerFrame, refused: Collection[str | None]) -> Turn | None:
    """Return the turn of a frame; None if it is no dialogue."""
    match frame:
        case ChatSent() if frame.re is None or frame.re not in refused:
            return Turn("user", shorten_text(frame.data.text, MAX_TURN_TOKENS))
        case ChatFinal() if frame.data.text and frame.data.announces is None:
            return Turn("assistant", shorten_text(frame.data.text, MAX_TURN_TOKENS))
    return None


def _drop_oldest(history: Sequence[ServerFrame]) -> Sequence[_Message]:
    messages = _list_messages(history)
    first, tokens = len(messages), 0
    while first and tokens + messages[first - 1].tokens <= HISTORY_TOKENS:
        first -= 1
        tokens += messages[first].tokens
    oldest_seq = (history[0].seq or 0) if history else 0
    if first == 0 and oldest_seq <= 1:
        return messages
    # The block in which the frames that were read begin may have begun before them.
    whole_block = -(-oldest_seq // BLOCK_FRAMES) if oldest_seq > 1 else 0
    blocks = [message.seq // BLOCK_FRAMES for message in messages]
    for index in range(first, len(messages)):
        begins = index == 0 or blocks[index] != blocks[index - 1]
        if begins and blocks[index] >= whole_block:
            return messages[index:]
    return messages[first:]
