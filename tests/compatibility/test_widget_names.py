"""The widget keeps what pages and browsers know of it: element, attributes, parts, events, storage, test ids."""

import functools
import re
from pathlib import Path

from tests.compatibility.frozen_names import assert_kept

ROOT = Path(__file__).parents[2]
WIDGET = ROOT / "widget"


@functools.cache
def source():
    """Return every module of the widget as one text, without comments."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(WIDGET.rglob("*.js")))
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def all_of(pattern):
    return sorted(set(re.findall(pattern, source())))


def all_of_types(pattern):
    """Return the names in the types for pages: `tsc` compares them with those that the widget puts together."""
    return sorted(set(re.findall(pattern, (WIDGET / "element.d.ts").read_text(encoding="utf-8"))))


def ids_for_tests():
    """Return the test ids; one that is put together counts with every word that the widget has in quotes."""
    literal = set(all_of(r'"data-testid": "([a-z-]+)"')) | set(all_of(r'\btestid(?: =|:) "([a-z-]+)"'))
    literal |= set(all_of(r'\bbutton\(\s*"([a-z-]+)"'))
    words = literal | set(all_of(r'"([a-z-]+)"'))
    for begin, end in all_of(r'"data-testid": `([a-z-]*)\$\{[^}]*\}([a-z-]*)`'):
        literal |= {f"{begin}{word}{end}" for word in words}
    return sorted(literal)


def fragments():
    """Return the fragments that both the links of e-mails and the widget know."""
    [purposes] = all_of(r"#stride-\((?:\?<\w+>)?([a-z|]+)\)=")
    return [f"#stride-{purpose}=" for purpose in purposes.split("|")]


def current_names():
    """Return every name that somebody outside of the widget uses."""
    return {
        "elements": all_of(r'customElements\.define\(\s*"([a-z-]+)"'),
        "attributes": all_of(r'getAttribute\("([a-z-]+)"\)'),
        "observed attributes": re.findall(r'"([a-z-]+)"', _observed()),
        "themes": all_of(r'\[theme="([a-z]+)"\]'),
        "parts": all_of(r'\bpart: "([a-z-]+)"'),
        "events": all_of_types(r"\"(stride-chat-[a-z-]+)\": CustomEvent"),
        "methods": all_of(r"\n  (open|close|book)\("),
        "styles": all_of(r"var\((--stride-chat-[a-z-]+)"),
        "data": all_of(r"\bdataset\.([a-z]+)\b") + all_of(r'"data-([a-z]+)"'),
        "test ids": ids_for_tests(),
        "fragments": fragments(),
        "storage areas": all_of(r'openBrowserArea\("([A-Za-z]+)"\)'),
        "storage prefix": all_of(r"`(stride-chat/)\$\{"),
        "storage keys": all_of(r'#prefix(?: \+ "|\})([a-z_]+/?)'),
    }


def _observed():
    [listed] = all_of(r"observedAttributes = \[([^\]]*)\]")
    return listed


def test_the_widget_keeps_every_public_name():
    """A page styles parts, sets attributes and hears events; a browser keeps what an older widget stored."""
    assert_kept("widget", current_names(), who_depends="businesses' pages, visitors' browsers and their tests")


def test_links_of_emails_open_the_widget():
    """What the worker writes into an e-mail is a fragment that the widget takes."""
    written = "".join(path.read_text("utf-8") for path in sorted((ROOT / "workers/notifications").rglob("*.py")))
    assert "#stride-{purpose}=" in written
