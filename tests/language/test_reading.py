"""What is read in a comment: language, kind, tone, escalation, vulgarity, personal data, and why."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.policy import Escalation
from caretool.domain.reading import Reading, Text
from caretool.domain.template import Template
from caretool.language.kinds import LISTED, cue_lists, idioms
from caretool.language.reading import Reader
from caretool.language.words import CueIndex, fold, split

INJURY = Escalation("injury", {"it": ("ustion*", "morire", "pronto soccorso"), "en": ("injur*", "burn* hand")})
LEGAL = Escalation("legal", {"it": ("avvocat*", "vie legali"), "en": ("lawyer*", "press charges")})
LATE = Template(
    "delivery-late",
    "delivery-late",
    kinds=("complaint",),
    examples={
        "it": ("il pacco non è ancora arrivato", "quando arriva il mio ordine?", "il corriere non si è visto"),
        "en": ("my parcel has not arrived yet", "where is my order?"),
    },
)
HOURS = Template(
    "opening-hours",
    "opening-hours",
    kinds=("question",),
    examples={"it": ("a che ora aprite?", "siete aperti la domenica?"), "en": ("what time do you open?",)},
)


def reader(escalations: Sequence[Escalation] = (INJURY, LEGAL)) -> Reader:
    return Reader(languages=["it", "en"], templates=[LATE, HOURS], escalations=escalations, patterns={})


def read(text: str, language: str = "it", *, rating: int | None = None) -> Reading:
    return reader().read([Text(text, fallback=language, tag=language, rating=rating)])[0]


@pytest.mark.parametrize(
    ("text", "language", "kind"),
    [
        ("Ordine 4711: la console doveva arrivare prima di Natale, vergogna!", "it", "complaint"),
        ("Il vaso è arrivato rotto", "it", "complaint"),
        ("Non sono affatto soddisfatta", "it", "complaint"),
        ("Il coupon non viene preso alla cassa", "it", "complaint"),
        ("The coupon is not taken at the till", "en", "complaint"),
        ("Grazie mille per avermi rovinato il Natale", "it", "complaint"),
        ("A che ora aprite domani?", "it", "question"),
        ("quanto costa la spedizione", "it", "question"),
        ("How much is the blue one?", "en", "question"),
        ("Bellissima! Quanto costa?", "it", "question"),
        ("Vorrei cambiare l'indirizzo di consegna", "it", "request"),
        ("Please send me the invoice", "en", "request"),
        ("Complimenti, servizio impeccabile", "it", "praise"),
        ("Ho avuto un problema ma l'avete risolto subito, bravissimi", "it", "praise"),
        ("Nessun problema, tutto perfetto", "it", "praise"),
        ("thanks!", "en", "praise"),
        ("❤️❤️❤️", "it", "praise"),
        ("Sarebbe utile un filtro per taglia", "it", "suggestion"),
        ("You should add a size filter", "en", "suggestion"),
        ("Il sito non funziona da telefono", "it", "fault"),
        ("The app crashes when I log in", "en", "fault"),
        ("Domenica andiamo al mare", "it", "chatter"),
        ("Check out my channel, link below", "en", "spam"),
        ("Guadagna da casa, scopri come: https://facile.example/?ref=12", "it", "spam"),
        ("Siete degli stronzi", "it", "abuse"),
        ("fuck you", "en", "abuse"),
        ("", "it", "chatter"),
    ],
)
def test_a_comment_is_of_its_kind(text: str, language: str, kind: str) -> None:
    reading = read(text, language)
    assert reading.kind == kind, reading.reasons


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Stronzi, aspetto il pacco da tre settimane", "it"),
        ("Ladri di merda", "it"),
        ("vaffanculo, ho pagato 300 euro", "it"),
        ("Assholes, give me my money back", "en"),
        ("fuck you and your 3 week delivery", "en"),
    ],
)
def test_an_insult_with_a_grievance_in_it_is_an_angry_complaint_and_never_abuse(text: str, language: str) -> None:
    reading = read(text, language)
    assert (reading.kind, reading.tone, reading.vulgar) == ("complaint", "angry", True), reading.reasons


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Pacco rotto, guardate qui: https://foto.example/123", "it"),
        ("My parcel never arrived, check out this photo https://pics.example/1", "en"),
        ("contattatemi su whatsapp 340 1234567, il rimborso non arriva", "it"),
        ("Click on this link and see how broken it is: https://pics.example/1", "en"),
        ("https://foto.example/1", "it"),
    ],
)
def test_a_customer_with_a_link_is_no_spammer(text: str, language: str) -> None:
    assert read(text, language).kind != "spam"


def test_words_are_found_whole() -> None:
    assert read("Mi ha visitato uno specialista gentilissimo").kind == "praise"
    assert read("cialis a metà prezzo").kind == "spam"
    assert not read("Scunthorpe is a town, the cocktail was cute", "en").vulgar
    assert not read("Avete ritardato la consegna di una balla di fieno").vulgar


@pytest.mark.parametrize(
    "text",
    [
        "Siete proprio delle merde, complimenti, il mio pacco è ancora fermo a Bologna",
        "Complimenti, bravissimi, servizio di merda: il pacco è ancora fermo in dogana",
        "Che servizio del cazzo, complimenti, del pacco nessuna notizia",
    ],
)
def test_praise_beside_vulgar_words_and_trouble_is_a_complaint(text: str) -> None:
    reading = read(text)
    assert (reading.kind, reading.tone, reading.vulgar) == ("complaint", "angry", True), reading.reasons


@pytest.mark.parametrize(
    ("text", "language"), [("Cazzo che bella, complimenti!", "it"), ("Fucking brilliant, love it", "en")]
)
def test_who_praises_in_vulgar_words_praises_but_is_not_taken_for_pleased(text: str, language: str) -> None:
    reading = read(text, language)
    assert (reading.kind, reading.tone) == ("praise", "neutral"), reading.reasons


@pytest.mark.parametrize(("rating", "kind"), [(1, "complaint"), (2, "complaint"), (4, "praise"), (5, "praise")])
def test_stars_speak_where_words_do_not(rating: int, kind: str) -> None:
    reading = read("Comprato a marzo.", rating=rating)
    assert reading.kind == kind
    assert f"{kind}: {rating} star" in " ".join(reading.reasons)


def test_five_stars_with_a_complaint_are_a_complaint() -> None:
    assert read("Il pacco non è mai arrivato", rating=5).kind == "complaint"


@pytest.mark.parametrize(
    ("text", "tone"),
    [
        ("Vergogna, siete dei ladri", "angry"),
        ("IL PACCO NON È ARRIVATO, RISPONDETE", "angry"),
        ("Pacco in ritardo e nessuna notizia, vergogna", "angry"),
        ("Il pacco non è arrivato.", "neutral"),
        ("A che ora aprite?", "neutral"),
        ("Bravissimi, grazie", "pleased"),
    ],
)
def test_a_comment_has_its_tone(text: str, tone: str) -> None:
    assert read(text).tone == tone


def test_every_decision_names_its_word() -> None:
    reasons = read("Vergogna! Il pacco non arriva, chiamo l'avvocato").reasons
    assert any(reason.startswith("complaint:") and "'vergogna'" in reason for reason in reasons)
    assert "escalation: legal ('avvocato')" in reasons
    assert "language: it (tag)" in reasons


def test_the_platforms_tag_comes_first() -> None:
    texts = [
        Text("where is my parcel?", fallback="en", tag="it-IT"),
        Text("where is my parcel?", fallback="it", tag="und"),
    ]
    assert [reading.language for reading in reader().read(texts)] == ["it", "en"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("il mio pacco non è ancora arrivato", "it"),
        ("my parcel has not arrived yet", "en"),
        ("¿dónde está mi pedido? llevo dos semanas esperando la entrega", "es"),
        ("Где мой заказ, прошло уже две недели", "ru"),
        ("ok @anna #sale https://x.example/a-long-english-address", "it"),
        ("Thank you!", "en"),
    ],
)
def test_the_language_is_read_from_the_words_and_assumed_below_three(text: str, language: str) -> None:
    reading = reader().read([Text(text, fallback="it")])[0]
    assert reading.language == language, reading.reasons


def test_an_escalation_is_found_in_whatever_language_it_is_said() -> None:
    assert read("mi sono fatto un'ustione con il vostro bollitore").escalation == "injury"
    assert read("vi scriverà il mio lawyer").escalation == "legal"
    assert read("the kettle burned a hole in my carpet", "en").escalation is None
    assert read("burns on the hand", "en").escalation == "injury"


def test_the_policys_order_decides_between_escalations() -> None:
    text = Text("pronto soccorso e avvocato", fallback="it", tag="it")
    assert reader().read([text])[0].escalation == "injury"
    assert reader([LEGAL, INJURY]).read([text])[0].escalation == "legal"


def test_an_idiom_escalates_nothing() -> None:
    assert read("Buono da morire!").escalation is None
    assert read("fa morire").escalation == "injury"


def test_the_words_of_an_escalation_stand_in_one_sentence() -> None:
    assert read("I want to press. No charges apply", "en").escalation is None


def test_a_topic_is_named_with_its_alternatives_and_none_for_abuse() -> None:
    reading = read("il pacco non è arrivato")
    assert reading.topic == "delivery-late"
    assert reading.confidence > 0.5
    assert [topic for topic, _ in reading.alternatives] in ([], ["opening-hours"])
    assert read("Siete degli stronzi").topic is None
    assert read("bella giornata in montagna con gli amici").topic is None


def test_a_topic_not_meant_for_the_kind_counts_for_less() -> None:
    asked = read("siete aperti la domenica?")
    praised = read("siete aperti la domenica, bravissimi")
    assert asked.topic == "opening-hours"
    assert praised.confidence < asked.confidence


def test_a_topic_tells_the_kind_where_no_word_does() -> None:
    boiler = Template("t", "boiler", kinds=("complaint",), examples={"it": ("la caldaia fa un rumore strano",)})
    shop = Template("u", "shop", examples={"it": ("dove trovo il punto vendita",)})
    house = Reader(languages=["it"], templates=[boiler, shop], escalations=(), patterns={})
    reading = house.read([Text("la caldaia fa un rumore strano", fallback="it", tag="it")])[0]
    assert reading.kind == "complaint"
    assert "complaint: what 'boiler' is about" in reading.reasons


def test_personal_data_is_a_persons_own_and_not_an_order_number() -> None:
    assert read("scrivetemi a mario.rossi@example.com").personal_data
    assert not read("ordine 4711, dove si trova?").personal_data


def test_nothing_is_read_beyond_five_thousand_characters() -> None:
    assert read("bello " * 1_000 + "vergogna avvocato").escalation is None
    assert read("\x00\ufffd\u202e" * 300_000 + "vergogna").kind == "chatter"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=4), st.sampled_from(["it", "en", "es", "xx"]))
def test_whatever_is_written_has_one_reading_in_its_place(texts: list[str], language: str) -> None:
    batch = [Text(text, fallback=language, tag=language) for text in texts]
    house = reader()
    assert house.read(batch) == [house.read([text])[0] for text in batch]


@pytest.mark.parametrize("language", LISTED)
def test_every_cue_finds_itself(language: str) -> None:
    for label, cues in cue_lists(language).items():
        index = CueIndex({label: cues})
        lost = [cue for cue in cues if not index.find(split(cue.replace("*", "")))]
        assert not lost, f"{label}: {lost}"


def test_both_languages_have_the_same_lists() -> None:
    assert cue_lists("it").keys() == cue_lists("en").keys()
    assert idioms().find(split("buono da morire"))


def test_case_accents_apostrophes_and_stretched_letters_fold_away() -> None:
    assert fold("PERCHÉ così grazieeee") == "perche cosi grazie"
    assert split("l’ordine don’t c'è").tokens == ("l", "ordine", "dont", "c", "e")
    index = CueIndex({"late": ["non arrivat*"]})
    assert index.find(split("NON È ANCORA ARRIVATO"))
    assert not index.find(split("non va. Arrivato ieri"))
    assert not CueIndex({"late": ["non arrivato"]}).find(split("non arrivano"))
    assert not index.find(split("non so come sia poi arrivato"))
