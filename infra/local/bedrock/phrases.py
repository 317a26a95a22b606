"""The stand-in's own sentences, by language."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """The sentences that are sent instead of a quotation, or before one."""

    courtesy: dict[str, str]
    identity: str
    person: str
    complaint: str
    unknown: str
    topics: str
    ask_back: str
    no_pressure: str
    offer_booking: str
    offer_contact: str
    pick_a_time: str
    after_tool: str
    tool_failed: str
    free_times: str
    no_free_times: str
    visits: str
    no_visits: str
    states: dict[str, str]
    weekdays: tuple[str, ...]
    """From Monday on."""


_ENGLISH = Phrases(
    courtesy={
        "greeting": "Hello! How can I help you? Ask about our services, or let me help you book a visit.",
        "thanks": "You are welcome! Is there anything else I can help with?",
        "goodbye": "Goodbye, and have a nice day!",
    },
    identity="I am an AI assistant. I answer questions about our services and help you book a visit.",
    person="I am an AI assistant; you reach our team directly.",
    complaint="I am sorry to hear that. Please tell our team about it, they will take care of it.",
    unknown="I am sorry, I do not have that information.",
    topics="I can answer from these documents:",
    ask_back="Could you tell me a little more about what you would like to know?",
    no_pressure="No problem. If you have a question, just ask.",
    offer_booking="Would you like to book a visit?",
    offer_contact="Please contact us directly, and our team will gladly help you.",
    pick_a_time="Of course, pick a time below.",
    after_tool="Choose the time that suits you best, and I will take care of the rest.",
    tool_failed="I am sorry, I cannot show free times right now. Please try again in a moment.",
    free_times="These times are free:",
    no_free_times="There is nothing free then. Shall I look at another day?",
    visits="This is what you have:",
    no_visits="You have no visit in this conversation.",
    states={"confirmed": "confirmed", "held": "waiting for your code", "cancelled": "cancelled"},
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
_POLISH = Phrases(
    courtesy={
        "greeting": "Dzień dobry! W czym mogę pomóc? Odpowiem na pytania o nasze usługi albo umówię wizytę.",
        "thanks": "Proszę bardzo! Czy mogę pomóc w czymś jeszcze?",
        "goodbye": "Do widzenia, miłego dnia!",
    },
    identity="Jestem asystentem AI. Odpowiadam na pytania o nasze usługi i pomagam umówić wizytę.",
    person="Jestem asystentem AI; z naszym zespołem można porozmawiać bezpośrednio.",
    complaint="Bardzo mi przykro. Proszę napisać lub zadzwonić do naszego zespołu, zajmie się tą sprawą.",
    unknown="Przepraszam, nie mam takiej informacji.",
    topics="Mogę odpowiadać na podstawie dokumentów:",
    ask_back="Czy możesz napisać trochę więcej, czego potrzebujesz?",
    no_pressure="Nie ma sprawy. Jeśli pojawi się pytanie, chętnie odpowiem.",
    offer_booking="Czy chcesz umówić wizytę?",
    offer_contact="Proszę o bezpośredni kontakt, nasz zespół chętnie pomoże.",
    pick_a_time="Oczywiście, wybierz termin poniżej.",
    after_tool="Wybierz dogodny termin, a ja zajmę się resztą.",
    tool_failed="Przepraszam, nie mogę teraz pokazać wolnych terminów. Spróbuj ponownie za chwilę.",
    free_times="Wolne są te terminy:",
    no_free_times="Wtedy nie ma nic wolnego. Czy sprawdzić inny dzień?",
    visits="Oto Twoje wizyty:",
    no_visits="W tej rozmowie nie ma żadnej wizyty.",
    states={"confirmed": "potwierdzona", "held": "czeka na kod", "cancelled": "odwołana"},
    weekdays=("poniedziałek", "wtorek", "środa", "czwartek", "piątek", "sobota", "niedziela"),
)
_GERMAN = Phrases(
    courtesy={
        "greeting": "Guten Tag! Wie kann ich helfen? Ich beantworte Fragen oder helfe bei der Terminwahl.",
        "thanks": "Gern geschehen! Kann ich sonst noch helfen?",
        "goodbye": "Auf Wiedersehen und einen schönen Tag!",
    },
    identity="Ich bin ein KI-Assistent. Ich beantworte Fragen zu unseren Leistungen und helfe beim Buchen.",
    person="Ich bin ein KI-Assistent; unser Team ist direkt erreichbar.",
    complaint="Das tut mir leid. Bitte wenden Sie sich an unser Team, es kümmert sich darum.",
    unknown="Das weiß ich leider nicht.",
    topics="Ich kann aus diesen Dokumenten antworten:",
    ask_back="Können Sie etwas genauer schreiben, was Sie wissen möchten?",
    no_pressure="Kein Problem. Wenn Sie eine Frage haben, antworte ich gern.",
    offer_booking="Möchten Sie einen Termin buchen?",
    offer_contact="Bitte wenden Sie sich direkt an uns, unser Team hilft gern.",
    pick_a_time="Gern, wählen Sie unten einen Termin.",
    after_tool="Wählen Sie einen passenden Termin, um den Rest kümmere ich mich.",
    tool_failed="Ich kann gerade keine freien Termine zeigen. Bitte versuchen Sie es gleich noch einmal.",
    free_times="Diese Zeiten sind frei:",
    no_free_times="Dann ist nichts frei. Soll ich einen anderen Tag suchen?",
    visits="Das sind Ihre Termine:",
    no_visits="In diesem Gespräch gibt es keinen Termin.",
    states={"confirmed": "bestätigt", "held": "wartet auf den Code", "cancelled": "abgesagt"},
    weekdays=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
)
_PHRASES = {"en": _ENGLISH, "pl": _POLISH, "de": _GERMAN}


def get_phrases(language: str) -> Phrases:
    """Return the sentences of a language; English ones for a language that has none."""
    return _PHRASES.get(language, _ENGLISH)
