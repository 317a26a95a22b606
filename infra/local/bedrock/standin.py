"""The stand-in's state: pace, faults, lies, cached prefixes, scripted replies and the record of calls."""

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from infra.local.bedrock.access import State, check_state
from infra.local.bedrock.answers import build_answer
from infra.local.bedrock.faults import Fault, Faults
from infra.local.bedrock.lies import Lies
from infra.local.bedrock.prompt_cache import PromptCache
from infra.local.bedrock.reply import Reply, ToolCall
from infra.local.bedrock.request import ConverseRequest, find_last_user_text
from infra.local.bedrock.tokens import list_blocks
from workers.chat.retrieval.analysis import detect_language

_MAX_CALLS = 1000


class Pace(BaseModel):
    """The speed of an answer; 0 tokens a second stands for no delay."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens_per_second: float = Field(default=80, ge=0)
    first_token_ms: float = Field(default=300, ge=0)

    def compute_delay_seconds(self, tokens: float) -> float:
        """Return the seconds from the request until the delta after `tokens` tokens is due."""
        writing = tokens / self.tokens_per_second if self.tokens_per_second else 0.0
        return self.first_token_ms / 1000 + writing


class ScriptedTool(BaseModel):
    """The tool call of a scripted reply; its input may be any JSON, to simulate a hostile model."""

    name: str
    input: dict[str, Any] = {}


class ScriptedReply(BaseModel):
    """The reply to the next call instead of an answer from the documents.

    With `message` it is the reply to each call whose last message of the user contains that text.
    """

    model_config = ConfigDict(extra="forbid")

    text: str = ""
    tool: ScriptedTool | None = None
    message: str = ""


@dataclass
class Call:
    """The record of one request."""

    model: str
    stream: bool
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    completed: bool = False
    error: str | None = None
    fault: str | None = None
    stop_reason: str | None = None
    last_user_text: str = ""


@dataclass
class StandIn:
    """The state that is shared by all requests."""

    clock: Callable[[], float]
    pace: Pace = field(default_factory=Pace)
    faults: Faults = field(default_factory=Faults)
    lies: Lies = field(default_factory=Lies)
    script: deque[ScriptedReply] = field(default_factory=deque)
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=_MAX_CALLS))
    access: dict[str, State] = field(default_factory=dict)
    count: int = 0
    obeys: bool = False
    """Whether the model does what any text of a request orders."""
    obeyed_orders: int = 0

    def __post_init__(self) -> None:
        self.cache = PromptCache(self.clock)
        self._pace_at_start = self.pace

    def begin_call(self, model_id: str, *, stream: bool, body: bytes = b"") -> tuple[Call, Fault | None]:
        """Record a call and return it with the fault that affects it."""
        call = Call(model=model_id, stream=stream, last_user_text=find_last_user_text(body))
        fault = self.faults.take_next(call.last_user_text)
        call.fault = fault.kind if fault else None
        self.calls.append(call)
        self.count += 1
        return call, fault

    def check_access(self, model_id: str) -> None:
        """Refuse a call to a model to which the account has no access; it has access to all unless a test says so."""
        check_state(self.access.get(model_id, "granted"))

    def reply_to(self, request: ConverseRequest) -> Reply:
        """Return the next scripted reply, or an answer if there is none, which a requested lie falsifies."""
        scripted = next((one for one in self.script if one.message in request.last_user_text), None)
        if scripted is None:
            language = detect_language(request.last_user_text) or "en"
            return self.lies.falsify_next(build_answer(request), language)
        if not scripted.message:
            self.script.remove(scripted)
        tool = ToolCall(scripted.tool.name, scripted.tool.input) if scripted.tool else None
        return Reply(scripted.text, tool)

    def reset(self) -> None:
        """Restore the initial state."""
        self.pace = self._pace_at_start
        self.faults.clear()
        self.lies.clear()
        self.script.clear()
        self.cache.clear()
        self.calls.clear()
        self.access.clear()
        self.count = self.obeyed_orders = 0
        self.obeys = False

    def report_calls(self) -> dict[str, Any]:
        """Return the latest calls, oldest first, and the number of all calls and of obeyed orders."""
        calls = [asdict(call) for call in self.calls]
        return {"count": self.count, "obeyed_orders": self.obeyed_orders, "calls": calls}


def build_tool_use_id(request: ConverseRequest) -> str:
    """Return the id of the answer's tool call: equal for equal requests, different in the next turn."""
    read = "\0".join(block.weight for block in list_blocks(request))
    return f"tooluse_{hashlib.sha256(read.encode()).hexdigest()[:22]}"
