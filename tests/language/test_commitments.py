from __future__ import annotations

import json
import sys
import time as clock
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.calendar import Calendar
from caretool.domain.moment import spoken
from caretool.domain.policy import PromiseKind
from caretool.domain.reading import Commitment
from caretool.language.commitments import find

ROME = ZoneInfo("Europe/Rome")
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ROME)
STARTER = "callback reply refund delivery pickup replacement fix check escalation voucher visit other"
KINDS = {name: PromiseKind(name, "desk", ROME) for name in STARTER.split()}
DAY = ((time(9), time(13)), (time(14), time(18)))
DESK = Calendar("desk", ROME, (DAY, DAY, DAY, DAY, DAY, ((time(9), time(13)),), ()), country="IT")
LABELLED = Path(__file__).parent / "commitments"


def read(
    text: str, posted_at: datetime = MONDAY, kinds: Mapping[str, PromiseKind] = KINDS, calendar: Calendar | None = DESK
) -> tuple[Commitment, ...]:
    return find([text], languages=["it", "en"], kinds=kinds, calendar=calendar, zone=ROME, posted_at=posted_at)[0]


def only(text: str, posted_at: datetime = MONDAY, calendar: Calendar | None = DESK) -> Commitment:
    found = read(text, posted_at, calendar=calendar)
    assert len(found) == 1, found
    return found[0]


def due(text: str, posted_at: datetime = MONDAY, calendar: Calendar | None = DESK) -> str:
    moment = only(text, posted_at, calendar).due_at
    assert moment is not None
    return f"{moment.astimezone(ROME):%m-%d %H:%M}"


# ---- the labelled sentences


@dataclass
class Score:
    gold: int = 0
    found: int = 0
    matched: int = 0
    due: int = 0
    kind: int = 0

    def __str__(self) -> str:
        return (
            f"recall {self.matched / self.gold:.2f}  precision {self.matched / self.found:.2f}  "
            f"due {self.due / self.matched:.2f}  kind {self.kind / self.matched:.2f}  ({self.gold} promises)"
        )


def score(language: str, parts: tuple[str, ...]) -> Score:
    total = Score()
    for part in parts:
        for line in (LABELLED / f"{language}.{part}.jsonl").read_text(encoding="utf-8").splitlines():
            labelled = json.loads(line)
            rest = [(_when(one), one.promise_kind) for one in read(labelled["text"])]
            total.gold += len(labelled["promises"])
            total.found += len(rest)
            for kind, when, *_ in labelled["promises"][: len(rest)]:
                best = max(rest, key=lambda pair: (pair[0] == when, pair[1] == kind))
                rest.remove(best)
                total.matched += 1
                total.due += best[0] == when
                total.kind += best[1] == kind
    return total


def _when(one: Commitment) -> str | None:
    if one.vague:
        return "vague"
    return f"{one.due_at.astimezone(ROME):%Y-%m-%d %H:%M}" if one.due_at else None


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_labelled_sentences_are_read(language: str) -> None:
    whole = score(language, ("seen", "measured"))
    for part in ("seen", "measured"):
        sys.stdout.write(f"\n{language} {part:8} {score(language, (part,))}")
    assert whole.matched / whole.gold >= 0.8
    assert whole.matched / whole.found >= 0.8
    assert whole.due / whole.matched >= 0.85
    assert whole.kind / whole.matched >= 0.8


@pytest.mark.parametrize("language", ["it", "en"])
def test_the_labelled_sentences_that_wait_for_the_customer_are_conditional(language: str) -> None:
    for line in (LABELLED / f"{language}.seen.jsonl").read_text(encoding="utf-8").splitlines():
        labelled = json.loads(line)
        waits = [len(promise) == 3 for promise in labelled["promises"]]
        assert [one.conditional for one in read(labelled["text"])] == waits, labelled["text"]


# ---- what `{{ promises.K.when }}` renders is read back

