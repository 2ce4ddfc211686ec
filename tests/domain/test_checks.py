from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.checks import Passing, ReplyText, check, passing, refusal_for
from caretool.domain.deliverability import Verdict
from caretool.domain.limits import Limits
from caretool.domain.policy import PromiseKind, ReplyRules
from caretool.domain.reading import Commitment, PersonalData

ROME = ZoneInfo("Europe/Rome")
DUE = datetime(2026, 11, 26, 17, tzinfo=UTC)
PICKUP = PromiseKind(
    name="pickup",
    owner="logistics",
    zone=ROME,
    says={"it": "il corriere passa a ritirare il pacco", "en": "the courier collects the parcel"},
)
ANSWER = "le rispondo qui entro giovedì 26 novembre alle 18:00"


def found(text: str, excerpt: str, kind: str = "reply", due_at: datetime | None = DUE) -> Commitment:
    start = text.index(excerpt)
    return Commitment(excerpt, start, start + len(excerpt), kind, due_at)


def data(text: str, what: str, excerpt: str) -> PersonalData:
    start = text.index(excerpt)
    return PersonalData(what, excerpt, start, start + len(excerpt))


def refused(reply: ReplyText) -> list[tuple[str, str]]:
    return [(refusal.check, refusal.excerpt) for refusal in check(reply)]


GOOD = f"Buongiorno Anna, sono Dario e ho letto il suo messaggio: {ANSWER}."
REPLY = ReplyText(
    GOOD, "it", kinds=frozenset({"complaint"}), agent="Dario", commitments=(found(GOOD, ANSWER),), names=("Anna",)
)


def test_a_kind_answer_by_name_that_says_by_when_passes() -> None:
    assert check(REPLY) == ()


@pytest.mark.parametrize(
    ("text", "excerpt"),
    [
        ("Risolviamo nel MINOR  TEMPO possibile.", "nel MINOR  TEMPO possibile"),
        ("Nel più breve tempo possibile", "Nel più breve tempo possibile"),
        ("nel piu\u0300 breve tempo possibile", "nel piu\u0300 breve tempo possibile"),
        ("Apra un ticket, grazie", "Apra un ticket"),
        ("nel minor tem\u00adpo possi\u200bbile", "nel minor tem\u00adpo possi\u200bbile"),
        ("We will look into it as soon\nas possible", "as soon\nas possible"),
    ],
)
def test_stock_phrases_are_refused_however_they_are_typed(text: str, excerpt: str) -> None:
    assert refused(ReplyText(text, "it")) == [("stock-phrase", excerpt)]


def test_the_company_adds_phrases_of_its_own_and_stems() -> None:
    rules = ReplyRules(
        stock_phrases={"it": ("l'ufficio competente", "gentile client*")},
        vague={"it": ("a stretto giro",)},
        blame={"it": ("colpa di Bartolini",)},
    )
    text = "Gentile cliente, l’ufficio competente risponde a stretto giro: colpa di BARTOLINI"
    assert refused(ReplyText(text, "it", rules=rules)) == [
        ("stock-phrase", "Gentile cliente"),
        ("stock-phrase", "l’ufficio competente"),
        ("vague", "a stretto giro"),
        ("blame", "colpa di BARTOLINI"),
    ]


def test_only_whole_words_are_a_phrase() -> None:
    rules = ReplyRules(vague={"it": ("presto",), "en": ("soon",)})
    assert check(ReplyText("Il prestito dura da asapori, a brevetto, sooner", "it", rules=rules)) == ()


def test_a_vague_promise_is_refused_once_with_a_time_that_would_pass() -> None:
    text = "Sono Dario, il corriere passa a breve."
    commitment = replace(found(text, "il corriere passa a breve", "pickup", None), vague=True)
    would_pass = passing(PICKUP, DUE, "it", ROME)
    reply = ReplyText(text, "it", agent="Dario", commitments=(commitment,), passing={"pickup": would_pass})
    (refusal,) = check(reply)
    assert (refusal.check, refusal.excerpt) == ("vague", "il corriere passa a breve")
    assert refusal.suggest == "il corriere passa a ritirare il pacco entro giovedì 26 novembre alle 18:00"
    assert (refusal.promise_kind, refusal.earliest_due_at) == ("pickup", DUE)


def test_a_promise_without_a_time_is_refused_unless_it_hangs_on_the_customer() -> None:
    text = "Sono Dario, la richiamo."
    commitment = found(text, "la richiamo", "callback", None)
    reply = ReplyText(text, "it", agent="Dario", commitments=(commitment,))
    (refusal,) = check(reply)
    assert (refusal.check, refusal.excerpt, refusal.promise_kind) == ("no-time", "la richiamo", "callback")
    assert refusal.suggest == "le rispondo qui {{ promises.reply.when }}"
    assert check(replace(reply, commitments=(replace(commitment, conditional=True),))) == ()


