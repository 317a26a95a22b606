"""Which file the site serves for an address of the widget: the bundle, or a module."""

import os

import pytest

from infra.local.site.widget_files import choose_cache_control, find_widget_file, is_bundled

RELEASE = "0123456789ab"


@pytest.fixture
def folders(tmp_path):
    """Two modules and a language, with a bundle of later."""
    sources, bundle = tmp_path / "widget", tmp_path / "dist"
    for path, age in {
        sources / "stride-chat.js": 100,
        sources / "views" / "log.js": 100,
        sources / "locales" / "languages.js": 90,
        bundle / "stride-chat.js": 50,
        bundle / RELEASE / "chat-window.js": 70,
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        set_age(path, age)
    return {"sources": sources, "bundle": bundle}


def set_age(path, seconds):
    """Make a file this old."""
    os.utime(path, (1_000_000 - seconds,) * 2)


def test_the_bundle_stands_for_the_modules(folders):
    """Single modules come from the sources."""
    sources, bundle = folders["sources"], folders["bundle"]

    assert find_widget_file("stride-chat.js", **folders) == bundle / "stride-chat.js"
    for path in ("views/log.js", "locales/languages.js", "no-such.js"):
        assert find_widget_file(path, **folders) == sources / path


@pytest.mark.parametrize("module", ["views/log.js", "locales/languages.js"])
def test_a_module_that_has_changed_is_seen_at_once(folders, module):
    """Whoever edits the widget reloads the page and sees it; pages that are open find the files of their release."""
    set_age(folders["sources"] / module, 49)

    assert not is_bundled(**folders)
    assert find_widget_file("stride-chat.js", **folders) == folders["sources"] / "stride-chat.js"
    path = f"{RELEASE}/chat-window.js"
    assert find_widget_file(path, **folders) == folders["bundle"] / path


def test_without_a_bundle_the_modules_are_served(folders):
    """They need no build."""
    (folders["bundle"] / "stride-chat.js").unlink()

    assert find_widget_file("stride-chat.js", **folders) == folders["sources"] / "stride-chat.js"


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        (f"{RELEASE}/views/visit-sheet.js", "public, max-age=31536000, immutable"),
        ("stride-chat.js", "no-cache"),
        ("views/log.js", "no-cache"),
        ("0123456789abc/log.js", "no-cache"),
    ],
)
def test_only_the_files_of_a_release_are_kept_for_ever(path, rule):
    """The address of the loader stays the same, so that it has to be asked for again."""
    assert choose_cache_control(path) == rule


@pytest.mark.skipif(os.environ.get("CI") != "true", reason="the tools for JavaScript may be missing elsewhere")
def test_in_ci_the_pages_are_tested_with_the_bundle():
    """Otherwise nobody would notice that it is missing."""
    assert is_bundled()
