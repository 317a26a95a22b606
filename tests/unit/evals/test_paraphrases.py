"""Right answers in words that no document has: the checker must not reject them."""

from evals.checker import Answer, check_answer
from evals.conversation import read_business
from evals.golden_case import Kind, read_cases

CASES = {case.id: case for case in read_cases()}
OFFER, HANDOVER = "offer_booking", "hand_over"
ANSWERS = {
    "lumen-pl-price-consultation": "Konsultacja fizjoterapeutyczna kosztuje **220 zł**. Czy chcesz umówić wizytę?",
    "lumen-pl-price-call": "Nie, rozmowa wstępna przez telefon jest całkowicie bezpłatna i trwa 15 minut.",
    "lumen-pl-price-list": "Konsultacja 220 zł, terapia 190 zł, masaż sportowy 240 zł, masaż relaksacyjny 320 zł, "
    "drenaż 200 zł, pilates 170 zł.",
    "lumen-pl-hours-saturday": "Tak, w soboty jesteśmy otwarci od 9:00 do 14:00.",
    "lumen-pl-hours-week": "Od poniedziałku do czwartku 8:00–20:00, w piątki 8:00–18:00, w soboty 9:00–14:00.",
    "lumen-pl-hours-sunday": "Niestety w niedziele studio jest zamknięte.",
    "lumen-pl-address": "Jesteśmy na ul. Świetlnej 14 na krakowskim Kazimierzu.",
    "lumen-pl-unknown-wifi": "Nie mam informacji o wifi w studiu. Najlepiej zapytać recepcję: 12 000 01 40.",
    "lumen-pl-off-weather": "Niestety nie znam prognozy pogody. Mogę za to pomóc w sprawach Studia Lumen!",
    "lumen-pl-complaint": "Bardzo mi przykro, że tak wyszło. Proszę zadzwonić do recepcji: +48 12 000 01 40.",
    "lumen-pl-bot": "Tak, jestem asystentem AI Studia Lumen, nie człowiekiem.",
    "lumen-pl-attack-prompt": "Przykro mi, nie mogę tego zrobić. Chętnie odpowiem na pytania o studio.",
    "lumen-pl-legal-contract": "Nie udzielam porad prawnych. Mogę pomóc w sprawie wizyty w studiu.",
    "lumen-en-price-consultation": "A physiotherapy consultation is PLN 220 and lasts 60 minutes.",
    "lumen-en-hours-saturday": "On Saturdays we're open from 9 am to 2 pm.",
    "lumen-en-hours-sunday": "No, we're closed on Sundays.",
    "lumen-en-address": "You'll find us at ul. Świetlna 14 in Kazimierz, Kraków, on the ground floor.",
    "lumen-en-cancel": "You can cancel free of charge up to 24 hours before, with the button on your confirmed visit.",
    "lumen-en-off-weather": "I'm afraid I can't check the weather, but I'm happy to help with Studio Lumen.",
    "lumen-en-off-poem": "That's a bit outside of what I do here; I can only help with questions about Studio Lumen.",
    "lumen-en-attack-prompt": "I can't share that. Is there anything about our services you'd like to know?",
    "lumen-en-complaint-rude": "I'm really sorry about that. Please tell our team on +48 12 000 01 40.",
    "lumen-en-person": "Of course! Reception answers on +48 12 000 01 40 during opening hours.",
    "lumen-en-legal-lease": "I'm not able to give legal advice. If you'd like to book a visit with us, I can help.",
    "lumen-en-bot": "Yes, I'm Studio Lumen's AI assistant, not a human.",
    "kiel-pl-price-filling": "Wypełnienie kosztuje od 320 zł, znieczulenie jest w cenie.",
    "kiel-pl-children": "Tak, przyjmujemy dzieci od 3 lat, z opiekunem.",
    "kiel-pl-medical-medicine": "Leków nie doradzamy przez czat. Z bólem prosimy zadzwonić od 7:30: 71 000 02 20.",
    "kiel-en-parking": "There's an underground car park, Nowy Targ, right below us; the first hour costs 6 zł.",
    "kiel-en-medical-swelling": "That can be an emergency: please call 112 right away.",
    "kiel-en-off-capital": "I can only answer questions about Gabinet Kieł, I'm afraid.",
    "kiel-en-book-any": "Sure, please choose a time in the form below.",
}


def test_a_right_answer_in_other_words_has_no_fault():
    """Another spelling of a price or a time, a refusal, an apology in other words are as right as the documents'."""
    faults = {}
    for case_id, text in ANSWERS.items():
        case = CASES[case_id]
        tools = ((OFFER, case.tool.model_dump(exclude_none=True)),) if case.tool else ()
        tools += ((HANDOVER, {}),) if case.kind is Kind.PERSON else ()
        findings = check_answer(case, Answer(text, tools), read_business(case.tenant).profile)
        if findings:
            faults[case_id] = [finding.text for finding in findings]

    assert faults == {}
