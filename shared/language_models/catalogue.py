"""The catalogue of language models: one JSON file a model in `models/`."""

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from shared.language_models.entry import Entry
from shared.language_models.geography import read_geography
from shared.language_models.prices import Prices, TokenPrices
from shared.language_models.values import CacheRules, LanguageModel, Lifecycle, Thinking

_FOLDER = files("shared.language_models") / "models"
_CAREFUL_OUTPUT_TOKENS = 4096
_CAREFUL_CONTEXT_TOKENS = 128_000


def find_model(model_id: str) -> LanguageModel:
    """Return what is known of an id; one that the catalogue does not have gets the most careful values.

    These are: no sampling parameter, no cache point, small limits, and of each price the highest in the catalogue; the
    model may cost more than that.
    """
    return read_catalogue().get(model_id) or _describe_unknown_model(model_id)


@cache
def read_catalogue() -> Mapping[str, LanguageModel]:
    """Return all models by the ids that invoke them, in the order of the files."""
    models: dict[str, LanguageModel] = {}
    for file in sorted(_FOLDER.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".json"):
            for model in Entry.model_validate_json(file.read_bytes()).list_models():
                if model.id in models:
                    raise ValueError(f"{file.name}: {model.id} is in the catalogue twice")
                models[model.id] = model
    return MappingProxyType(models)


def _describe_unknown_model(model_id: str) -> LanguageModel:
    return replace(_build_careful_model(), id=model_id, name=model_id, geography=read_geography(model_id))


@cache
def _build_careful_model() -> LanguageModel:
    known = read_catalogue().values()
    charged = [prices for model in known for prices in (model.prices.standard, model.prices.long_prompt) if prices]
    highest = {
        field.name: max(price for prices in charged if (price := getattr(prices, field.name)) is not None)
        for field in fields(TokenPrices)
    }
    return LanguageModel(
        id="",
        name="",
        geography=read_geography(""),
        foundation_model="",
        regions=(),
        prices=Prices(TokenPrices(**highest)),
        context_tokens=_CAREFUL_CONTEXT_TOKENS,
        max_output_tokens=_CAREFUL_OUTPUT_TOKENS,
        tokenizer_factor=max(model.tokenizer_factor for model in known),
        cache=CacheRules(1, None, frozenset(), 0),
        sampling_parameters=frozenset(),
        one_sampling_parameter=True,
        accepts_prefill=False,
        thinking=Thinking(on_by_default=True, switch_off=None),
        stop_reasons=frozenset().union(*(model.stop_reasons for model in known)),
        supports_caching=False,
        supports_tools=True,
        supports_streaming=True,
        lifecycle=Lifecycle(),
        sources={},
        is_in_catalogue=False,
    )
