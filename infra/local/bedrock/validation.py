"""Bedrock's validation of a request, with Bedrock's error messages."""

from itertools import pairwise

from infra.local.bedrock.errors import build_cache_error, build_model_error, build_validation_error
from infra.local.bedrock.generations import Generation, find_generation
from infra.local.bedrock.model_rules import check_model_rules
from infra.local.bedrock.request import ConverseRequest, Message
from infra.local.bedrock.tokens import count_request_tokens

_MAX_CACHE_POINTS = 4


def check_request(model_id: str, request: ConverseRequest) -> None:
    """Refuse a request that Bedrock would refuse, with the error of the first broken rule.

    Raises:
        BedrockError: a `ValidationException`, or an `AccessDeniedException` for a cache point.
    """
    generation = find_generation(model_id)
    _check_turns(request.messages)
    for index, turn in enumerate(request.messages):
        _check_content(index, turn)
    _check_tools(request)
    _check_guardrail(request)
    _check_limit(generation, request)
    _check_cache_points(generation, request)
    check_model_rules(generation, request)
    if count_request_tokens(request) > generation.context_tokens:
        raise build_validation_error("Input is too long for requested model.")


def _check_turns(messages: list[Message]) -> None:
    if not messages or messages[0].role != "user":
        raise build_validation_error(
            "A conversation must start with a user message. "
            "Try again with a conversation that starts with a user message.",
        )
    if any(turn.role == follower.role for turn, follower in pairwise(messages)):
        raise build_validation_error(
            "A conversation must alternate between user and assistant roles. "
            "Make sure the conversation alternates between user and assistant roles and try again.",
        )


def _check_content(index: int, turn: Message) -> None:
    if not any(block.cache_point is None for block in turn.content):
        raise build_validation_error(
            f"The content field in the Message object at messages.{index} is empty. "
            "Add a ContentBlock object to the content field and try again.",
        )
    for position, block in enumerate(turn.content):
        where = f"messages.{index}.content.{position}"
        if block.text is not None and not block.text.strip():
            raise build_validation_error(
                f"The text field in the ContentBlock object at {where} is blank. "
                "Add text to the text field, and try again.",
            )
        result = block.tool_result
        if result and result.status == "error" and not result.content:
            raise build_validation_error(
                f"The content field at {where}.toolResult cannot be empty when status value is error."
            )


def _check_tools(request: ConverseRequest) -> None:
    uses_tools = any(turn.tool_uses or turn.tool_results for turn in request.messages)
    if uses_tools and request.tool_config is None:
        raise build_validation_error(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks."
        )
    called: list[str] = []
    for index, turn in enumerate(request.messages):
        answered = [result.tool_use_id for result in turn.tool_results]
        if len(answered) > len(called):
            raise build_validation_error(
                f"The number of toolResult blocks at messages.{index}.content exceeds "
                "the number of toolUse blocks of previous turn.",
            )
        missing = [tool_use_id for tool_use_id in called if tool_use_id not in answered]
        if missing:
            raise build_validation_error(
                f"Expected toolResult blocks at messages.{index}.content for the following Ids: {', '.join(missing)}",
            )
        called = [use.tool_use_id for use in turn.tool_uses]
    if called:
        raise build_validation_error(
            f"Expected toolResult blocks after the last turn for the following Ids: {', '.join(called)}"
        )
    forced = request.tool_config.tool_choice.tool if request.tool_config else None
    if forced and forced.name not in {tool.name for tool in request.tools}:
        raise build_validation_error(f"The tool {forced.name} of toolChoice is not among the tools of toolConfig.")


def _check_guardrail(request: ConverseRequest) -> None:
    config = request.guardrail_config
    if config and not (config.guardrail_identifier and config.guardrail_version):
        raise build_validation_error(
            "The guardrailIdentifier and guardrailVersion fields of guardrailConfig must be set together."
        )


def _check_limit(generation: Generation, request: ConverseRequest) -> None:
    requested, limit = request.inference_config.max_tokens, generation.max_output_tokens
    if requested is not None and requested < 1:
        raise build_validation_error(
            f"1 validation error detected: Value '{requested}' at 'inferenceConfig.maxTokens' failed "
            "to satisfy constraint: Member must have value greater than or equal to 1",
        )
    if requested is not None and requested > limit:
        raise build_validation_error(
            f"The maximum tokens you requested exceeds the model limit of {limit}. "
            f"Try again with a maximum tokens value that is lower than {limit}.",
        )


def _check_cache_points(generation: Generation, request: ConverseRequest) -> None:
    fields = {
        "tools": [tool.cache_point for tool in (request.tool_config.tools if request.tool_config else [])],
        "system": [block.cache_point for block in request.system],
        "messages": [block.cache_point for turn in request.messages for block in turn.content],
    }
    if any(any(points) for field, points in fields.items() if field not in generation.cache_fields):
        raise build_cache_error()
    count = sum(point is not None for points in fields.values() for point in points)
    if count > _MAX_CACHE_POINTS:
        raise build_model_error(
            f"A maximum of {_MAX_CACHE_POINTS} blocks with cache_control may be provided. Found {count}."
        )
