"""The parts of the system that have texts: each keeps its catalogues in a folder `locales`."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

_TOPS = ("api_gateway_ws", "shared", "workers", "ops", "widget")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the system with texts of its own: `sources` use what `locales` holds."""

    sources: Path
    locales: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the catalogues, one for each language."""
        return tuple(sorted(self.locales.glob("*.po")))

    def get_path(self, language: str) -> Path:
        """Return the catalogue of a language, whether it is there or not."""
        return self.locales / f"{language}.po"


def list_parts(root: Path = ROOT) -> tuple[Part, ...]:
    """Return every part that has an English catalogue."""
    found = (path.parent for top in _TOPS for path in (root / top).rglob("locales/en.po"))
    return tuple(Part(folder.parent, folder) for folder in sorted(found))
