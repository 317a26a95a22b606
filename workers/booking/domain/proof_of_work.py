"""How much work a proof is, and which limits it opens: one setting of an installation."""

import re
from dataclasses import dataclass, replace

_SETTING = re.compile(r"(?P<name>tries|holds|share)=(?P<number>\d{1,5})")
_HIGHEST = {"tries": 99_999, "holds": 999, "share": 100}


@dataclass(frozen=True, slots=True)
class ProofOfWork:
    """The limits of those whose clients have solved a proof of work, beside which all other holds count."""

    tries: int = 200
    """How many tries a proof takes at least: a quarter of a second for a computer, less than two for a telephone; 0
    demands none, so that the limits without a proof are final."""

    holds: int = 20
    """How many times one address may hold at a business: an office, a school, a mobile network."""

    share: int = 80
    """How much of the free time of a day may be held, in percent."""


def parse_proof_of_work(text: str) -> ProofOfWork:
    """Return the setting that a text such as `tries=400,share=90` changes; what it leaves out has its default.

    Raises:
        ValueError: it is another text.
    """
    setting = ProofOfWork()
    for part in filter(None, text.split(",")):
        match = _SETTING.fullmatch(part)
        if match is None or not _is_in_range(match["name"], int(match["number"])):
            raise ValueError(f"{part!r} is none of tries=0 to tries=99999, holds=1 to holds=999, share=1 to share=100")
        setting = replace(setting, **{match["name"]: int(match["number"])})
    return setting


def _is_in_range(name: str, number: int) -> bool:
    return (number > 0 or name == "tries") and number <= _HIGHEST[name]
