"""Which passages answer a question, and how well."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.chat.retrieval.analysis import Analyzer
from workers.chat.retrieval.markdown import Passage, split_passages
from workers.chat.retrieval.ranking import K1, B, PassageIndex

ENGLISH = Analyzer("en")
DOCUMENT = """# Salon

## Parking

Behind the house, for two cars.

## Paying

By card or cash. The bill says where the machine for parking tickets stands.

## Massage

- Classic massage, 60 minutes
- Sports massage, 45 minutes
"""
WORDS = st.lists(st.sampled_from(["card", "cash", "park", "massag", "tea", "zebra"]), max_size=6)


def search(question, document=DOCUMENT):
    return PassageIndex(split_passages("salon.md", document), ENGLISH).search(ENGLISH.extract_terms(question))


def passage(text):
    return Passage(text, "d", (), 0, is_entry=False)


def test_the_passage_under_the_right_heading_comes_first():
    """A heading tells the topic of a passage; a mention in the text counts less."""
    first, second = search("Is there parking?")

    assert first.passage.text == "Behind the house, for two cars."
    assert second.passage.headings[-1] == "Paying"
    assert first.coverage == second.coverage == 1.0


def test_the_score_is_bm25():
    """Of one term in passages without headings, worked out by hand."""
    index = PassageIndex([passage("card card tea"), passage("tea")], Analyzer(None))

    (match,) = index.search(["card"])

    idf = math.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    assert match.score == pytest.approx(idf * 2 * (K1 + 1) / (2 + K1 * (1 - B + B * 3 / 2)))


def test_coverage_falls_with_what_a_passage_lacks():
    """A word that no passage has weighs most, because no passage is about it."""
    (known, *_) = search("classic massage")
    (unknown, *_) = search("Thai massage")

    assert known.coverage == 1.0
    assert unknown.coverage < 0.5
    assert unknown.terms == {"massag"}


def test_ties_are_in_the_order_of_the_documents():
    """The same question gives the same order."""
    assert [match.passage.text for match in search("massage")] == [
        "Classic massage, 60 minutes",
        "Sports massage, 45 minutes",
    ]


def test_without_a_common_term_nothing_matches():
    """No passages, no terms in the question, or no common term."""
    assert search("weather") == []
    assert search("") == []
    assert search("massage", document="") == []


@given(st.lists(WORDS, max_size=8), WORDS)
def test_matches_are_sorted_and_bounded(texts, asked):
    """Exactly the passages that share a term match, the best first; coverage is at most 1."""
    passages = [passage(" ".join(text)) for text in texts]

    matches = PassageIndex(passages, Analyzer(None)).search(asked)

    assert [match.score for match in matches] == sorted((match.score for match in matches), reverse=True)
    assert len(matches) == sum(bool(set(text) & set(asked)) for text in texts)
    for match in matches:
        assert match.score > 0
        assert 0 < match.coverage <= 1
        assert match.terms == set(asked) & set(match.passage.text.split())
        assert (match.coverage == 1) == (match.terms == set(asked))


@given(st.lists(WORDS, min_size=1, max_size=8), WORDS)
def test_repeating_a_word_changes_nothing(texts, asked):
    """A visitor who repeats a word gets the same answer."""
    index = PassageIndex([passage(" ".join(text)) for text in texts], Analyzer(None))

    assert index.search(asked + asked[::-1]) == index.search(asked)
