"""Reads the names of services from the profile in the prompt, in the visitor's language."""

import re
from collections.abc import Mapping
from itertools import zip_longest

from workers.chat.retrieval.analysis import detect_language

_PROFILE = re.compile(r"<profile>(.*?)</profile>", re.DOTALL)
_SERVICE = re.compile(r"^- ([\w-]+): (.+), \d+ minutes", re.MULTILINE)


def read_service_names(facts_text: str, language: str) -> Mapping[str, str]:
    """Return the name of each service by its id: the one in the language, or the first, which is the English one.

    The prompt gives names as "Haircut / Strzyżenie". A single name seldom shows its language, but those at the same
    position of all services do.
    """
    profile = _PROFILE.search(facts_text)
    services = {service: names.split(" / ") for service, names in _SERVICE.findall(profile[1] if profile else "")}
    languages = [detect_language(" ".join(names)) for names in zip_longest(*services.values(), fillvalue="")]
    position = languages.index(language) if language in languages else 0
    return {service: names[position] if position < len(names) else names[0] for service, names in services.items()}
