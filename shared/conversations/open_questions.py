"""Which of a visitor's messages were left to staff and have no answer."""

from collections.abc import Sequence

from shared.messages.server import ChatFinal, ChatSent, ServerFrame


def find_open_questions(frames: Sequence[ServerFrame]) -> tuple[ChatSent, ...]:
    """Return the messages that were left to staff and have no answer yet, even if the takeover has ended.

    A staff answer answers all messages before it; an answer of the assistant answers all messages that were left to
    staff before it. An announcement answers nothing.
    """
    pending: dict[str | None, ChatSent] = {}
    open_questions: list[ChatSent] = []
    for frame in frames:
        match frame:
            case ChatSent():
                pending[frame.re] = frame
            case ChatFinal() if is_left_to_staff(frame):
                open_questions += [pending.pop(frame.re)] if frame.re in pending else []
            case ChatFinal() if frame.data.text and not frame.data.announces:
                open_questions.clear()
                if frame.data.by == "human":
                    pending.clear()
    return tuple(open_questions)


def is_left_to_staff(final: ChatFinal) -> bool:
    """Return whether the frame ends a command without an answer, because staff read the message."""
    return final.data.announces == "is_read"
