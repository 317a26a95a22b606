"""Which links of an answer a visitor can follow."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.chat.domain.answer_links import MAX_SPACES, AllowedLinks, AnswerLinks, find_links, list_allowed_links

ALLOWED = AllowedLinks(
    sites=frozenset({"salon.example", "localhost:8080"}),
    emails=frozenset({"visits@salon.example"}),
    phones=frozenset({"600100200"}),
)
LINKS = AnswerLinks(lambda: ALLOWED)

EXAMPLES = json.loads((Path(__file__).parents[3] / "widget" / "foreign_links.json").read_text(encoding="utf-8"))
"""What the model writes, and what the visitor gets; `tests/widget/markdown.test.js` shows that no link is left."""

INLINE = re.compile(
    r"`([^`\n]+)`|\*\*(?=\S)(.+?)\*\*|(?<![\w*])\*(?=[^\s*])([^*\n]+)\*(?![\w*])|(?<![\w_])_(?=[^\s_])([^_\n]+)_(?![\w_])"
    r"|\[([^\]\n]{1,200})\]\(([^()\s\ufeff]{1,500}(?:\([^()\s\ufeff]*\))?)\)"
    r"|(https?://[^\s\ufeff<>\"')\]]*[^\s\ufeff<>\"')\].,;:!?*])"
)
"""How widgets of the releases before find links: marks are looked into one by one."""

TOKEN = re.compile(
    r"\\[!-/:-@\[-`{-~]|`{1,3}(?!`)|\*{1,3}(?!\*)|_{1,2}(?!_)|~~"
    r"|!?\[[^\[\]\n]{1,200}\]\((?P<target>[^()\s\ufeff]{1,500}(?:\([^()\s\ufeff]{0,500}\))?)\)"
    r"|(?P<bare>https?://[^\s\ufeff<>\"')\]]*[^\s\ufeff<>\"')\].,;:!?*])"
)
"""How `widget/markdown-marks.js` finds them: in one pass."""

WORDS = """https:// http:// HTTPS:// htt tps:// s:// https: h mailto: tel: javascript: salon.example evil.example
visits@salon.example x@evil.example +48600100200 [ ]( ] ( ) . , / ? # @ \\ : ** * _ ` < > " ' & a ę \ufeff \u200b
[a](https://salon.example/ [a](https://salon.example" [b](mailto:x@evil.example) https://salon.example"""
PIECES = st.lists(st.sampled_from([" ", "\n", *re.split(r"\s+", WORDS)]), max_size=12).map("".join)


def list_links(text):
    """Return where the links lead that the widget makes of a text."""
    while found := INLINE.search(text):
        _, bold, star, underscore, _, target, bare = found.groups()
        yield from list_links(bold or star or underscore or "")
        if address := target or bare:
            yield address
        text = text[found.end() :]


def list_links_at_once(text):
    """Return where the links lead that the widget of this release makes of a text."""
    for found in TOKEN.finditer(text):
        if address := found["target"] or found["bare"]:
            yield address


def is_allowed(address):
    """Say in one pattern where a link may lead; what has none of the schemes is no link."""
    allowed = (
        r"(?i:https?://(?:www\.)?salon\.example(?:[/?#].*)?|mailto:visits@salon\.example(?:\?.*)?|tel:\+?\d*600100200)"
    )
    is_link = re.match(r"(?i)(?:https?|mailto|tel):", address)
    return not is_link or re.fullmatch(allowed, address, re.DOTALL) is not None


@pytest.mark.parametrize(("written", "displayed"), [(one["written"], one["displayed"]) for one in EXAMPLES])
def test_a_link_that_leads_elsewhere_becomes_text(written, displayed):
    """Its address stays visible; nothing else of the text changes."""
    assert LINKS.show(written, is_complete=True) == displayed


@pytest.mark.parametrize(
    "text",
    [
        "See https://salon.example/prices?day=1#top.",
        "See (https://www.Salon.example), please",
        "**https://salon.example**",
        "[prices](https://salon.example/prices) and [us](HTTPS://WWW.SALON.EXAMPLE)",
        "[write](mailto:visits@salon.example?subject=Hello) or [call](tel:+48600100200) or [call](tel:600-100-200)",
        "http://localhost:8080/page",
        "evil.example and www.evil.example are words",
        "[1](note), [2](/prices) and [3](#below)",
        "The http protocol, ending in https",
    ],
)
def test_what_leads_to_the_business_stays(text):
    """Its site, whatever the path, its e-mail address and its number; and words, of which no client makes a link."""
    assert LINKS.show(text, is_complete=True) == text


@given(text=PIECES)
def test_no_client_makes_a_foreign_link(text):
    """However links are nested, cut by marks, or put together from pieces."""
    displayed = LINKS.show(text, is_complete=True)
    assert displayed.replace(" ", "") == text.replace(" ", "")
    for begin in (0, *(found.start() for found in re.finditer(r"h|\[", displayed))):
        assert all(map(is_allowed, list_links(displayed[begin:]))), displayed
        assert all(map(is_allowed, list_links_at_once(displayed[begin:]))), displayed


@given(text=PIECES)
def test_a_growing_text_only_grows(text):
    """What was displayed is never taken back, so joined deltas are the beginning of the final answer."""
    final = LINKS.show(text, is_complete=True)
    before = ""
    for end in range(len(text) + 1):
        now = LINKS.show(text[:end], is_complete=False)
        assert now.startswith(before)
        assert final.startswith(now)
        before = now


def test_a_growing_link_is_held_back_no_longer_than_its_host():
    """Words come at once, also those that begin like an address and go on."""
    assert LINKS.show("Call us. h", is_complete=False) == "Call us. "
    assert LINKS.show("Call us. he", is_complete=False) == "Call us. he"
    assert LINKS.show("See https://salon.exam", is_complete=False) == "See "
    assert LINKS.show("See https://salon.example/pri", is_complete=False) == "See https://salon.example/pri"


def test_a_text_of_nothing_but_links_stays_small():
    """Its frame has room for some spaces; what comes after very many of them is left out."""
    for piece in ("https://", "](https://", "](tel:", "h", "](", "https://a."):
        text = (piece * 20_000)[:20_000]
        assert len(LINKS.show(text, is_complete=True)) <= len(text) + MAX_SPACES


def test_the_business_itself_names_what_is_allowed(make_profile):
    """Its page, the links of its documents, and addresses and numbers that stand there."""
    profile = make_profile(allowed_origins=["https://Salon.example"], page_url="https://www.book.example/visits")
    documents = [
        "Map: [here](https://maps.example:444/a?b), shop at www.shop.example.",
        "Write to Anna@Salon.example. Call +48 600 100 200, or (12) 000-01-40.",
    ]
    allowed = list_allowed_links(profile, documents)
    assert allowed.sites == {"salon.example", "book.example", "maps.example:444", "shop.example"}
    assert "anna@salon.example" in allowed.emails
    assert {"600100200", "120000140"} <= allowed.phones


def test_a_bare_name_in_a_document_is_no_link():
    """Only what a document links to: a text that warns of a site does not allow it."""
    assert find_links("Beware of evil.example, and of evil.example/login").sites == frozenset()


def test_without_links_nothing_is_looked_up():
    """Documents are read for links only if the answer has one."""

    def fail():
        raise AssertionError("looked up")

    assert AnswerLinks(fail).show("Hello *you*, see [1]", is_complete=True) == "Hello *you*, see [1]"


async def test_deltas_and_the_final_show_the_same(world_of):
    """A stored answer has no foreign link either, so a resumed conversation shows none."""
    pieces = ["Pay at ht", "tps://ev", "il.example/pay or see https://sal", "on.example/prices."]
    world = world_of(pieces)
    world.tenants.set_documents("salon-ania", {"page.md": "See [prices](https://salon.example/prices)."})
    [_, final] = await world.handle()
    assert final.data.text == "Pay at https:// evil.example/pay or see https://salon.example/prices."
    assert "https://evil" not in "".join(delta["text"] for delta in world.deltas())


CONTACTS = AnswerLinks(
    lambda: AllowedLinks(
        frozenset({"salon.example"}), frozenset({"visits@salon.example"}), frozenset(), frozenset({"48600100200"})
    )
)


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("+48 600 100 200", "tel:+48600100200"),
        ("600-100-200", "tel:600100200"),
        ("0 600 100 200", "tel:0600100200"),
        ("Visits@salon.example", "mailto:Visits@salon.example"),
        ("salon.example", "https://salon.example"),
        ("www.Salon.example/prices?a=1", "https://www.Salon.example/prices?a=1"),
    ],
)
def test_a_contact_of_the_business_becomes_a_link_without_a_scheme(text, href):
    """As it is written, wherever it stands in a sentence, and once."""
    found = CONTACTS.list_contacts(f"Ask **{text}**, ({text}) or {text}.")
    assert [(link.text, link.href) for link in found] == [(text, href)]


@pytest.mark.parametrize(
    "text",
    [
        "+882 600 100 200",
        "700 100 200",
        "100200",
        "eve@evil.example",
        "visits@salon.example.evil.example",
        "x.visits@salon.example",
        "evil.example",
        "salon.example.evil.example",
        "evil-salon.example",
        "salon.example@evil.example",
        "salon.example:8443",
        "https:// evil.example/pay",
        "https:// evil.example/salon.example",
        "\uff53alon.example",
        "s\u0430lon.example",
        "2026-11-30",
    ],
)
def test_what_is_no_contact_of_the_business_stays_text(text):
    """Also where a part of it looks like one."""
    assert CONTACTS.list_contacts(f"Ask {text} now") == ()


def test_contacts_take_little_room_in_a_frame():
    """An answer of nothing but contacts has some of them as links."""
    text = " ".join(f"salon.example/{number}" for number in range(500))
    links = CONTACTS.list_contacts(text)
    assert len(links) == 8
    assert sum(len(link.model_dump_json()) for link in links) < 2_000
    assert [link.text for link in CONTACTS.list_contacts("salon.example/" + "a" * 200)] == ["salon.example"]
