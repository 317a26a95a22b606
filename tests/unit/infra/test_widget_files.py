"""Which file the site serves for an address of the widget: the bundle, or a module."""

import gzip
import os

import pytest

from infra.local.site.widget_files import BUNDLE, find_widget_file, is_bundled


@pytest.fixture
def folders(tmp_path):
    """Two modules and a language, with a bundle of later."""
    sources, bundle = tmp_path / "widget", tmp_path / "dist"
    for path, age in {
        sources / "stride-chat.js": 100,
        sources / "views" / "log.js": 100,
        sources / "locales" / "languages.js": 1,
        bundle / "stride-chat.js": 50,
        bundle / "stride-chat.js.map": 50,
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        set_age(path, age)
    return {"sources": sources, "bundle": bundle}


def set_age(path, seconds):
    """Make a file this old."""
    os.utime(path, (1_000_000 - seconds,) * 2)


def test_the_bundle_stands_for_the_modules(folders):
    """Texts and single modules come from the sources, also when a language is newer than the bundle."""
    sources, bundle = folders["sources"], folders["bundle"]

    assert find_widget_file("stride-chat.js", **folders) == bundle / "stride-chat.js"
    assert find_widget_file("stride-chat.js.map", **folders) == bundle / "stride-chat.js.map"
    for path in ("views/log.js", "locales/languages.js", "no-such.js"):
        assert find_widget_file(path, **folders) == sources / path


def test_a_module_that_has_changed_is_seen_at_once(folders):
    """Whoever edits the widget reloads the page and sees it."""
    set_age(folders["sources"] / "views" / "log.js", 49)

    assert not is_bundled(**folders)
    assert find_widget_file("stride-chat.js", **folders) == folders["sources"] / "stride-chat.js"


def test_without_a_bundle_the_modules_are_served(folders):
    """They need no build."""
    (folders["bundle"] / "stride-chat.js").unlink()

    assert find_widget_file("stride-chat.js", **folders) == folders["sources"] / "stride-chat.js"


@pytest.mark.skipif(os.environ.get("CI") != "true", reason="the tools for JavaScript may be missing elsewhere")
def test_in_ci_the_pages_are_tested_with_the_bundle():
    """Otherwise nobody would notice that it is missing."""
    assert is_bundled()


@pytest.mark.skipif(not is_bundled(), reason="the tools for JavaScript may be missing")
def test_the_solver_of_challenges_is_small_and_not_in_the_bundle():
    """Visitors who are never challenged do not load it."""
    assert len(gzip.compress((BUNDLE / "proof.js").read_bytes())) < 1_536
    assert "PBKDF2" not in (BUNDLE / "stride-chat.js").read_text(encoding="utf-8")
