"""The rules of RFC 5545 and RFC 5546 for a calendar file, checked on its bytes and not by a parser of others."""

import re
from collections import Counter
from typing import NamedTuple

ONE, OPTIONAL, MANY, NONE, SOME = (1, 1), (0, 1), (0, 99), (0, 0), (1, 99)

CALENDAR = {"PRODID": ONE, "VERSION": ONE, "METHOD": ONE}
"""RFC 5545, section 3.6; METHOD is ONE because each of our files has it."""

EVENT = {
    "UID": ONE, "DTSTAMP": ONE, "DTSTART": ONE, "DTEND": ONE, "SUMMARY": ONE, "ORGANIZER": ONE, "SEQUENCE": ONE,
    "STATUS": ONE, "DESCRIPTION": OPTIONAL, "LOCATION": OPTIONAL,
}  # fmt: skip
"""RFC 5545, section 3.6.1. Any other property is one that a text has added."""

METHODS = {
    # RFC 5546, sections 3.2.1, 3.2.2 and 3.2.5. Only PUBLISH may have any status.
    "PUBLISH": ({"ATTENDEE": NONE, "VALARM": OPTIONAL}, {"TENTATIVE", "CONFIRMED", "CANCELLED"}),
    "REQUEST": ({"ATTENDEE": SOME, "VALARM": OPTIONAL}, {"TENTATIVE", "CONFIRMED"}),
    "CANCEL": ({"ATTENDEE": SOME, "VALARM": NONE}, {"CANCELLED"}),
}
ALARM = {"ACTION": ONE, "TRIGGER": ONE, "DESCRIPTION": ONE}
"""Of the action DISPLAY (RFC 5545, section 3.6.6)."""

OBSERVANCE = {"DTSTART": ONE, "TZOFFSETFROM": ONE, "TZOFFSETTO": ONE, "TZNAME": OPTIONAL}
"""RFC 5545, section 3.6.5."""

VALUE = {
    **dict.fromkeys(("SUMMARY", "DESCRIPTION", "LOCATION", "UID"), re.compile(r"(?:[^\\;,]|\\[\\;,nN])*")),
    "DTSTAMP": re.compile(r"\d{8}T\d{6}Z"),
    "SEQUENCE": re.compile(r"\d+"),
    **dict.fromkeys(("ORGANIZER", "ATTENDEE"), re.compile(r"mailto:[A-Za-z0-9@!$'*+._~%-]+")),
    **dict.fromkeys(("TZOFFSETFROM", "TZOFFSETTO"), re.compile(r"(?!-0000)[+-]\d{4}(?:\d\d)?")),
    "TRIGGER": re.compile(r"-P(?:\d+D)?(?:T\d+[HM])?"),
    "VERSION": re.compile(r"2\.0"),
}
TIME = {None: re.compile(r"\d{8}T\d{6}Z"), "zone": re.compile(r"\d{8}T\d{6}")}

LINE = re.compile(
    r"""(?P<name>[A-Z-]+)(?P<parameters>(?:;[A-Z-]+=(?:"[^"]*"|[^";:,]*))*):(?P<value>.*)""", re.VERBOSE | re.DOTALL
)
PARAMETER = re.compile(r';([A-Z-]+)=(?:"([^"]*)"|([^";:,]*))')
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


class Property(NamedTuple):
    """One content line."""

    path: str
    name: str
    parameters: dict[str, str]
    value: str


def read(text):
    """Return the properties of a file, each with the components around it; fail where a line breaks a rule."""
    assert text.endswith("\r\n")
    physical = text.split("\r\n")[:-1]
    for line in physical:
        assert len(line.encode()) <= 75, line  # octets, and each line is UTF-8 by itself
        assert not CONTROL.search(line), line
    path, found = [], []
    for line in text.replace("\r\n ", "").split("\r\n")[:-1]:
        match = LINE.fullmatch(line)
        assert match, line
        name, value = match["name"], match["value"]
        parameters = {key: quoted or plain for key, quoted, plain in PARAMETER.findall(match["parameters"])}
        if name == "END":
            assert path.pop() == value
            continue
        found.append(Property("/".join(path), name, parameters, value))
        if name == "BEGIN":
            path.append(value)
    assert not path
    return found


def check(text):
    """Fail unless the file follows the rules of its method; return its properties by name, of the event alone."""
    properties = read(text)
    [method] = [each.value for each in properties if each.name == "METHOD"]
    counts, statuses = METHODS[method]
    assert_counts(properties, "VCALENDAR", CALENDAR | {"VEVENT": ONE, "VTIMEZONE": OPTIONAL})
    assert_counts(properties, "VCALENDAR/VEVENT", EVENT | counts)
    event = {each.name: each for each in properties if each.path == "VCALENDAR/VEVENT"}
    assert event["STATUS"].value in statuses
    if any(each.value == "VALARM" for each in properties):
        assert_counts(properties, "VCALENDAR/VEVENT/VALARM", ALARM)
    if any(each.value == "VTIMEZONE" for each in properties):
        assert_counts(properties, "VCALENDAR/VTIMEZONE", {"TZID": ONE, "STANDARD": SOME, "DAYLIGHT": MANY})
    for kind in ("STANDARD", "DAYLIGHT"):
        number = [each.value for each in properties if each.path == "VCALENDAR/VTIMEZONE"].count(kind)
        times = {name: (low * number, high * number) for name, (low, high) in OBSERVANCE.items()}
        assert_counts(properties, f"VCALENDAR/VTIMEZONE/{kind}", times)
    for each in properties:
        assert VALUE.get(each.name, re.compile(".*", re.DOTALL)).fullmatch(each.value), each
    zones = [each.value for each in properties if each.name == "TZID"]
    for name in ("DTSTART", "DTEND"):
        zone = event[name].parameters.get("TZID")
        assert TIME["zone" if zone else None].fullmatch(event[name].value)
        assert zones == ([zone] if zone else [])
    return event


def assert_counts(properties, path, allowed):
    """Check how often each property, and each component inside, is in a component; no other may be."""
    names = Counter(each.value if each.name == "BEGIN" else each.name for each in properties if each.path == path)
    assert set(names) <= set(allowed), names
    for name, (low, high) in allowed.items():
        assert low <= names[name] <= high, (path, name, names[name])


def read_with_ical(text):
    """Parse a calendar file with `ical`, a second parser beside `icalendar`.

    It is imported by the tests that use it only: that takes a twentieth of the time in which all tests are collected.
    """
    from ical.calendar_stream import IcsCalendarStream  # noqa: PLC0415

    return IcsCalendarStream.calendar_from_ics(text)
