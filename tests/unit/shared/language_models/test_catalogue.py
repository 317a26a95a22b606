"""The catalogue of language models: what it holds, and that an incorrect entry is refused."""

import json
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files

import botocore.session
import pytest
from pydantic import ValidationError

from shared.language_models.catalogue import find_model, read_catalogue
from shared.language_models.entry import Entry
from shared.language_models.geography import read_geography
from shared.language_models.values import Geography, Lifecycle

HAIKU, HAIKU_5 = "eu.anthropic.claude-haiku-4-5-20251001-v1:0", "eu.anthropic.claude-haiku-5-5"
FILES = [file for file in (files("shared.language_models") / "models").iterdir() if file.name.endswith(".json")]
STOP_REASONS = set(botocore.session.get_session().get_service_model("bedrock-runtime").shape_for("StopReason").enum)


def usd(model_id, kind, *, prompt_tokens=0):
    return Decimal(getattr(find_model(model_id).prices.select(prompt_tokens), kind)) / 10**9


def test_the_models_of_the_release_are_in_the_catalogue():
    """Each with a profile of the EU, whose data stays there."""
    eu = {model.name for model in read_catalogue().values() if model.geography is Geography.EU}
    claude = {"Claude Haiku 4.5", "Claude Haiku 5.5", "Claude Sonnet 4.5", "Claude Sonnet 4.6", "Claude Sonnet 5.5"}
    assert eu == claude | {"Amazon Nova Micro", "Amazon Nova Lite"}


def test_each_entry_is_consistent():
    """The geography is that of the id, limits fit each other, and reading the cache never costs more than no cache."""
    for model in read_catalogue().values():
        assert model.geography is read_geography(model.id), model.id
        assert model.id.endswith(model.foundation_model)
        assert model.cache.minimum_tokens < model.context_tokens
        assert model.max_output_tokens < model.context_tokens
        assert model.stop_reasons <= STOP_REASONS
        for prices in filter(None, (model.prices.standard, model.prices.long_prompt)):
            assert prices.cache_read < prices.input <= prices.cache_write_5m < prices.output
        assert all(source.url.startswith("https://") for source in model.sources.values())
        # What switches the thinking off is needed exactly where it is on, and the answer's length counts it there.
        assert (model.thinking.switch_off is not None) is model.thinking.on_by_default


def test_each_figure_has_its_source():
    """Whoever doubts a figure finds the page, and whether it could be confirmed there."""
    model = find_model(HAIKU_5)
    for path in ("cache.minimum_tokens", "usd_per_million_tokens.input", "lifecycle.end_of_life", "price_factor"):
        assert path in model.sources
    assert "cache.minimum_tokens" in model.unconfirmed_figures
    assert "context_tokens" not in model.unconfirmed_figures


def test_prices_of_the_eu_are_a_tenth_above_the_list():
    """In US dollars for a million tokens; Haiku 5.5 costs five times as much from a long prompt on."""
    kinds = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
    assert [usd(HAIKU, kind) for kind in kinds] == [*map(Decimal, ("1.1", "5.5", "0.11", "1.375", "2.2"))]
    assert [usd(HAIKU_5, kind) for kind in kinds] == [*map(Decimal, ("0.11", "0.55", "0.011", "0.1375", "0.22"))]
    assert usd(HAIKU_5, "input", prompt_tokens=100_000) == Decimal("0.11")
    assert usd(HAIKU_5, "input", prompt_tokens=100_001) == Decimal("0.55")
    assert usd("eu.anthropic.claude-sonnet-4-6", "output") == Decimal("16.5")
    assert usd("global.anthropic.claude-sonnet-4-6", "output") == Decimal(15)


def test_an_unknown_model_gets_careful_values():
    """It is invoked without what some model refuses, and no model of the catalogue costs more."""
    model = find_model("eu.anthropic.claude-opus-9")
    assert (model.is_in_catalogue, model.geography) == (False, Geography.EU)
    assert not model.sampling_parameters
    assert not model.supports_caching
    assert model.thinking.on_by_default
    for known in read_catalogue().values():
        assert known.max_output_tokens >= model.max_output_tokens
        for prices in filter(None, (known.prices.standard, known.prices.long_prompt)):
            assert prices.output <= model.prices.standard.output


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (("usd_per_million_tokens", "input", "value"), "0.0000000001", "whole number"),
        (("usd_per_million_tokens", "input", "value"), "-1", "more than nothing"),
        (("context_tokens", "value"), 0, "greater than 0"),
        (("context_tokens", "source"), "the documentation", "pattern"),
        (("cache", "maximum"), 1, "Extra inputs"),
        (("profiles",), [], "at least 1"),
        (("lifecycle", "end_of_life", "value"), "soon", "valid date"),
    ],
)  # fmt: skip
def test_an_incorrect_entry_is_refused(path, value, reason):
    """The error names the field, before a request or a price is computed from it."""
    content = json.loads(FILES[0].read_bytes())
    part = content
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(ValidationError, match=reason):
        Entry.model_validate(content)


def test_the_end_of_a_model_is_near_ninety_days_before():
    """An announced end counts, and the earliest end of a legacy model; that of an active one is no announcement."""
    end = date(2027, 4, 1)
    near, far = end - timedelta(days=90), end - timedelta(days=91)
    legacy = Lifecycle(legacy_since=date(2026, 10, 1), earliest_end_of_life=end)
    for lifecycle in (Lifecycle(end_of_life=end), legacy):
        assert lifecycle.find_near_end(near) == lifecycle.find_near_end(end + timedelta(days=1)) == end
        assert lifecycle.find_near_end(far) is None
    assert Lifecycle(earliest_end_of_life=end).find_near_end(end) is None
    assert Lifecycle().find_near_end(end) is None
