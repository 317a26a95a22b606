"""The available languages: those that have a catalogue in `shared/locales`."""

from pathlib import Path

from shared.languages.catalogue import Catalogue

SHARED = Catalogue(Path(__file__).parent.parent / "locales")
"""The texts that several deployables use."""


def list_languages() -> tuple[str, ...]:
    """Return the tags of the languages, in alphabetical order."""
    return SHARED.languages


def choose_language(*preferred: str | None) -> str:
    """Return the first preferred language that is available, of `de-AT` also `de`; English if there is none."""
    return SHARED.choose_language(*preferred)