MINUTE = timedelta(minutes=1)
MINUTES = st.integers(min_value=1, max_value=300 * 24 * 60 - 1)
POSTED = st.integers(min_value=0, max_value=366 * 24 * 60).map(lambda m: datetime(2026, 1, 1, tzinfo=UTC) + m * MINUTE)
SENTENCES = {
    "it": "Gentile Sig. Rossi, sono Dario. Mi scuso per l'attesa: verifico con il corriere e le rispondo qui {when}.",
    "en": "Hello Sarah, I'm Dario and I am sorry. I am checking with the courier and will reply here {when}.",
}


@pytest.mark.parametrize("language", ["it", "en"])
@settings(max_examples=150, deadline=None)
@given(posted_at=POSTED, minutes=MINUTES)
def test_a_rendered_time_is_read_back_to_the_minute(language: str, posted_at: datetime, minutes: int) -> None:
    moment = posted_at + minutes * MINUTE
    text = SENTENCES[language].format(when=spoken(moment, language, ROME))
    found = only(text, posted_at)
    assert (found.due_at, found.promise_kind, found.relative) == (moment, "reply", False)
    assert not found.vague
    assert not found.conditional


@pytest.mark.parametrize("minutes", [0, 30, 59, 60, 90, 119])
@pytest.mark.parametrize("language", ["it", "en"])
def test_both_passes_through_the_repeated_hour_are_read_back(language: str, minutes: int) -> None:
    moment = datetime(2026, 10, 25, 0, 0, tzinfo=UTC) + minutes * MINUTE
    text = SENTENCES[language].format(when=spoken(moment, language, ROME))
    assert only(text, datetime(2026, 10, 1, tzinfo=UTC)).due_at == moment


def test_a_desk_reads_the_name_of_its_own_zone_before_anybody_elses() -> None:
    dublin = ZoneInfo("Europe/Dublin")
    moment = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    text = SENTENCES["en"].format(when=spoken(moment, "en", dublin))
    found = find(
        [text], languages=["en"], kinds=KINDS, calendar=None, zone=dublin, posted_at=MONDAY - timedelta(days=60)
    )
    assert "01:30 IST" in text
    assert [one.due_at for one in found[0]] == [moment]


def test_a_rendered_time_that_has_passed_stays_in_the_past() -> None:
    moment = MONDAY - timedelta(days=2)
    assert only(f"Le rispondiamo qui {spoken(moment, 'it', ROME)}.").due_at == moment


