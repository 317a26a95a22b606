"""The models of a Converse request, which check its structure with pydantic."""

import json
import re
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from infra.local.bedrock.errors import BedrockError, build_validation_error

_SITUATION = re.compile(r"<situation>\n((?:(?!</?situation\b).)*)\n</situation>", re.DOTALL)


class Shape(BaseModel):
    """A part of the request; unknown fields are kept, because they count as tokens."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True)


class CachePoint(Shape):
    """The end of a prefix that should be cached."""

    type: Literal["default"]
    ttl: Literal["5m", "1h"] = "5m"


class ToolUse(Shape):
    """The model's call of a tool."""

    tool_use_id: str
    name: str
    input: Any = None


class ToolResult(Shape):
    """The result of a tool call."""

    tool_use_id: str
    content: list[dict[str, Any]]
    status: Literal["success", "error"] = "success"


class GuardedText(Shape):
    """The text in a block of the kind `guardContent`."""

    text: str
    qualifiers: list[Literal["grounding_source", "query", "guard_content"]] = []


class GuardContent(Shape):
    """What a guardrail checks of a message; if a message has such a block, it checks nothing else there."""

    text: GuardedText


class Block(Shape):
    """One content block; the field that is set determines its kind."""

    text: str | None = None
    guard_content: GuardContent | None = None
    tool_use: ToolUse | None = None
    tool_result: ToolResult | None = None
    cache_point: CachePoint | None = None

    @model_validator(mode="after")
    def _read_guarded_text(self) -> Self:
        """Let the model read what a guardrail checks as a text."""
        if self.guard_content and self.text is None:
            object.__setattr__(self, "text", self.guard_content.text.text)
        return self

    @property
    def weight(self) -> str:
        """Return the text of this block for the model, to count tokens and to compare prefixes."""
        if self.text is not None:
            return self.text
        return json.dumps(self.model_dump(exclude_none=True), ensure_ascii=False, sort_keys=True, default=str)


class Message(Shape):
    """One turn of the conversation."""

    role: Literal["user", "assistant"]
    content: list[Block]

    @property
    def situation(self) -> str:
        """Return what the backend says about the conversation: a first block between tags that no visitor can write."""
        first = next((block.text for block in self.content if block.text), "")
        found = _SITUATION.fullmatch(first)
        return found[1] if found and self.role == "user" else ""

    @property
    def text(self) -> str:
        """Return the turn's text, without the situation."""
        texts = [block.text for block in self.content if block.text]
        return "\n".join(texts[1:] if self.situation else texts)

    @property
    def tool_uses(self) -> list[ToolUse]:
        """Return the tool calls of this turn."""
        return [block.tool_use for block in self.content if block.tool_use]

    @property
    def tool_results(self) -> list[ToolResult]:
        """Return the tool results of this turn."""
        return [block.tool_result for block in self.content if block.tool_result]


class InputSchema(Shape):
    """The JSON Schema of a tool's input."""

    schema_: dict[str, Any] = Field(alias="json")


class ToolSpec(Shape):
    """A tool that the model may call."""

    name: str
    description: str = ""
    input_schema: InputSchema


class Tool(Shape):
    """An entry of the tool list: a tool, or the end of a cached prefix."""

    tool_spec: ToolSpec | None = None
    cache_point: CachePoint | None = None


class NamedTool(Shape):
    """The tool that must be called."""

    name: str


class ToolChoice(Shape):
    """Whether a tool must be called; with no field set the model decides."""

    any: dict[str, Any] | None = None
    tool: NamedTool | None = None


class ToolConfig(Shape):
    """The tools of a request."""

    tools: list[Tool] = Field(min_length=1)
    tool_choice: ToolChoice = ToolChoice()

    @property
    def specs(self) -> list[ToolSpec]:
        """Return the tools without the cache points between them."""
        return [tool.tool_spec for tool in self.tools if tool.tool_spec]


class InferenceConfig(Shape):
    """The parameters of the inference."""

    max_tokens: int | None = None
    temperature: float | None = Field(default=None, ge=0, le=1)
    top_p: float | None = Field(default=None, ge=0, le=1)
    stop_sequences: list[str] = []


class GuardrailConfig(Shape):
    """The guardrail of a stream (`GuardrailStreamConfiguration` in Bedrock's API reference)."""

    guardrail_identifier: str = Field(
        default="",
        max_length=2048,
        pattern=r"^(|([a-z0-9]+)|(arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+))$",
    )
    guardrail_version: str = Field(default="", pattern=r"^(|([1-9][0-9]{0,7})|(DRAFT))$")
    stream_processing_mode: Literal["sync", "async"] = "sync"
    trace: Literal["enabled", "disabled", "enabled_full"] = "disabled"


class ConverseRequest(Shape):
    """The body of `Converse` and `ConverseStream`."""

    messages: list[Message] = []
    system: list[Block] = []
    tool_config: ToolConfig | None = None
    inference_config: InferenceConfig = InferenceConfig()
    guardrail_config: GuardrailConfig | None = None
    additional_model_request_fields: dict[str, Any] = {}

    @property
    def thinking_type(self) -> str | None:
        """Return the type of thinking that is asked for; None if nothing is said about it."""
        thinking = self.additional_model_request_fields.get("thinking")
        return str(thinking.get("type")) if isinstance(thinking, dict) else None

    @property
    def tools(self) -> list[ToolSpec]:
        """Return the tools that the model may call."""
        return self.tool_config.specs if self.tool_config else []

    @property
    def facts(self) -> str:
        """Return what the model is told apart from the dialogue: the system prompt, and the situation.

        The situation is that of the visitor's last message, after which results of tools may follow.
        """
        system = [block.text for block in self.system if block.text]
        last = next((turn for turn in reversed(self.messages) if turn.role == "user" and turn.text), None)
        return "\n".join([*system, last.situation if last else ""])

    @property
    def last_user_text(self) -> str:
        """Return the visitor's latest text; a turn that has only tool results has none."""
        return next((turn.text for turn in reversed(self.messages) if turn.role == "user" and turn.text), "")


def parse_request(body: bytes) -> ConverseRequest:
    """Parse a request's body.

    Raises:
        BedrockError: the body is not valid JSON or has another structure.
    """
    try:
        return ConverseRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise build_validation_error(
            f"1 validation error detected: Value at '{where}' is invalid: {first['msg']}"
        ) from None


def find_last_user_text(body: bytes) -> str:
    """Return the visitor's latest text; empty for a body that is no request."""
    try:
        return parse_request(body).last_user_text
    except BedrockError:
        return ""
