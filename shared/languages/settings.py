"""The setting of the languages, without the library for settings: it would take half of an authorizer's start."""

import os
from pathlib import Path


def read_extra_locales() -> Path | None:
    """Return a folder laid out like the project, such as `extra/shared/locales/de.mo`, to try a language out."""
    folder = os.environ.get("EXTRA_LOCALES")
    return Path(folder) if folder else None
