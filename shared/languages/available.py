"""Which languages the system speaks: those that have a catalogue beside this package."""

from pathlib import Path

from shared.languages.catalogue import Catalogue

SHARED = Catalogue(Path(__file__).parent.parent / "locales")
"""The texts that several deployables use."""


def languages() -> tuple[str, ...]:
    """Return the tags of the languages, in alphabetical order."""
    return SHARED.languages


def language_of(*preferred: str | None) -> str:
    """Return the first preferred language that we speak, of `de-AT` also `de`; English if there is none."""
    return SHARED.language_of(*preferred)
