"""The types of a tenant's profile: strict sections, lengths on the grid, translated texts."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, RootModel, model_validator

from shared.languages.catalogue import REFERENCE
from shared.languages.tags import match_language, normalize_tag

MINUTES_STEP = 5
"""Every length and every opening time is a multiple of this, so that slots share a grid."""


class Section(BaseModel):
    """A strict model: a misspelt field is an error with its line, not a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _check_minutes_step(minutes: int) -> int:
    if minutes % MINUTES_STEP:
        raise ValueError(f"must be a multiple of {MINUTES_STEP} minutes")
    return minutes


Minutes = Annotated[int, Field(ge=0, le=24 * 60), AfterValidator(_check_minutes_step)]
PositiveMinutes = Annotated[int, Field(gt=0, le=24 * 60), AfterValidator(_check_minutes_step)]


class Translated(RootModel[Mapping[Annotated[str, AfterValidator(normalize_tag)], str]]):
    """A text in one or more languages, by their tags, such as `{pl: Masaż, pt-BR: Massagem}`."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _check_not_empty(self) -> Self:
        if not any(self.root.values()):
            raise ValueError("needs a text in one language at least, such as `pl: Masaż`")
        return self

    def choose_text(self, *preferred: str) -> str:
        """Return the text in the first preferred language that it has; else in English, or the first one given."""
        texts = {tag: text for tag, text in self.root.items() if text}
        tag = match_language(texts, *preferred, REFERENCE)
        return texts[tag] if tag else next(iter(texts.values()))

    @property
    def texts(self) -> tuple[str, ...]:
        """Return each different text once, the English one first."""
        return tuple(dict.fromkeys(text for text in (self.choose_text(REFERENCE), *self.root.values()) if text))


MAX_LINE_CHARACTERS = 200


def _read_single_text(value: object) -> object:
    """Return a text without a language as the one for all languages."""
    return {REFERENCE: value} if isinstance(value, str) else value


def _join_lines(line: Translated) -> Translated:
    """Return each text as one line; an address is often written as several."""
    texts = {tag: ", ".join(filter(None, map(str.strip, text.splitlines()))) for tag, text in line.root.items()}
    if any(len(text) > MAX_LINE_CHARACTERS for text in texts.values()):
        raise ValueError(f"must have at most {MAX_LINE_CHARACTERS} characters")
    return Translated(texts)


TranslatedLine = Annotated[Translated, BeforeValidator(_read_single_text), AfterValidator(_join_lines)]
"""One line, either the same for all languages or by their tags."""


def choose_line(line: Translated | None, *preferred: str) -> str | None:
    """Return the text of an optional line in the first preferred language that it has."""
    return line.choose_text(*preferred) if line else None
