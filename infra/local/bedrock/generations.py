"""The rules of each generation of models, as Bedrock applies them: this stand-in's own table.

It repeats what `shared/language_models/` knows, on purpose and from its own reading of the pages: a request that was
built from an incorrect entry there has to be refused here.
"""

import re
from dataclasses import dataclass
from typing import Literal

from infra.local.bedrock.errors import BedrockError, build_on_demand_error, build_validation_error

Sampling = Literal["temperature", "top_p", "top_k"]
ThinkingType = Literal["enabled", "adaptive", "disabled", "between_tools"]
CacheField = Literal["system", "messages", "tools"]

ALL_SAMPLING: frozenset[Sampling] = frozenset({"temperature", "top_p", "top_k"})
EVERYWHERE: frozenset[CacheField] = frozenset({"system", "messages", "tools"})


@dataclass(frozen=True)
class Generation:
    """What one model accepts, and how it counts."""

    context_tokens: int
    max_output_tokens: int
    minimum_cached_tokens: int
    """A shorter prefix is ignored without an error."""
    looks_back: bool = True
    """A cache point also reads what an earlier one has written, if that is at most 20 blocks before it."""
    cache_fields: frozenset[CacheField] = EVERYWHERE
    """Empty: the model refuses every cache point."""
    sampling: frozenset[Sampling] = ALL_SAMPLING
    """A parameter that is missing here is refused."""
    one_sampling_parameter: bool = False
    """`temperature` and `top_p` exclude each other."""
    prefill: bool = True
    """The dialogue may end with the assistant's turn."""
    thinking: frozenset[ThinkingType] = frozenset()
    """The types of thinking that a request may ask for; empty: the model has none."""
    thinks: bool = False
    """The model thinks unless it is told not to, and its thoughts are a part of `maxTokens`."""
    forced_tools: bool = True
    """A request may require a call of a tool."""


# https://docs.aws.amazon.com/bedrock/latest/userguide/model-card-anthropic-claude-haiku-4-5.html,
# https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
_HAIKU_4_5 = Generation(200_000, 64_000, 4096, one_sampling_parameter=True, thinking=frozenset({"enabled", "disabled"}))
# https://platform.claude.com/docs/en/models/sonnet-4-5/overview
_SONNET_4_5 = Generation(
    200_000, 64_000, 1024, one_sampling_parameter=True, thinking=frozenset({"enabled", "disabled"})
)
# https://platform.claude.com/docs/en/models/sonnet-4-6/overview
_SONNET_4_6 = Generation(
    1_000_000, 128_000, 1024,
    one_sampling_parameter=True, prefill=False, thinking=frozenset({"enabled", "adaptive", "disabled"}),
)  # fmt: skip
# https://docs.aws.amazon.com/bedrock/latest/userguide/model-card-anthropic-claude-haiku-5-5.html,
# https://platform.claude.com/docs/en/models/haiku-5-5/migration-guide
_HAIKU_5_5 = Generation(
    1_000_000, 128_000, 512,
    sampling=frozenset(), prefill=False, thinking=frozenset({"adaptive", "disabled"}), thinks=True,
)  # fmt: skip
# https://platform.claude.com/docs/en/models/sonnet-5-5/overview
_SONNET_5_5 = Generation(
    1_000_000, 128_000, 512,
    sampling=frozenset(), prefill=False, thinking=frozenset({"adaptive", "between_tools"}), thinks=True,
    forced_tools=False,
)  # fmt: skip
# https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html (system and messages, from 1K on),
# https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html. Of a search before the cache
# point, the first page speaks for Claude alone.
_NOVA_MICRO = Generation(128_000, 5_000, 1_000, looks_back=False, cache_fields=frozenset({"system", "messages"}))
_NOVA_LITE = Generation(300_000, 5_000, 1_000, looks_back=False, cache_fields=frozenset({"system", "messages"}))
# A model without prompt caching: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-pixtral-large.html
_PIXTRAL = Generation(128_000, 8_192, 0, cache_fields=frozenset())

_GENERATIONS = {
    "anthropic.claude-haiku-4-5-20251001-v1:0": _HAIKU_4_5,
    "anthropic.claude-sonnet-4-5-20250929-v1:0": _SONNET_4_5,
    "anthropic.claude-sonnet-4-6": _SONNET_4_6,
    "anthropic.claude-haiku-5-5": _HAIKU_5_5,
    "anthropic.claude-sonnet-5-5": _SONNET_5_5,
    "amazon.nova-micro-v1:0": _NOVA_MICRO,
    "amazon.nova-lite-v1:0": _NOVA_LITE,
    "mistral.pixtral-large-2502-v1:0": _PIXTRAL,
}
_ARN = re.compile(r"arn:aws:bedrock:[a-z0-9-]+:\d{12}:(inference-profile|application-inference-profile)/([\w.:-]+)\Z")


def find_generation(model_id: str) -> Generation:
    """Return the rules of the model behind an id, as a region in Europe resolves it.

    Raises:
        BedrockError: a `ValidationException`: there is no such profile in Europe, or the id is that of a model which
            is available only through a profile.
    """
    if arn := _ARN.match(model_id):
        if arn[1] == "application-inference-profile":
            return _HAIKU_4_5  # an account names these profiles itself
        model_id = arn[2]
    if model_id in _GENERATIONS:
        raise build_on_demand_error(model_id)
    prefix, _, model = model_id.partition(".")
    # Only the models of Anthropic have a global profile.
    if prefix not in {"eu", "global"} or (prefix == "global" and not model.startswith("anthropic.")):
        raise _build_unknown_error()
    if model not in _GENERATIONS:
        raise _build_unknown_error()
    return _GENERATIONS[model]


def _build_unknown_error() -> BedrockError:
    return build_validation_error("The provided model identifier is invalid.")
