"""Stop words by language, folded: words without a topic. They are also used to detect the language of a text."""

_POLISH = """
a aby aktualnie albo ale ani az bardzo bede bedzie bedziemy bez blisko bo by byc byl byla bylo chce chcemy chcial
chciala chcialabym chcialbym ci cie ciebie co cos czego czy dla dlaczego dnia dniu do dobra dobre dobry dokladnie
dowiedziec dzieki dziekuje dzien dzis dzisiaj em gdy gdyby gdzie go hej i ich iem ile im inne jak jaka jaki jakich
jakie jakies jakis jako je jego jej jesli jest jestem jestes jestescie jestesmy jeszcze jezeli jutro juz kiedy kim
kogo kto ktora ktore ktory ktorych ktos lub ma macie mam mamy mi mial miec mnie moge moglabym moglbym moj moja moje
mojej moze mozecie mozliwe mozliwosc mozna musi musimy musze mysle na nad najlepiej nalezy nam nami nas nasz nawet nic
nie niz o obejmuje obok od oferujecie on ona one opowiedz oraz pan pana pani panstwa panstwo po pod podac podaj
podajcie pojutrze poludniu poniewaz popoludniu potem potrzebuje powiedz powiedziec powinien powinienem powinnam poza
pracujecie prosic prosze przed przez przy przychodzic przyjde przyjmujecie przyjmujemy przyjsc pytam pytanie rano
regulamin robi robic robicie robimy sa sam sama samego samym sie siebie skad sobie sprawie swoj swoje ta tak taka taki
takie takze tam te tego tej ten teraz tez to trzeba tu tutaj twoj ty tych tylko tym u w wam was wasz wasza wasze
waszej we wie wiecie wieczorem wiem witam wlasnie wszystko wy wyglada z za zapytac zasady zawiera ze zeby znac znajde
znajduje znajdujecie znajdujesz znalezc zrobic zwykle
"""
_ENGLISH = """
a about actually afternoon again all also am an and another any anything are arrive as ask at available be because
been before best but by can come coming could currently d day days did do does doing don else evening exactly explain
for from get give go goes going got guys had handle happen happens has have hello her here hey hi him his how i if im
in include included includes info information into is it its just kind know let like ll lot lots m many may me might
mine more morning most much must my near nearby need no not now of offer offered ok okay on one ones only or other our
out please pls plz policy possible question re really rules s same say see sell shall she should so some somebody
someone something somewhere still such t take takes tell than thank thanks that the their them then there these they
thing things this those to today tomorrow too treat treats u understand up ur us usually ve very want wanted was we
were what whats when where which while who whom why will wish with wonder wondering would yes you your yours
"""
_GERMAN = """
abend aber alle als am an auch auf aus bei beim bin bis bitte da damit danke dann das dass dem den der des die dies
diese dieser dir doch du durch ein eine einem einen einer eines er es etwas euch euer eure fur gern gerne gibt guten
habe haben habt hallo hat hatte hatten heute ich ihnen ihr ihre ihren im in ins ist ja kann kannst kein keine kommen
konnen konnte konnten machen man mein meine mich mir mit mochte mochten moglich morgen muss nach nachmittag nicht noch
nur ob oder ohne sagen sehr sein sie sind so soll tag tut uber um und uns unser vom von vor vormittag wann war warum
was weil welche welchen welcher welches wenn wer werden wie wieviel will wir wird wo wollen zu zum zur
"""

STOP_WORDS: dict[str, frozenset[str]] = {
    "pl": frozenset(_POLISH.split()),
    "en": frozenset(_ENGLISH.split()),
    "de": frozenset(_GERMAN.split()),
}
"""By ISO 639-1 code. Folded as `workers.chat.retrieval.analysis.fold_text` does."""
