"""The files of the widget that the site serves: the bundle where it is up to date, otherwise the modules."""

import re
from pathlib import Path

_ROOT = Path(__file__).parents[3]
SOURCES = _ROOT / "widget"
BUNDLE = _ROOT / "dist" / "widget"
"""What `make widget` writes: the loader, and a folder for each release with its files."""

_ENTRY = "stride-chat.js"
_RELEASE = re.compile(r"[0-9a-f]{12}/")

WIDGET_HEADERS = {
    # A module script of another origin is loaded with CORS, and so is everything that it imports.
    "Access-Control-Allow-Origin": "*",
    # For pages with `Cross-Origin-Embedder-Policy: require-corp`.
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def find_widget_file(path: str, *, sources: Path = SOURCES, bundle: Path = BUNDLE) -> Path:
    """Return which file `/widget/{path}` stands for; whether there is one is for the caller to see.

    A bundle that is older than a module is passed over, so that whoever edits the widget sees it after a reload. The
    files of a release are always served: a page that was opened before the edit still needs them.
    """
    is_from_bundle = is_release_file(path) or (is_bundled(sources, bundle) and (bundle / path).is_file())
    return (bundle if is_from_bundle else sources) / path


def is_release_file(path: str) -> bool:
    """Return whether the file at this path never changes."""
    return _RELEASE.match(path) is not None


def choose_cache_control(path: str) -> str:
    """Return for how long a file may be kept: for ever, or not without asking again."""
    return "public, max-age=31536000, immutable" if is_release_file(path) else "no-cache"


def is_bundled(sources: Path = SOURCES, bundle: Path = BUNDLE) -> bool:
    """Return whether the bundle holds the modules and the texts as they are now."""
    entry = bundle / _ENTRY
    return entry.is_file() and entry.stat().st_mtime >= max(module.stat().st_mtime for module in sources.rglob("*.js"))
