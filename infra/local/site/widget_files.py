"""The files of the widget that the site serves: the bundle where it is up to date, otherwise the modules."""

from pathlib import Path

_ROOT = Path(__file__).parents[3]
SOURCES = _ROOT / "widget"
BUNDLE = _ROOT / "dist" / "widget"
"""What `make widget` writes: one file instead of the modules, and its source map."""

_ENTRY = "stride-chat.js"


def find_widget_file(path: str, *, sources: Path = SOURCES, bundle: Path = BUNDLE) -> Path:
    """Return which file `/widget/{path}` stands for; whether there is one is for the caller to see.

    A bundle that is older than a module is passed over, so that whoever edits the widget sees it after a reload.
    """
    return (bundle if is_bundled(sources, bundle) and (bundle / path).is_file() else sources) / path


def is_bundled(sources: Path = SOURCES, bundle: Path = BUNDLE) -> bool:
    """Return whether the bundle holds the modules as they are now."""
    entry = bundle / _ENTRY
    return entry.is_file() and entry.stat().st_mtime >= max(
        module.stat().st_mtime for module in sources.rglob("*.js") if module.parent.name != "locales"
    )
