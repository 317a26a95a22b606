"""Pure: a failure's story in the reader's language; the names of people and their reasons stay as they are."""

from dataclasses import dataclass

from ops.web.rendering import Words
from shared.ledger.failures import Deed

_PARTS_DO = frozenset({"failed", "failed_again", "resolved", "refused"})
"""What a part of the system does; a person who has the name of one does none of these."""

_NOT_SENT = "not sent: "


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the story."""

    deed: Deed
    who: str
    note: str


def told(deed: Deed, words: Words) -> Told:
    """Return a deed with who did it, and its note, in words."""
    who = words.or_itself("part", deed.by) if deed.what in _PARTS_DO else deed.by
    return Told(deed, who, _note(deed, words))


def _note(deed: Deed, words: Words) -> str:
    first, _, rest = deed.note.partition(" ")
    match deed.what:
        case "replayed" if first == "replay" and rest.isdecimal():
            return words("replay_number", number=rest)
        case "failed" if deed.note.startswith(_NOT_SENT):
            return words("not_sent", reason=words.or_itself("reason", deed.note.removeprefix(_NOT_SENT)))
        case "failed" | "failed_again" if deed.note:
            return words.or_itself("reason", deed.note)
        case "refused":
            return words.or_itself("refusal", deed.note)
        case "edited" if deed.note:
            return ", ".join(words.or_itself("field", name) for name in deed.note.split(", "))
        case _:
            return deed.note