# ---- the conventions, counted from posting


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("entro 3 ore", "11-23 13:00"),
        ("entro 24 ore", "11-24 10:00"),
        ("entro un'ora", "11-23 11:00"),
        ("tra mezz'ora", "11-23 10:30"),
        ("entro 20 minuti", "11-23 10:20"),
        ("in giornata", "11-23 18:00"),
        ("oggi", "11-23 18:00"),
        ("domani", "11-24 18:00"),
        ("dopodomani", "11-25 18:00"),
        ("domani mattina", "11-24 13:00"),
        ("domattina", "11-24 13:00"),
        ("domani a pranzo", "11-24 13:00"),
        ("domani pomeriggio", "11-24 18:00"),
        ("domani sera", "11-24 23:59"),
        ("stasera", "11-23 23:59"),
        ("entro mezzanotte", "11-23 23:59"),
        ("domani come prima cosa", "11-24 10:00"),
        ("entro le 18", "11-23 18:00"),
        ("entro le 9", "11-24 09:00"),
        ("domani alle 9:30", "11-24 09:30"),
        ("domani alle 9 di sera", "11-24 21:00"),
        ("entro lunedì", "11-23 18:00"),
        ("lunedì prossimo", "11-30 18:00"),
        ("venerdì", "11-27 18:00"),
        ("sabato", "11-28 13:00"),
        ("domenica", "11-29 18:00"),
        ("giovedì mattina", "11-26 13:00"),
        ("entro 2 giorni lavorativi", "11-25 18:00"),
        ("entro 11 giorni lavorativi", "12-09 18:00"),
        ("entro 3 giorni", "11-26 18:00"),
        ("entro una settimana", "11-30 18:00"),
        ("entro un paio di giorni", "11-25 18:00"),
        ("entro 2-3 giorni", "11-26 18:00"),
        ("tra mercoledì e venerdì", "11-27 18:00"),
        ("tra venerdì e martedì", "12-01 18:00"),
        ("domani tra le 9 e le 13", "11-24 13:00"),
        ("oggi o domani", "11-24 18:00"),
        ("entro fine settimana", "11-27 18:00"),
        ("nel weekend", "11-29 23:59"),
        ("la prossima settimana", "12-04 18:00"),
        ("giovedì della prossima settimana", "12-03 18:00"),
        ("entro fine mese", "11-30 18:00"),
        ("a partire da mercoledì", "11-25 18:00"),
        ("il 26 novembre", "11-26 18:00"),
        ("entro il 26/11 alle 12", "11-26 12:00"),
        ("entro il 2", "12-02 18:00"),
    ],
)
def test_italian_times_follow_the_conventions(words: str, expected: str) -> None:
    assert due(f"Le consegniamo il pacco {words}.") == expected
    assert due(f"Buongiorno Anna, {words} le consegniamo il pacco!") == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("within 3 hours", "11-23 13:00"),
        ("within 24 hours", "11-24 10:00"),
        ("in half an hour", "11-23 10:30"),
        ("by EOD", "11-23 18:00"),
        ("today", "11-23 18:00"),
        ("by tomorrow", "11-24 18:00"),
        ("the day after tomorrow", "11-25 18:00"),
        ("tomorrow morning", "11-24 13:00"),
        ("by lunch tomorrow", "11-24 13:00"),
        ("this afternoon", "11-23 18:00"),
        ("tonight", "11-23 23:59"),
        ("by midnight", "11-23 23:59"),
        ("first thing tomorrow", "11-24 10:00"),
        ("first thing in the morning", "11-24 10:00"),
        ("by 6pm", "11-23 18:00"),
        ("by 18:00", "11-23 18:00"),
        ("tomorrow at 9.30", "11-24 09:30"),
        ("tomorrow at 5", "11-24 17:00"),
        ("at 18:00 UTC", "11-23 19:00"),
        ("by Monday", "11-23 18:00"),
        ("next Monday", "11-30 18:00"),
        ("on Saturday", "11-28 13:00"),
        ("within 2 working days", "11-25 18:00"),
        ("within three days", "11-26 18:00"),
        ("in a couple of days", "11-25 18:00"),
        ("in 2 to 3 days", "11-26 18:00"),
        ("between Wednesday and Friday", "11-27 18:00"),
        ("tomorrow between 9 and 13", "11-24 13:00"),
        ("by the end of the week", "11-27 18:00"),
        ("over the weekend", "11-29 23:59"),
        ("next week", "12-04 18:00"),
        ("by the end of the month", "11-30 18:00"),
        ("from Wednesday", "11-25 18:00"),
        ("on Nov 26", "11-26 18:00"),
        ("by 26 November at noon", "11-26 12:00"),
        ("by the 2nd", "12-02 18:00"),
    ],
)
def test_english_times_follow_the_conventions(words: str, expected: str) -> None:
    assert due(f"We will deliver the parcel {words}.") == expected


def test_a_weekday_is_today_only_while_its_closing_lies_ahead() -> None:
    assert due("Ti rimborsiamo lunedì.", MONDAY.replace(hour=17, minute=59)) == "11-23 18:00"
    assert due("Ti rimborsiamo lunedì.", MONDAY.replace(hour=18)) == "11-30 18:00"


def test_without_a_calendar_a_day_closes_at_six() -> None:
    assert due("Ti rimborsiamo sabato.", calendar=None) == "11-28 18:00"


def test_the_kinds_own_calendar_wins() -> None:
    early = replace(DESK, week=(((time(6), time(12)),),) * 7)
    kinds = KINDS | {"refund": replace(KINDS["refund"], calendar=early)}
    moment = read("Ti rimborsiamo domani.", kinds=kinds)[0].due_at
    assert moment is not None
    assert moment.astimezone(ROME).hour == 12