def test_a_text_too_long_says_by_how_much_as_the_platform_counts() -> None:
    limits = Limits(length=10, measure=lambda text: 2 * len(text))
    (refusal,) = check(ReplyText("1234567", "it", limits=limits))
    assert (refusal.check, refusal.excerpt) == ("too-long", "4567")
    assert "4 characters too long: 14, where the platform takes 10" in refusal.why
    assert check(ReplyText("12345", "it", limits=limits)) == ()


def test_personal_data_go_out_in_private_only() -> None:
    text = "Ho visto l'ordine 4711"
    reply = ReplyText(text, "it", personal=(data(text, "order", "4711"),))
    (refusal,) = check(reply)
    assert (refusal.check, refusal.excerpt) == ("personal-data", "4711")
    assert refusal.suggest == "ci mandi il numero d'ordine in un messaggio privato"
    assert check(replace(reply, private=True)) == ()


def test_data_of_the_companys_own_pattern_are_named_after_it() -> None:
    (refusal,) = check(ReplyText("see BB-1", "en", personal=(data("see BB-1", "case number", "BB-1"),)))
    assert "case number" in refusal.why
    assert refusal.suggest == "please send us these details in a private message"


def test_our_own_contacts_and_the_names_of_people_are_no_secret() -> None:
    text = "Ciao @anna4711000: 055 1234567, aiuto@bottegablu.example, io@altrove.example, 4711000"
    reply = ReplyText(
        text,
        "it",
        personal=(
            data(text, "order", "4711000"),
            data(text, "phone", "055 1234567"),
            data(text, "e-mail", "aiuto@bottegablu.example"),
            data(text, "e-mail", "io@altrove.example"),
            PersonalData("order", "4711000", text.rindex("4711000"), len(text)),
        ),
        names=("@anna4711000",),
        ours=("+39 055 1234567", "@bottegablu.example"),
    )
    assert refused(reply) == [("personal-data", "io@altrove.example"), ("personal-data", "4711000")]


@pytest.mark.parametrize(
    "text",
    [
        "È colpa del corriere",
        "Il corriere ha sbagliato",
        "un errore del nostro fornitore",
        "a causa del corriere",
        "non è colpa nostra",
        "It’s the courier's fault",
        "our supplier let us down",
        "the delivery company has lost it",
        "that is not our fault",
        "GLS ha distrutto il suo pacco",
        "il ritardo è dovuto a Bartolini",
        "il ritardo è dovuto al corriere",
        "la colpa è di BRT",
        "le Poste Italiane hanno perso la busta",
        "è stata DHL, non noi",
        "è tutto a causa di SDA",
        "sì, è colpa loro",
        "the delay is down to Royal Mail",
        "DHL dropped your parcel",
        "that was Evri’s mistake",
        "it was their fault",
    ],
)
def test_nobody_else_is_blamed(text: str) -> None:
    (refusal,) = check(ReplyText(text, "en"))
    assert refusal.check == "blame"
    assert refusal.excerpt in text
    assert check(ReplyText(str(refusal.suggest), "en")) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Non è colpa del corriere: è nostra",
        "It is not the courier's fault, it is ours",
        "il corriere passa domani",
        "Non è colpa loro: è nostra",
        "il pacco viaggia con GLS",
        "GLS ha consegnato il pacco a un vicino",
        "il corriere non ha perso il pacco",
        "il pacco è stato affidato a Poste Italiane",
        "I'll check with DHL",
        "it's up to us: the ups and downs of Royal Mail deliveries are ours",
        "the parcel is due to arrive with UPS",
    ],
)
def test_taking_the_blame_or_naming_the_courier_is_fine(text: str) -> None:
    assert check(ReplyText(text, "it")) == ()


@pytest.mark.parametrize(
    ("text", "excerpts"),
    [
        ("It is the courier's mistake", ["is the courier's mistake"]),
        ("GLS ha distrutto il pacco, colpa loro", ["GLS ha distrutto", "colpa loro"]),
    ],
)
def test_words_that_blame_are_told_once_each(text: str, excerpts: list[str]) -> None:
    rules = ReplyRules(blame={"en": ("courier's mistake", "is the courier*"), "it": ("GLS ha distrutto",)})
    assert refused(ReplyText(text, "en", rules=rules)) == [("blame", excerpt) for excerpt in excerpts]


