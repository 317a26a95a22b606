"""What the model behind the service refuses: sampling parameters, types of thinking, prefill and forced tools.

The messages are those of the models. Bedrock puts its own sentence before them.
"""

from infra.local.bedrock.errors import build_model_error, build_validation_error
from infra.local.bedrock.generations import Generation
from infra.local.bedrock.request import ConverseRequest

_DEFAULTS = {"temperature": 1.0}
"""A value of a refused parameter that is accepted all the same."""


def check_model_rules(generation: Generation, request: ConverseRequest) -> None:
    """Refuse what the model refuses.

    Raises:
        BedrockError: a `ValidationException`.
    """
    _check_sampling(generation, request)
    _check_thinking(generation, request)
    if not generation.prefill and request.messages[-1].role == "assistant":
        raise build_model_error(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    choice = request.tool_config.tool_choice if request.tool_config else None
    if choice and (choice.any is not None or choice.tool) and not generation.forced_tools:
        raise build_model_error('tool_choice: type "tool" and "any" are not supported for this model.')


def _check_sampling(generation: Generation, request: ConverseRequest) -> None:
    config, more = request.inference_config, request.additional_model_request_fields
    given = {"temperature": config.temperature, "top_p": config.top_p, "top_k": more.get("top_k")}
    named = [name for name, value in given.items() if value is not None]
    for name in named:
        if name not in generation.sampling and given[name] != _DEFAULTS.get(name):
            raise build_model_error(f"`{name}` is deprecated for this model.")
    if generation.one_sampling_parameter and {"temperature", "top_p"} <= {*named}:
        raise build_model_error(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
        )


def _check_thinking(generation: Generation, request: ConverseRequest) -> None:
    thinking = request.thinking_type
    if thinking is None:
        return
    if not generation.thinking:
        raise build_validation_error(
            "Malformed input request: #: extraneous key [thinking] is not permitted, please reformat your input and "
            "try again."
        )
    if thinking not in generation.thinking:
        raise build_model_error(
            f'"thinking.type.{thinking}" is not supported for this model. Use "thinking.type.adaptive" and '
            '"output_config.effort" to control thinking behavior.'
        )
