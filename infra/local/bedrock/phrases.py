"""The stand-in's own sentences, in Polish and English."""

from dataclasses import dataclass

from infra.local.bedrock.language import Language


@dataclass(frozen=True)
class Phrases:
    """What is said when no document is quoted."""

    greeting: str
    welcome: str
    goodbye: str
    who_i_am: str
    unknown: str
    ask_back: str
    no_pressure: str
    offer_booking: str
    offer_contact: str
    pick_a_time: str
    after_tool: str
    tool_failed: str


_PHRASES: dict[Language, Phrases] = {
    "en": Phrases(
        greeting="Hello! How can I help you? Ask about our services, or let me book an appointment.",
        welcome="You are welcome! Is there anything else I can help with?",
        goodbye="Goodbye, and have a nice day!",
        who_i_am="I am an AI assistant. I answer questions about our services and help you book a visit.",
        unknown="I am sorry, I do not have that information.",
        ask_back="Could you tell me a little more about what you would like to know?",
        no_pressure="No problem. If you have a question, just ask.",
        offer_booking="Would you like to book an appointment?",
        offer_contact="Please contact us directly, and our team will gladly help you.",
        pick_a_time="Of course, pick a time below.",
        after_tool="Choose the time that suits you best, and I will take care of the rest.",
        tool_failed="I am sorry, I cannot show free times right now. Please try again in a moment.",
    ),
    "pl": Phrases(
        greeting="Dzień dobry! W czym mogę pomóc? Odpowiem na pytania o nasze usługi albo umówię wizytę.",
        welcome="Proszę bardzo! Czy mogę pomóc w czymś jeszcze?",
        goodbye="Do widzenia, miłego dnia!",
        who_i_am="Jestem asystentem AI. Odpowiadam na pytania o nasze usługi i pomagam umówić wizytę.",
        unknown="Przepraszam, nie mam takiej informacji.",
        ask_back="Czy możesz napisać trochę więcej, czego potrzebujesz?",
        no_pressure="Nie ma sprawy. Jeśli pojawi się pytanie, chętnie odpowiem.",
        offer_booking="Czy chcesz umówić wizytę?",
        offer_contact="Proszę o bezpośredni kontakt, nasz zespół chętnie pomoże.",
        pick_a_time="Oczywiście, wybierz termin poniżej.",
        after_tool="Wybierz dogodny termin, a ja zajmę się resztą.",
        tool_failed="Przepraszam, nie mogę teraz pokazać wolnych terminów. Spróbuj ponownie za chwilę.",
    ),
}


def phrases_of(language: Language) -> Phrases:
    """Return the sentences of a language."""
    return _PHRASES[language]