def test_public_holidays_are_no_working_days_where_the_country_is_known() -> None:
    before = datetime(2026, 12, 7, 10, tzinfo=ROME)
    assert due("Ti rimborsiamo entro 1 giorno lavorativo.", before) == "12-09 18:00"
    assert due("Ti rimborsiamo entro 1 giorno lavorativo.", before, calendar=None) == "12-08 18:00"


def test_a_date_is_the_next_one_also_over_new_year() -> None:
    found = only("Le consegniamo il pacco il 3 gennaio.", datetime(2026, 12, 28, 10, tzinfo=ROME))
    assert found.due_at is not None
    assert found.due_at.date() == date(2027, 1, 3)


# ---- what is said of a commitment


@pytest.mark.parametrize(
    ("text", "relative"),
    [
        ("Ti rimborsiamo domani.", True),
        ("Ti rimborsiamo entro 24 ore.", True),
        ("Ti rimborsiamo stasera.", True),
        ("Ti rimborsiamo entro venerdì.", True),
        ("Ti rimborsiamo entro giovedì 26 novembre alle 18:00.", False),
        ("We will refund you by 26 November.", False),
        ("We will refund you.", False),
    ],
)
def test_what_moves_with_the_moment_of_posting_is_relative(text: str, relative: bool) -> None:
    assert only(text).relative is relative


@pytest.mark.parametrize("words", ["a breve", "al più presto", "asap", "nel minor tempo possibile", "quanto prima"])
def test_a_time_that_is_none_is_vague(words: str) -> None:
    found = only(f"Le rispondiamo {words}.")
    assert (found.vague, found.due_at, found.promise_kind) == (True, None, "reply")


def test_a_commitment_without_a_time_is_not_vague() -> None:
    found = only("We'll look into it.")
    assert (found.vague, found.due_at, found.promise_kind) == (False, None, "check")


def test_what_shares_the_time_of_its_sentence_is_no_second_commitment() -> None:
    found = only("Verifico subito con il corriere e le rispondo qui entro le 18.")
    assert (found.promise_kind, found.excerpt) == ("reply", "le rispondo qui entro le 18")


THURSDAY, TOMORROW, NOON = "11-26 18:00", "11-24 18:00", "11-24 12:00"


