"""What is asked of the models for one message, and what has come of the answer."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from shared.conversations.ports import Connection
from shared.messages.commands import ChatSend
from shared.messages.server import Usage
from shared.tenants.profile import TenantProfile
from workers.chat.domain.answer_links import AnswerLinks
from workers.chat.domain.answer_text import AnswerText
from workers.chat.domain.deadline import Deadline
from workers.chat.domain.endings import Ending, classify_stop_reason
from workers.chat.domain.prompt import Prompt
from workers.chat.domain.tool import Action
from workers.chat.handler.attempts import CallTally
from workers.chat.handler.message_storing import MessageStoring
from workers.chat.ports import ToolCall


@dataclass(slots=True)
class Answer:
    """What has come of an answer."""

    text: AnswerText = field(default_factory=AnswerText)
    actions: list[Action] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    stopped: bool = False
    calls: list[ToolCall] = field(default_factory=list)
    """Of tools that there are, in the model's last reply; they are carried out at its end."""
    has_unknown_call: bool = False
    has_tool_results: bool = False
    """Whether the model has answered with results of its tools."""
    stop_reason: str | None = None
    """Why the model stopped; None until then."""
    tally: CallTally = field(default_factory=CallTally)
    has_documents: bool = True
    """Whether the model had the documents; False for the answer to a message that needs none."""
    links: AnswerLinks = field(default_factory=AnswerLinks)

    @property
    def visible_text(self) -> str:
        """What the visitor sees while the answer comes: its text without links that lead elsewhere."""
        return self.links.show(self.text.text, is_complete=False)

    @property
    def is_useful(self) -> bool:
        """Whether there is something in it for the visitor, or the visitor has stopped it."""
        return self.stopped or bool(self.actions) or (bool(self.text.text) and self.ending == "complete")

    @property
    def ending(self) -> Ending:
        """What the model's reason means."""
        return classify_stop_reason(self.stop_reason or "")

    @property
    def is_empty(self) -> bool:
        """Whether the model ended its last reply, but said nothing and called no tool that there is."""
        return self.stop_reason is not None and not (self.text.part or self.calls)

    def begin_again(self) -> None:
        """Forget the last reply, except what it costs."""
        self.text.clear()
        self._forget_ending()

    def continue_below(self) -> None:
        """Keep what has come; the next reply goes on with it."""
        self.text.begin_part()
        self.has_tool_results = True
        self._forget_ending()

    def _forget_ending(self) -> None:
        self.calls.clear()
        self.has_unknown_call = False
        self.stop_reason = None


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """What is asked, for whom, and how long it may take."""

    command: ChatSend
    prompt: Prompt
    profile: TenantProfile
    listeners: Sequence[Connection]
    deadline: Deadline
    message: MessageStoring
    """The visitor's message, which may still be on its way into the conversation."""
    claim_attempt: int = 1
    check_call: Callable[[], Awaitable[None]] | None = None
    """Awaited before each call of a model; it raises where none is to be made."""
    tally: CallTally = field(default_factory=CallTally)
    """Of all calls for the message: that which sorts it, and those of a short answer that failed, count, too."""
    links: AnswerLinks = field(default_factory=AnswerLinks)
    """Which links of the answer stay links."""
