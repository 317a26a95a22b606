"""A system prompt that is just too short for the cache gets as many more documents as it needs."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.conversation import read_business
from infra.cost.conversations import TokenCounter
from shared.language_models.catalogue import find_model
from shared.language_models.prompt_cache import decide_padding
from shared.language_models.tokens import estimate_fewest_tokens
from tests.fakes.booking_queries import FakeBookingQueries
from tests.fakes.clock import NOON
from workers.chat.adapters.bedrock.padding import pad_instructions
from workers.chat.adapters.bedrock.request import EXPECTED_READS, build_request
from workers.chat.domain.history import Turn
from workers.chat.domain.knowledge import PromptKnowledge, take_whole
from workers.chat.domain.prompt import Prompt, build_prompt
from workers.chat.wiring import list_tools

HAIKU, HAIKU_5 = "eu.anthropic.claude-haiku-4-5-20251001-v1:0", "eu.anthropic.claude-haiku-5-5"
UNKNOWN = "eu.anthropic.claude-opus-9"
WORDS = "We open at nine and close at six. Please come ten minutes early, and bring a towel.\n\n"
PARAGRAPH_TOKENS = estimate_fewest_tokens(WORDS)
DECLARED = ('{"toolSpec": {"name": "offer_booking"}}',)


def prompt_of(profile, documents, translations=()):
    knowledge = PromptKnowledge(tuple(documents), tuple(translations))
    return build_prompt(profile=profile, knowledge=knowledge, history=[], text="Hi", now=NOON, tools=())


def pad(prompt, model_id=HAIKU, *, reads=EXPECTED_READS, declared=DECLARED):
    """Return what is added to the instructions."""
    padded = pad_instructions(find_model(model_id), prompt, declared, reads)
    assert padded.startswith(prompt.instructions)
    return padded.removeprefix(prompt.instructions)


BARE = Prompt("", "", (Turn("user", "Hi"),), (), None, 800)


def count(*texts):
    return sum(map(estimate_fewest_tokens, texts))


def test_translations_come_first_then_the_same_documents(make_profile):
    """The last one only as far as it is needed, to the end of a paragraph; all of them whole in their tags."""
    own, other = ("visits.en.md", WORDS * 100), ("visits.pl.md", WORDS * 40)
    added = pad(prompt_of(make_profile(), [own], [other]))
    first, second = added.split("\n\nThe same documents once more:\n\n")
    quoted = '<document name="visits.pl.md">\n' + (WORDS * 40).strip() + "\n</document>"
    assert first == "\n\nDocuments that say the same in another language:\n\n" + quoted
    assert second.startswith('<document name="visits.en.md">\nWe open')
    assert second.endswith("bring a towel.\n</document>")
    assert 0 < second.count("We open") < 100
    assert "once more" not in pad(prompt_of(make_profile(), [own], [("visits.pl.md", WORDS * 200)]))


def test_only_what_pays_and_can_be_reached_is_padded(make_profile):
    """A prefix that is long enough, that nothing caches, that is too short, or that stays too short."""
    profile, own = make_profile(), ("a.en.md", WORDS * 100)
    plain = prompt_of(profile, [own])
    assert pad(plain)
    unpadded = {
        "long enough": pad(prompt_of(profile, [("a.en.md", WORDS * 300)])),
        "long enough with its tools": pad(plain, declared=(WORDS * 200,)),
        "long enough for the model": pad(plain, HAIKU_5),
        "a model that caches nothing": pad(plain, UNKNOWN),
        "too short to be worth it": pad(prompt_of(profile, [("a.en.md", WORDS * 10)])),
        "never read again": pad(plain, reads=0),
        "nothing to add": pad(replace(plain, documents=())),
        "too little to add": pad(replace(plain, documents=("<document>short\n</document>",))),
    }
    assert unpadded == dict.fromkeys(unpadded, "")


TABLE = "| a | b |\n|---|---|\n| 1 | 2 |\n\n"
PARAGRAPHS = st.lists(st.sampled_from([WORDS, "- one\n- two\n\n", TABLE, "Zażółć.\n\n"]))
DOCUMENTS = st.lists(PARAGRAPHS.map(lambda parts: "".join(parts) * 15), max_size=5)


@given(DOCUMENTS, DOCUMENTS, st.integers(0, 60))
def test_a_padded_prefix_is_as_long_as_it_has_to_be(own, other, tool_words):
    """Never below the minimum once it is padded, and never more than a paragraph above it, tools included."""
    declared = (WORDS * tool_words,)
    prompt = replace(
        BARE,
        instructions="\n\n".join([WORDS * 20, *own]),
        documents=tuple(f"<document>\n{text.strip()}\n</document>" for text in own),
        translations=tuple(f"<document>\n{text.strip()}\n</document>" for text in other),
    )
    model = find_model(HAIKU)
    tokens = count(*declared, prompt.instructions)
    decision = decide_padding(model, field="system", prefix_tokens=tokens, expected_reads=EXPECTED_READS)
    added = pad(prompt, declared=declared)
    if not added:
        assert not decision.pays or tokens + count(*prompt.translations, *prompt.documents * 2) <= 4096
        return
    assert decision.pays
    length = count(*declared, prompt.instructions + added)
    assert decision.minimum_tokens <= length
    # Headings come on top, and each document is counted rounded down.
    headings = count("Documents that say the same in another language:", "The same documents once more:")
    assert length <= decision.minimum_tokens + PARAGRAPH_TOKENS + headings + 3 * len((*own, *own, *other))


BUSINESSES = [(name, language) for name in ("studio-lumen", "gabinet-kiel") for language in ("pl", "en")]


@pytest.mark.parametrize(("name", "language"), BUSINESSES)
def test_real_prompts_reach_the_minimum_and_hardly_more(name, language):
    """Tools included, by the tokens that were counted: at most a quarter above it.

    A prompt that is long enough by the low estimate stays as it is.
    """
    business, model = read_business(name), find_model(HAIKU)
    prompt = build_prompt(
        profile=business.profile,
        knowledge=take_whole(business.documents, language),
        history=[],
        text="Hi",
        now=NOON,
        tools=tuple(build(business.profile) for build in list_tools(FakeBookingQueries())),
    )
    request = build_request(model, prompt)
    tools = [json.dumps(tool, ensure_ascii=False) for tool in request["toolConfig"]["tools"]]
    counter, kind = TokenCounter(), f"instructions {name} {language}"
    whole, plain = request["system"][0]["text"], prompt.instructions
    declared = sum(counter.count(tool, "tools") for tool in tools)
    minimum = model.cache.minimum_tokens
    assert minimum <= counter.count(whole, kind) + declared
    if whole != plain:
        assert count(*tools, plain) < minimum
        assert counter.count(whole, kind) + declared <= 1.25 * minimum
    assert 0.8 <= count(*tools, whole) / (counter.count(whole, kind) + declared) <= 0.95
