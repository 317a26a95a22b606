"""What the pages say, in the languages that owners and developers read."""

from collections.abc import Mapping

from ops.web.words.english import ENGLISH
from ops.web.words.polish import POLISH


def words_in(language: str) -> Mapping[str, str]:
    """Return the texts of a language by their names: Polish, or else English."""
    return POLISH if language == "pl" else ENGLISH