@pytest.mark.parametrize(
    ("text", "kinds", "expected"),
    [
        ("La rimborsiamo e le rispondo qui entro giovedì alle 18.", "refund reply", THURSDAY),
        ("Le rispondo qui entro giovedì alle 18 e la rimborsiamo.", "reply refund", THURSDAY),
        (
            "Le sostituiamo la lampada, le mandiamo un buono e le rispondo qui entro domani alle 18.",
            "replacement voucher reply",
            TOMORROW,
        ),
        ("Il corriere ritira il pacco e la richiamo entro domani alle 12.", "pickup callback", NOON),
        ("Le mandiamo un tecnico, la richiamo io entro domani alle 12.", "visit callback", NOON),
        ("Le mandiamo il corriere e la richiamo entro domani alle 12.", "pickup callback", NOON),
        ("Possiamo rimborsarla e richiamarla entro domani alle 12.", "refund callback", NOON),
        ("Il rimborso verrà disposto e le rispondo qui entro domani alle 12.", "refund reply", NOON),
        ("We will refund you in full and I'll call you by Thursday at 6pm.", "refund callback", THURSDAY),
        (
            "We'll replace the lamp, send you a voucher, and I'll reply here by tomorrow at 6pm.",
            "replacement voucher reply",
            TOMORROW,
        ),
        ("We'll refund you and call you by Thursday at 6pm.", "refund callback", THURSDAY),
        (
            "The courier will collect it and I'll reply here by Thursday 26 November at 18:00.",
            "pickup reply",
            THURSDAY,
        ),
    ],
)
def test_promises_joined_in_a_sentence_share_its_time(text: str, kinds: str, expected: str) -> None:
    found = read(text)
    assert [one.promise_kind for one in found] == kinds.split()
    assert {f"{one.due_at.astimezone(ROME):%m-%d %H:%M}" for one in found if one.due_at} == {expected}
    assert {(one.due_at is None, one.relative, one.conditional) for one in found} == {(False, "26" not in text, False)}
    assert all(text[one.start : one.end] == one.excerpt for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@pytest.mark.parametrize(
    ("text", "kind", "excerpt"),
    [
        ("Verifico con il corriere e le rispondo qui entro domani.", "reply", "le rispondo qui entro domani"),
        ("Sollecito il rimborso e le rispondo qui entro domani.", "reply", "le rispondo qui entro domani"),
        ("Ricostruisco la consegna e le rispondo qui entro domani.", "reply", "le rispondo qui entro domani"),
        ("Contatto il corriere e le rispondo qui entro domani.", "reply", "le rispondo qui entro domani"),
        ("Ho chiesto il rimborso e le rispondo qui entro domani.", "reply", "le rispondo qui entro domani"),
        ("I'll check with the warehouse and reply here by tomorrow at 6pm.", "reply", "reply here by tomorrow at 6pm"),
        ("I'll look into it and get back to you by tomorrow.", "reply", "get back to you by tomorrow"),
        ("I'll investigate what happened and I'll reply here by noon.", "reply", "I'll reply here by noon"),
        ("I'll ask when the courier will deliver and reply here by noon.", "reply", "reply here by noon"),
        ("I'll check and call you tomorrow morning.", "callback", "call you tomorrow morning"),
    ],
)
def test_a_step_on_the_way_is_no_promise_of_its_own(text: str, kind: str, excerpt: str) -> None:
    found = only(text)
    assert (found.promise_kind, found.excerpt, found.due_at is None) == (kind, excerpt, False)


def test_what_the_customer_is_asked_for_without_a_pronoun_is_no_promise() -> None:
    assert read("Please check the app and reply here by tomorrow.") == ()


def test_commitments_with_times_of_their_own_are_quoted_whole() -> None:
    found = read("Domani passa il corriere e la richiamo entro giovedì.")
    assert [one.excerpt for one in found] == ["Domani passa il corriere", "la richiamo entro giovedì"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Give me an hour and I'll have an answer.", "11-23 11:00"),
        ("Give us until Wednesday and we'll refund you.", "11-25 18:00"),
        ("Dia tempo fino a mercoledì e le restituiamo tutto.", "11-25 18:00"),
        ("Mi dia un'ora e le rispondo.", "11-23 11:00"),
    ],
)
def test_the_time_that_we_ask_for_is_ours(text: str, expected: str) -> None:
    assert due(text) == expected
    assert not only(text).conditional


def test_several_commitments_of_one_text_are_all_found() -> None:
    text = (
        "Domani passa il corriere a ritirare il pacco e la rimborsiamo entro venerdì. Un collega la richiama stasera."
    )
    assert [one.promise_kind for one in read(text)] == ["pickup", "refund", "callback"]


def test_offsets_cut_the_excerpt_out_of_the_text() -> None:
    text = "GENTILE İrem 👋🏽, mi scuso: DOMANI passa il corriere a ritirare i pacchi."
    found = only(text)
    assert text[found.start : found.end] == found.excerpt == "DOMANI passa il corriere a ritirare i pacchi"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Il corriere le consegna il pacco domani.", "delivery"),
        ("Domani passa il corriere.", "pickup"),
        ("Il rimborso arriva domani.", "refund"),
        ("Il rimborso è partito e arriverà entro venerdì.", "refund"),
        ("Le spediamo il ricambio domani.", "replacement"),
        ("Sento il magazzino per il rimborso e la richiamo domani.", "callback"),
        ("Può scegliere fra cambio e rimborso: le confermo tutto domani.", "reply"),
        ("I'll confirm here that it is done by Friday.", "reply"),
        ("Quello nuovo le arriva domani.", "replacement"),
        ("You will receive the missing part by Friday.", "replacement"),
        ("Domani ci pensiamo noi.", "other"),
        ("The courier delivers your parcel tomorrow.", "delivery"),
        ("The courier is coming to pick your parcel up tomorrow.", "pickup"),
        ("Your refund arrives tomorrow.", "refund"),
    ],
)
def test_the_verb_names_the_kind_before_the_things_around_it(text: str, kind: str) -> None:
    assert only(text).promise_kind == kind


