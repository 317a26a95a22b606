"""Finds the question that staff have left open, as a message that the assistant answers."""

from collections.abc import Sequence

from shared.conversations.open_questions import find_open_questions
from shared.messages.client import ChatSendData
from shared.messages.commands import ChatAnswerOpen, ChatSend
from shared.messages.server import ChatSent, ServerFrame


def find_question(frames: Sequence[ServerFrame], command: ChatAnswerOpen) -> tuple[ChatSent, ChatSend] | None:
    """Return the last open question with the message that asks it; None if there is none.

    Its prompt has the earlier ones. What the visitor has asked since the command is answered by its own command.
    """
    asked = [one for one in find_open_questions(frames) if one.seq and one.seq < command.data.before_seq]
    if not asked:
        return None
    question = asked[-1]
    envelope = command.model_dump(include=set(ChatSend.model_fields) - {"type", "data", "client_id"})
    return question, ChatSend.model_validate(
        {**envelope, "client_id": question.re or command.client_id, "data": ChatSendData(text=question.data.text)}
    )
