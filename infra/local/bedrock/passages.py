"""Finds the passage that answers a question, by the words both have in common (after BM25), and quotes it.

The ranking: https://en.wikipedia.org/wiki/Okapi_BM25
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.local.bedrock.knowledge import Passage
from infra.local.bedrock.language import terms

_SATURATION = 1.2
_LENGTH_PENALTY = 0.3
_HEADING_WEIGHT = 1.2  # of the innermost heading: it says what all below it is about
_OUTER_WEIGHT = 0.3  # of the headings around it and the document's name
_EARLIER_WEIGHT = 0.4  # of the words of the question before, when this one only goes on with it
_UNKNOWN_RARITY = 2.0  # of a word that no document has
_LEAST_RARITY = 1.0  # of any word, where it is judged how much of a question is met
_EVERYWHERE = {"visit"}  # what every question here is about counts only where nothing else is asked
_ENOUGH = 0.34  # the part of a question's words, by rarity, that a passage must share
_NEARLY_AS_MUCH = 0.9
_MOST_LISTED = 7
_MOST_SENTENCES = 3


@dataclass(frozen=True)
class Finding:
    """The passages of one section that answer best, in the order of the document."""

    passages: tuple[Passage, ...]

    def quote(self) -> str:
        """Return them as one to three sentences."""
        first = self.passages[0]
        if not first.listed and len(self.passages) == 1:
            return _end(first.text)
        lead = "" if first.listed else first.text.rstrip(":")
        listed = [passage.text.rstrip(".;, ") for passage in self.passages if passage.listed]
        heading = lead or (first.headings[-1] if first.headings else "")
        said = _end("; ".join(listed))
        return said if not heading or heading.endswith("?") else f"{heading.rstrip(':')}: {said}"


def search(question: str, passages: list[Passage], earlier: str = "") -> Finding | None:
    """Return what answers the question, or None if nothing comes near.

    `earlier` is the question before, for a message such as "and on Saturday?".
    """
    asked = set(terms(question))
    asked = asked - _EVERYWHERE or asked
    if not asked or not passages:
        return None
    bags = [_bag(passage) for passage in passages]
    rarity = _rarity(bags)
    wanted = dict.fromkeys(set(terms(earlier)), _EARLIER_WEIGHT) | dict.fromkeys(asked, 1.0)
    average = sum(bag.total() for bag in bags) / len(bags)
    scores = [_score(wanted, bag, rarity, average) for bag in bags]
    best = max(range(len(passages)), key=lambda place: scores[place])
    worth = {term: max(_LEAST_RARITY, rarity.get(term, _UNKNOWN_RARITY)) for term in asked}
    met = [sum(worth[term] for term in asked if bag[term]) for bag in bags]
    if met[best] < _ENOUGH * sum(worth.values()):
        return None
    return Finding(tuple(_around(best, met, passages, question)))


def _bag(passage: Passage) -> "Counter[str]":
    # Weights times ten keep the counter in whole numbers.
    bag = Counter({term: 10 * count for term, count in Counter(terms(passage.text)).items()})
    for heading, weight in [
        *((title, _OUTER_WEIGHT) for title in (*passage.headings[:-1], passage.document, passage.topic)),
        *((title, _HEADING_WEIGHT) for title in passage.headings[-1:]),
    ]:
        # Not added up: the one row of a table that repeats its heading is no better than the others.
        bag |= Counter(dict.fromkeys(terms(heading), round(10 * weight)))
    return bag


def _rarity(bags: list["Counter[str]"]) -> dict[str, float]:
    spread = Counter(term for bag in bags for term in bag)
    return {term: math.log(1 + (len(bags) - count + 0.5) / (count + 0.5)) for term, count in spread.items()}


def _score(wanted: Mapping[str, float], bag: "Counter[str]", rarity: Mapping[str, float], average: float) -> float:
    norm = _SATURATION * (1 - _LENGTH_PENALTY + _LENGTH_PENALTY * bag.total() / average)
    return sum(
        weight * rarity[term] * (bag[term] / 10) * (_SATURATION + 1) / (bag[term] / 10 + norm)
        for term, weight in wanted.items()
        if bag[term]
    )


def _around(best: int, met: list[float], passages: list[Passage], question: str) -> Iterator[Passage]:
    top = passages[best]
    neighbours = [place for place, passage in enumerate(passages) if passage.section == top.section]
    if top.listed:
        good = [p for p in neighbours if passages[p].listed and met[p] >= _NEARLY_AS_MUCH * met[best]]
        yield from (passages[place] for place in good[:_MOST_LISTED])
        return
    after = [place for place in neighbours if place > best and passages[place].listed]
    if after and top.text.endswith(":"):
        yield top
        yield from (passages[place] for place in after[:_MOST_LISTED])
        return
    yield Passage(**{**vars(top), "text": _sentences(top.text, question)})


def _sentences(text: str, question: str) -> str:
    """Return the run of sentences that shares most with the question, less a question it begins with."""
    parts = re.split(r"(?<=[.!?])\s+(?=[A-ZĄĆĘŁŃÓŚŹŻ0-9„\"(])", text)
    if len(parts) > 1 and parts[0].endswith("?"):
        parts = parts[1:]
    asked = set(terms(question))
    starts = range(max(1, len(parts) - _MOST_SENTENCES + 1))
    runs = [" ".join(parts[start : start + _MOST_SENTENCES]) for start in starts]
    return max(runs, key=lambda run: len(asked & set(terms(run))))


def _end(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text.rstrip(':;,')}."