def test_the_agents_name_stands_in_every_text() -> None:
    for private in (False, True):
        text = GOOD.replace("Dario", "io")
        (refusal,) = check(replace(REPLY, text=text, private=private))
        assert (refusal.check, refusal.suggest) == ("no-agent-name", "sono Dario")
    assert check(replace(REPLY, text=GOOD.replace("Dario", "DARIO"), agent="Dario Bianchi")) == ()
    assert refused(replace(REPLY, text=GOOD.replace("Dario", "Dariolino")))[0][0] == "no-agent-name"


def test_a_customer_of_the_same_name_does_not_sign_for_the_agent() -> None:
    text = GOOD.replace("Anna", "Dario").replace("sono Dario", "eccomi")
    assert refused(replace(REPLY, text=text, names=("Dario",)))[0][0] == "no-agent-name"
    assert check(replace(REPLY, text=GOOD.replace("Anna", "Dario"), names=("Dario",))) == ()


def test_a_public_answer_to_a_complaint_commits_to_something_by_a_time() -> None:
    silent = replace(REPLY, commitments=(), passing={"reply": Passing(ANSWER, DUE)})
    (refusal,) = check(silent)
    assert (refusal.check, refusal.suggest, refusal.earliest_due_at) == ("no-commitment", ANSWER, DUE)
    assert check(replace(silent, private=True)) == ()
    assert check(replace(silent, kinds=frozenset({"praise"}))) == ()


def test_a_promise_on_the_customers_condition_counts_if_it_has_a_time() -> None:
    commitment = replace(REPLY.commitments[0], conditional=True)
    assert check(replace(REPLY, commitments=(commitment,))) == ()
    assert refused(replace(REPLY, commitments=(replace(commitment, due_at=None),)))[0][0] == "no-commitment"


def test_a_verdict_becomes_a_refusal_with_a_sentence_that_would_pass() -> None:
    asked = datetime(2026, 11, 24, 17, tzinfo=UTC)
    verdict = Verdict("no-room", 12, DUE, None, "A pickup by then has room for fewer.")
    refusal = refusal_for(verdict, "domani passa il corriere", PICKUP, 23, asked, "it", ROME)
    assert refusal.check == "no-room"
    assert refusal.suggest == "il corriere passa a ritirare il pacco entro giovedì 26 novembre alle 18:00"
    assert refusal.why == "A pickup by then has room for fewer."
    assert (refusal.promise_kind, refusal.asked_due_at, refusal.earliest_due_at, refusal.fits) == (
        "pickup",
        asked,
        DUE,
        12,
    )


def test_where_no_time_would_pass_none_is_suggested() -> None:
    verdict = Verdict("too-late", 0, None, None, "There is none.")
    assert refusal_for(verdict, "x", PICKUP, 1, DUE, "it", ROME).suggest is None
    with pytest.raises(ValueError, match="passes"):
        refusal_for(Verdict(None, 1, DUE, None, "It passes."), "x", PICKUP, 1, DUE, "it", ROME)


def test_a_time_is_said_in_english_where_the_language_has_no_words_for_it() -> None:
    english = "the courier collects the parcel by Thursday 26 November at 18:00"
    assert passing(PICKUP, DUE, "de", ROME).sentence == passing(PICKUP, DUE, "en-GB", ROME).sentence == english


WORDS = "il corriere ha sbagliato a breve nel minor tempo possibile ﬁ … È İ ’ \u00ad Dario asap"
words = st.lists(st.sampled_from(WORDS.split(" ")), max_size=15).map(" ".join)


@given(st.text(max_size=100) | words, st.lists(st.text(max_size=10), max_size=3))
@settings(max_examples=200)
def test_whatever_is_typed_an_excerpt_stands_in_the_text(text: str, phrases: list[str]) -> None:
    rules = ReplyRules(stock_phrases={"it": tuple(phrases)}, vague={"en": tuple(phrases)})
    reply = ReplyText(text, "it", kinds=frozenset({"complaint"}), agent="Dario", limits=Limits(length=20), rules=rules)
    for refusal in check(reply):
        assert refusal.excerpt in text
        assert refusal.why.endswith(".")
        assert refusal.suggest


def test_what_could_not_be_checked_for_personal_data_is_refused_in_public_only() -> None:
    unchecked = (PersonalData("case", "", 0, 0, unchecked=True),)
    (refusal,) = check(ReplyText("Buongiorno, sono Dario.", "it", personal=unchecked))
    assert refusal.check == "personal-data"
    assert "reply.patterns.case" in refusal.why
    assert check(ReplyText("Buongiorno, sono Dario.", "it", private=True, personal=unchecked)) == ()
