"""What every part of a tenant's profile is made of: strict sections, lengths on the grid, texts in two languages."""

from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

MINUTES_STEP = 5
"""Every length and every opening time is a multiple of this, so that slots share a grid."""


class Section(BaseModel):
    """Strict: a misspelt field is an error with its line, not a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _on_the_grid(minutes: int) -> int:
    if minutes % MINUTES_STEP:
        raise ValueError(f"must be a multiple of {MINUTES_STEP} minutes")
    return minutes


Minutes = Annotated[int, Field(ge=0, le=24 * 60), AfterValidator(_on_the_grid)]
PositiveMinutes = Annotated[int, Field(gt=0, le=24 * 60), AfterValidator(_on_the_grid)]


class Translated(Section):
    """A text in the languages that we speak; the one given stands in for the one missing."""

    pl: str = ""
    en: str = ""

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not (self.pl or self.en):
            raise ValueError("needs a text in pl or en")
        return self

    def in_(self, locale: str) -> str:
        """Return the text for a locale such as `pl` or `en-GB`."""
        if locale.lower().startswith("pl"):
            return self.pl or self.en
        return self.en or self.pl
