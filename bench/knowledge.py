"""Measures the search in a large knowledge base: memory and time of the index, and time of a question.

`make bench-knowledge`: 100 documents of 200 KB, half of them Polish, of words as frequent as in prose (Zipf's law).
"""

import argparse
import random
import statistics
import time
import tracemalloc
from itertools import accumulate

from workers.chat.retrieval.section_index import SectionIndex

_SYLLABLES = {
    "pl": ["ma", "sa", "że", "nia", "cie", "wo", "ro", "ści", "po", "przy", "wie", "rze", "go", "ka", "lo", "da"],
    "en": ["the", "ing", "tion", "er", "a", "re", "con", "men", "ly", "ble", "pro", "ser", "vice", "time", "ap", "or"],
}


def build_words(language: str, source: random.Random, count: int = 40_000) -> list[str]:
    """Return distinct words of two to five syllables."""
    words: dict[str, None] = {}
    while len(words) < count:
        words["".join(source.choices(_SYLLABLES[language], k=source.randint(2, 5)))] = None
    return list(words)


def build_documents(count: int, size: int, source: random.Random) -> dict[str, str]:
    """Return documents of about `size` bytes with headings and paragraphs."""
    words = {language: build_words(language, source) for language in _SYLLABLES}
    frequencies = list(accumulate(1 / (rank + 10) for rank in range(40_000)))
    documents: dict[str, str] = {}
    for number in range(count):
        language = ("pl", "en")[number % 2]
        parts: list[str] = [f"# Document {number}\n"]
        written = 0
        while written < size:
            text = " ".join(source.choices(words[language], cum_weights=frequencies, k=60))
            if len(parts) % 12 == 0:
                text = f"## {text[:40]}\n\n{text}"
            parts.append(f"{text}.\n")
            written += len(parts[-1].encode()) + 1
        documents[f"{number:03}.{language}.md"] = "\n".join(parts)
    return documents


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--bytes", type=int, default=200_000)
    parser.add_argument("--questions", type=int, default=200)
    arguments = parser.parse_args()
    source = random.Random(7)
    documents = build_documents(arguments.documents, arguments.bytes, source)
    size = sum(len(text.encode()) for text in documents.values())
    before = time.process_time()
    index = SectionIndex(documents)
    built = time.process_time() - before
    texts = list(documents.values())
    times: list[float] = []
    for _ in range(arguments.questions):
        text = source.choice(texts)
        start = source.randrange(len(text) - 400)
        question = text[start : start + source.choice((60, 300))]
        before = time.process_time()
        index.search(question, earlier=text[:100], language="pl", limit=10)
        times.append((time.process_time() - before) * 1000)
    del index
    tracemalloc.start()
    kept = SectionIndex(documents)
    memory = tracemalloc.get_traced_memory()
    times.sort()
    print(f"{len(kept.titles)} documents, {size / 1e6:.1f} MB")
    print(f"index: {built:.1f} s CPU, {memory[0] / 1e6:.0f} MB kept, {memory[1] / 1e6:.0f} MB at most")
    print(f"question: {statistics.median(times):.1f} ms CPU median, {times[int(len(times) * 0.99)]:.1f} ms p99")


if __name__ == "__main__":
    main()
