"""Reads compiled catalogues: the texts of one part of the system, one file for each language (GNU gettext)."""

import gettext
import threading
from collections.abc import Mapping
from pathlib import Path

from shared.errors import ConfigurationError
from shared.languages.settings import read_extra_locales
from shared.languages.tags import match_language

REFERENCE = "en"
"""The language in which texts are written first; it also replaces missing texts of other languages."""

_ROOT = Path(__file__).parent.parent.parent


class Texts:
    """The texts of one language by their ids: `t("replay")`, or `t("by", who="Ola")`.

    An id that no catalogue has raises KeyError: it is a bug.
    """

    def __init__(self, language: str, translations: gettext.NullTranslations) -> None:
        self.language = language
        self._translations = translations

    def __call__(self, text_id: str, /, **values: object) -> str:
        """Return a text with its values filled in."""
        return self._translations.gettext(text_id).format(**values)

    def plural(self, text_id: str, count: int, /, **values: object) -> str:
        """Return the plural form of a text for a number, with the number as `{count}`."""
        return self._translations.ngettext(text_id, text_id, count).format(count=count, **values)

    def get(self, text_id: str) -> str | None:
        """Return a text of the catalogue without values; None if there is none."""
        try:
            return self._translations.gettext(text_id)
        except KeyError:
            return None

    def translate_name(self, prefix: str, name: str | None) -> str:
        """Return the text for a name from the data, such as a reason; a name without a text is returned as it is."""
        return self.get(f"{prefix}_{name}") or name or "–"


class Catalogue:
    """The texts in a folder of compiled files, such as `shared/locales/de.mo`. Files are read when first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: Mapping[str, Path] = {}
        self._texts: dict[str, Texts] = {}
        self._lock = threading.Lock()

    @property
    def languages(self) -> tuple[str, ...]:
        """Return the tags of the languages that have a file, in alphabetical order.

        Raises:
            ConfigurationError: nothing is compiled yet.
        """
        return tuple(self._find_files())

    def choose_language(self, *preferred: str | None) -> str:
        """Return the first preferred language that has a file, of `de-AT` also `de`; English if there is none."""
        return match_language(self.languages, *preferred) or REFERENCE

    def get_texts(self, *preferred: str | None) -> Texts:
        """Return the texts in the language that suits best."""
        language = self.choose_language(*preferred)
        if language not in self._texts:
            files = self._find_files()
            translations: gettext.NullTranslations = _Missing()
            for tag in dict.fromkeys((REFERENCE, language)):
                with files[tag].open("rb") as content:
                    language_texts = gettext.GNUTranslations(content)
                language_texts.add_fallback(translations)
                translations = language_texts
            self._texts[language] = Texts(language, translations)
        return self._texts[language]

    def _find_files(self) -> Mapping[str, Path]:
        with self._lock:
            if not self._files:
                folders = [self._folder]
                if extra := read_extra_locales():
                    folders.append(extra / self._folder.relative_to(_ROOT))
                files = {path.stem: path for folder in folders for path in folder.glob("*.mo")}
                if REFERENCE not in files:
                    raise ConfigurationError(f"{self._folder} has no compiled catalogue: run `make catalogues`")
                self._files = dict(sorted(files.items()))
            return self._files


class _Missing(gettext.NullTranslations):
    """The last fallback: gettext itself would return the id as if it were a text."""

    def gettext(self, message: str) -> str:
        raise KeyError(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:  # noqa: ARG002 - the names are gettext's
        raise KeyError(msgid1)
