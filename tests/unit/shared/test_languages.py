"""Which language a reader gets, and what happens where a text or a file is missing."""

import shutil
import subprocess
import sys

import pytest

from infra.catalogues.compiling import render_mo
from infra.catalogues.parts import ROOT
from infra.catalogues.po_file import Entry, PoFile, build_po_file
from shared.errors import ConfigurationError
from shared.languages.available import choose_language, list_languages
from shared.languages.catalogue import Catalogue
from shared.languages.cldr import get_cldr_locale
from shared.languages.tags import match_language, normalize_tag


def compiled(folder, language, **texts):
    """Write a compiled catalogue."""
    entries = {name: Entry(name, (text,)) for name, text in texts.items()}
    empty = build_po_file(language)
    folder.mkdir(parents=True, exist_ok=True)
    content = PoFile(language, entries, empty.plural_count, empty.plural_rule)
    (folder / f"{language}.mo").write_bytes(render_mo(content))


@pytest.mark.parametrize(
    ("preferred", "language"),
    [
        (("pl",), "pl"),
        (("pl-PL",), "pl"),
        (("PL_pl",), "pl"),
        (("en-GB", "pl"), "en"),
        (("tlh", "pl"), "pl"),
        ((None, "", "pl"), "pl"),
        (("plx",), "en"),
        (("-pl",), "en"),
        ((), "en"),
        ((None,), "en"),
        (("tlh-DE", "tlh"), "en"),
        (("pl-" * 5_000,), "pl"),
        (("-" * 50_000,), "en"),
    ],
)
def test_the_first_available_preferred_language_is_chosen(preferred, language):
    """English where there is none."""
    assert choose_language(*preferred) == language


@pytest.mark.parametrize(
    ("preferred", "found"),
    [("pt-BR", "pt-BR"), ("pt", None), ("pt-PT", None), ("zh_hant_TW", "zh-Hant"), ("zh-Hans", None), ("EN-us", "en")],
)
def test_a_tag_loses_its_end_until_it_fits(preferred, found):
    """But never becomes more than it says."""
    assert match_language(("en", "pt-BR", "zh-Hant"), preferred) == found


@pytest.mark.parametrize(
    ("text", "tag"),
    [("PL", "pl"), ("pt-br", "pt-BR"), ("ZH-hANT-tw", "zh-Hant-TW"), ("es-419", "es-419"), ("csb", "csb")],
)
def test_a_tag_is_written_as_usual(text, tag):
    """In upper or lower case."""
    assert normalize_tag(text) == tag


@pytest.mark.parametrize("text", ["", "polish", "p", "pl_PL", "pl-", "-pl", "pl PL", "pl\n", "p1", "ąę", "pl-PL-x"])
def test_what_is_no_tag_is_refused(text):
    """A misspelt key of a profile is found."""
    with pytest.raises(ValueError, match="is not the tag of a language such as pl"):
        normalize_tag(text)


def test_polish_and_english_are_spoken():
    """The languages of the first release stay."""
    assert {"en", "pl"} <= set(list_languages())


def test_a_missing_text_is_in_english(tmp_path):
    """A half translated language never fails."""
    compiled(tmp_path, "en", greeting="Hello, {name}", farewell="Bye")
    compiled(tmp_path, "pl", greeting="Cześć, {name}")
    t = Catalogue(tmp_path).get_texts("pl")
    assert (t("greeting", name="Ola"), t("farewell")) == ("Cześć, Ola", "Bye")


def test_a_text_that_no_catalogue_has_is_a_mistake(tmp_path):
    """It is not shown by its id; only a name from the data may be."""
    compiled(tmp_path, "en", state_open="Open")
    t = Catalogue(tmp_path).get_texts("pl")
    for asked in (lambda: t("farewell"), lambda: t.plural("farewell", 2)):
        with pytest.raises(KeyError, match="farewell"):
            asked()
    assert (t.get("farewell"), t.translate_name("state", "open"), t.translate_name("state", "lost")) == (
        None,
        "Open",
        "lost",
    )


def test_catalogues_that_nobody_compiled_are_named_with_what_to_do(tmp_path):
    """A checkout has only their sources."""
    with pytest.raises(ConfigurationError, match="run `make catalogues`"):
        Catalogue(tmp_path).get_texts("en")


def test_a_language_can_be_tried_out_from_another_folder(tmp_path, monkeypatch):
    """`EXTRA_LOCALES` is laid out like the project, and nothing of the project is touched."""
    compiled(tmp_path / "shared" / "locales", "vo", refusal_TIMEOUT="Äpaseton.")
    monkeypatch.setenv("EXTRA_LOCALES", str(tmp_path))
    tried = Catalogue(ROOT / "shared" / "locales")
    assert "vo" in tried.languages
    assert tried.get_texts("vo")("refusal_TIMEOUT") == "Äpaseton."
    assert tried.get_texts("pl")("refusal_TIMEOUT") == "To trwało zbyt długo. Spróbuj ponownie."
    assert "vo" not in list_languages()


@pytest.mark.parametrize(("language", "name"), [("pl", "pl"), ("pt-BR", "pt_BR"), ("tlh", "en"), ("qps", "en")])
def test_a_language_without_dates_of_its_own_writes_english_ones(language, name):
    """CLDR does not know every language."""
    assert str(get_cldr_locale(language)) == name


@pytest.mark.process
def test_the_ingress_starts_without_babel():
    """It loads what compiled catalogues need and no more: a cold start costs the visitor's time."""
    code = (
        "import sys, api_gateway_ws.ingress_events, api_gateway_ws.wiring, shared.refusal_texts;"
        "shared.refusal_texts.render_refusal(shared.refusal_texts.ErrorCode.TIMEOUT, 'pl');"
        "print(*[name for name in sys.modules if name.partition('.')[0] in {'babel', 'jinja2', 'infra', 'workers'}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, cwd=ROOT
    )
    assert done.stdout.strip() == ""


def test_texts_are_read_once(tmp_path):
    """A catalogue that is open is not looked for again."""
    compiled(tmp_path, "en", greeting="Hello")
    catalogue = Catalogue(tmp_path)
    t = catalogue.get_texts("en")
    shutil.rmtree(tmp_path)
    assert catalogue.get_texts("en-GB") is t