def test_a_policys_own_cues_name_its_kinds() -> None:
    fitting = PromiseKind("fitting", "shop", ROME, cues={"it": ("prova abit*",)})
    found = read("Le fissiamo la prova dell'abito per sabato.", kinds={"fitting": fitting})
    assert [one.promise_kind for one in found] == ["fitting"]


def test_only_kinds_of_the_policy_are_named() -> None:
    assert [one.promise_kind for one in read("Ti rimborsiamo domani.", kinds={})] == ["other"]


@pytest.mark.parametrize(
    "text",
    [
        "Se ci manda il numero la richiamiamo entro le 18.",
        "Non appena riceviamo la foto le spediamo il ricambio.",
        "Ti rimborsiamo entro 5 giorni dal ricevimento del reso.",
        "If you send us the number, we will call you today.",
        "DM us your number and we'll call you today.",
        "We'll refund you within 5 days of receiving your return.",
    ],
)
def test_what_waits_for_the_customer_is_conditional(text: str) -> None:
    assert only(text).conditional


def test_what_waits_for_us_is_not_conditional() -> None:
    assert not only("Se il corriere non passa domani, la rimborsiamo entro venerdì.").conditional


@pytest.mark.parametrize(
    "text",
    [
        "Mi scuso e grazie.",
        "Ci scriva in privato entro domani.",
        "L'ordine del 20 novembre è stato annullato.",
        "Lo sconto vale fino a domenica.",
        "Non riusciamo a consegnare entro venerdì.",
        "La richiamiamo domani?",
        "Da tre giorni aspetta una risposta, ha ragione.",
        "Buona domenica e a presto!",
        "We can't deliver by Friday.",
        "Shall we call you tomorrow?",
        "You have 14 days to return it.",
        "Have a nice weekend, see you soon!",
        "Ho letto che aspettava il pacco da lunedì.",
        "Di solito la consegna richiede 3 giorni.",
        "Delivery usually takes 3 days.",
        "Il negozio riapre lunedì alle 9.",
        "Mi chiamo Dario.",
    ],
)
def test_what_promises_nothing_is_left_alone(text: str) -> None:
    assert read(text) == ()


# ---- whatever is typed


WORDS = "entro il 31 02 29/2 99 alle 25 24 e domani venerdì o a la le consegniamo fa se un ora giorni . ? , -"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200) | st.lists(st.sampled_from(WORDS.split())).map(" ".join))
def test_any_text_is_read_without_an_error(text: str) -> None:
    for one in read(text):
        assert text[one.start : one.end] == one.excerpt != ""


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "entro ",
        "le rispondo domani e ",
        "1",
        ". ",
        "entro il 1/",
        "non ",
        "se ",
        "will ",
        "\n",
        "un paio di ",
        "\udcff",
    ],
)
def test_the_work_grows_with_the_length_and_not_faster(piece: str) -> None:
    def seconds(length: int) -> float:
        begun = clock.process_time()
        read(piece * (length // len(piece)))
        return clock.process_time() - begun

    seconds(1_000)
    assert seconds(16_000) < 12 * seconds(4_000) + 0.05


def test_texts_are_read_in_bulk_and_unknown_languages_left_out() -> None:
    found = find(
        ["Ti rimborsiamo domani.", "", "grazie"],
        languages=["xx", "../it", "it-IT"],
        kinds=KINDS,
        calendar=None,
        zone=ROME,
        posted_at=MONDAY,
    )
    assert [len(one) for one in found] == [1, 0, 0]
