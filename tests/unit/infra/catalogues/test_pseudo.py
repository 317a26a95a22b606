"""The pseudo-language shows what is in no catalogue in an e-mail or a text message."""

import re

import pytest
from jinja2 import Environment, nodes

from infra.catalogues.parts import ROOT, list_parts
from infra.catalogues.pseudo import PSEUDO, to_pseudo_text, write_pseudo_catalogues
from shared.languages.catalogue import Catalogue
from tests.unit.workers.notifications.conftest import build_notice, build_profile
from workers.notifications.adapters.email_templates import JinjaEmailTemplates
from workers.notifications.domain import AppointmentLinks

TEMPLATES = ROOT / "workers" / "notifications" / "templates"
LINKS = AppointmentLinks(cancel="#1", move="#2")
NOTICES = [
    ("code", {}),
    ("confirmed", {}),
    ("reminder", {}),
    ("cancelled", {"by": "business"}),
    ("cancelled", {"by": "visitor"}),
    ("rescheduled", {"by": "business"}),
    ("rescheduled", {"by": "visitor"}),
    ("choose_again", {"stands": True}),
    ("choose_again", {"stands": False}),
]
_TEXT = re.compile(r"⟦[^⟦⟧]*⟧")
_DATE = re.compile(r"Tuesday, 13 January 2026, 10:00 \(Europe/Warsaw\)|Tuesday, 13 January 2026, 10:00|Europe/Warsaw")


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    """The notices' catalogue with the pseudo-language in it."""
    folder = tmp_path_factory.mktemp("extra")
    write_pseudo_catalogues(list_parts(), folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("EXTRA_LOCALES", str(folder))
        found = Catalogue(ROOT / "workers" / "notifications" / "locales")
        assert PSEUDO in found.languages
    return found


@pytest.fixture(scope="module")
def email_templates(catalogue):
    return JinjaEmailTemplates(catalogue)


def untranslated(text):
    """Return the characters that are in no text of a catalogue; the business and its services are Greek here."""
    return re.findall(r"[A-Za-z]+", _DATE.sub("", _TEXT.sub("", text)))


@pytest.mark.parametrize(
    ("text", "pseudo"),
    [
        ("Replay", "⟦Rëplàÿ ~~⟧"),
        ("{count} of {total}", "⟦{count} öf {total} ~~⟧"),
        ("", "⟦ ~⟧"),
    ],
)
def test_a_text_is_longer_accented_and_in_brackets(text, pseudo):
    """What is filled in stays as it is."""
    assert to_pseudo_text(text) == pseudo


@pytest.mark.parametrize("page_url", ["https://1.23/", None])
@pytest.mark.parametrize("links", [None, LINKS])
@pytest.mark.parametrize(("kind", "fields"), NOTICES)
def test_an_email_has_no_word_outside_of_the_catalogue(email_templates, kind, fields, links, page_url):
    """Neither its subject, nor its text, nor its page."""
    notice = build_notice(kind, locale=PSEUDO, data={"name": "Ωμ", "service_name": "Φως"}, **fields)
    profile = build_profile(name="Αθήνα", page_url=page_url)
    email = email_templates.render(notice, profile, code="123456", links=links)
    page = re.sub(r"<style>.*?</style>|<[^>]*>", " ", email.html, flags=re.DOTALL)
    assert untranslated(email.subject + email.text.replace("https://1.23/", "")) == []
    assert untranslated(page) == []


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.sms.txt")), ids=lambda path: path.name)
def test_a_text_message_has_no_word_of_its_template(template):
    """All of them are the catalogue's; what phones show has lost the brackets, so the template is looked at."""
    own = Environment(autoescape=False).parse(template.read_text(encoding="utf-8")).find_all(nodes.TemplateData)  # noqa: S701 - only read
    assert re.findall(r"\w+", "".join(node.data for node in own)) == []
