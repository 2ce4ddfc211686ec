"""A reply speaks as the house does: register, greeting, variants, signature, links, the customer's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caretool.desk import approving, composing, previewing, replying
from caretool.desk.registers import Wanted, remarks
from caretool.desk.request import Composed, Request
from caretool.domain.links import Link
from caretool.domain.template import Template, Wording
from caretool.domain.voice import AccountVoice, ThreadVoice, Voice
from caretool.errors import UsageProblem
from tests.desk.stage import Stage, at, comment

A, B, C = (
    "{{ greeting }}, sono {{ agent.name }}: grazie davvero.",
    "{{ greeting }}, {{ agent.name }} qui: mille grazie.",
    "{{ greeting }}, un grazie da {{ agent.name }}, con un saluto.",
)
NILO = Link("nilo", "https://shop.example/3331234567", "product", {"it": "Nilo"}, ("it",), cues={"it": ("nilo",)})
PAGE = Link("page", "https://shop.example/page", "help", {"it": "Aiuto", "en": "Help"}, ("it", "en"), ("thanks",))


def lay(stage: Stage, *texts: str, language: str = "it", **more: object) -> None:
    """A template `thanks` with these public texts."""
    words = Wording(public=texts[0], more={"public": texts[1:]} if len(texts) > 1 else {})
    put(stage, Template("thanks", "thanks", replies={language: words}, **more))  # type: ignore[arg-type]


def put(stage: Stage, template: Template) -> None:
    stage.settings = replace(stage.settings, templates={**stage.settings.templates, template.id: template})


def speaks(stage: Stage, voice: Voice | None = None, links: tuple[Link, ...] = ()) -> None:
    policy = replace(stage.settings.policy, voice=voice or Voice(), links=links)
    stage.settings = replace(stage.settings, policy=policy)


def write(stage: Stage, number: int, text: str = "Grazie mille, siete bravissimi", **more: object) -> list[str]:
    names = [f"c{n}" for n in range(number)]
    stage.fetch(*(comment(name, text, **more) for name in names))  # type: ignore[arg-type]
    return names


def composed(
    stage: Stage, *ids: str, text: str | None = None, template: str | None = "thanks", **more: object
) -> Composed:
    named = None if text is not None else template
    request = stage.ask(*ids, text=text, template=named, include_new=True, **more)
    return replying.consider(stage.desk(), request)


def which(texts: list[str]) -> list[str]:
    """The variants, by a letter, of which these replies were made."""
    marks = {"grazie davvero": "a", "mille grazie": "b", "con un saluto": "c"}
    return [next(letter for words, letter in marks.items() if words in text) for text in texts]


# ── register ──


@pytest.mark.parametrize(
    ("voice", "said"),
    [
        (Voice(), "Buongiorno Anna"),
        (Voice(register={"it": "lei"}), "Buongiorno Anna"),
        (Voice(register={"it": "tu"}), "Ciao Anna"),
        (Voice(register={"it": "lei"}, accounts={"page": AccountVoice({"it": "tu"})}), "Ciao Anna"),
        (Voice(register={"it": "lei"}, accounts={"fediverse": AccountVoice({"it": "tu"})}), "Buongiorno Anna"),
        (Voice(register={"it": "lei"}, threads=(ThreadVoice("post", {"it": "tu"}),)), "Ciao Anna"),
        (Voice(register={"it": "tu"}, threads=(ThreadVoice("other", {"it": "lei"}),)), "Ciao Anna"),
    ],
)
def test_a_greeting_follows_the_register_that_is_nearest(stage: Stage, voice: Voice, said: str) -> None:
    speaks(stage, voice)
    lay(stage, "{{ greeting }}, grazie da {{ agent.name }}.")
    write(stage, 1, name="Anna")
    assert composed(stage, "c0").parts[0].text == f"{said}, grazie da Dario."


def test_a_templates_register_goes_before_the_accounts_and_after_the_threads(stage: Stage) -> None:
    lay(stage, "{{ greeting }}, grazie da {{ agent.name }}.", register={"it": "tu"})
    write(stage, 1, name="Anna")
    speaks(stage, Voice(accounts={"page": AccountVoice({"it": "lei"})}))
    assert composed(stage, "c0").parts[0].text.startswith("Ciao Anna")
    assert composed(stage, "c0", text="{{ greeting }}, sono {{ agent.name }}.").parts[0].text.startswith("Buongiorno")
    speaks(stage, Voice(threads=(ThreadVoice("post", {"it": "lei"}),)))
    assert composed(stage, "c0").parts[0].text.startswith("Buongiorno Anna")


def test_the_texts_of_a_register_are_taken_where_there_are_any(stage: Stage) -> None:
    put(stage, Template("thanks", "thanks", replies={"it": Wording(
        public="{{ greeting }}, grazie a lei da {{ agent.name }}.",
        private="{{ greeting }}, grazie in privato da {{ agent.name }}.",
        registers={"tu": Wording(public="{{ greeting }}, grazie a te da {{ agent.name }}.")},
    )}))  # fmt: skip
    write(stage, 1, name="Anna")
    speaks(stage, Voice(register={"it": "lei"}))
    plain = composed(stage, "c0")
    assert (plain.parts[0].text, plain.remarks) == ("Buongiorno Anna, grazie a lei da Dario.", ())
    speaks(stage, Voice(register={"it": "lei"}, threads=(ThreadVoice("post", {"it": "tu"}),)))
    familiar = composed(stage, "c0")
    assert (familiar.parts[0].text, familiar.remarks) == ("Ciao Anna, grazie a te da Dario.", ())
    private = composed(stage, "c0", private=True)
    assert private.parts[0].text == "Ciao Anna, grazie in privato da Dario."
    assert private.remarks == ("thanks has no private text in it for tu: the usual one is taken.",)


def test_usual_words_that_contradict_the_register_are_left_to_the_check(stage: Stage) -> None:
    lay(stage, "{{ greeting }}, sono {{ agent.name }}: grazie, le sono grato, a lei un saluto.")
    write(stage, 1, name="Anna")
    speaks(stage, Voice(register={"it": "lei"}, accounts={"page": AccountVoice({"it": "tu"})}))
    found = composed(stage, "c0")
    assert [refusal.check for refusal in found.refusals] == ["wrong-register"]
    assert found.remarks == ()


# ── greeting ──


def test_the_hour_is_the_desks_and_does_not_change_after_the_yes(stage: Stage) -> None:
    lay(stage, A)
    write(stage, 1, name="Anna")
    stage.clock.says(23, 16, 59)
    request = stage.ask("c0", text=None, template="thanks", include_new=True)
    before = replying.consider(stage.desk(), request)
    assert before.parts[0].text.startswith("Buongiorno Anna")
    stage.clock.says(23, 17)
    again = replying.approve(stage.desk(), request, shown=before)
    assert (again.state, again.composed.parts[0].text[:9]) == (None, "Buonasera")  # shown again, not posted
    approved = replying.approve(stage.desk(), request, shown=again.composed)
    assert approved.state == "approved"
    stage.clock.says(24, 9)
    stage.send()
    assert stage.page.wall[0].text.startswith("Buonasera Anna")


def test_one_greeting_names_them_all(stage: Stage) -> None:
    put(stage, Template("thanks", "thanks", replies={"it": Wording(
        together="{{ greeting }}, sono {{ agent.name }}: grazie a tutti.")}))  # fmt: skip
    stage.page.limits = replace(stage.page.limits, length=80)
    names = [f"Persona {letter}" for letter in "ABCDEFGHI"]
    stage.fetch(*(comment(f"c{n}", "Bravi!", name=name) for n, name in enumerate(names)))
    speaks(stage, Voice(register={"it": "tu"}))
    texts = [part.text for part in composed(stage, *(f"c{n}" for n in range(9)), mode="together").parts]
    assert len(texts) > 1
    assert all(text.startswith("Ciao Persona ") and len(text) <= 80 for text in texts)
    assert all(sum(text.count(name) for text in texts) == 1 for name in names)


def test_a_typed_text_that_would_name_everybody_twice_is_not_taken(stage: Stage) -> None:
    ids = write(stage, 6)
    with pytest.raises(UsageProblem, match="would name them again"):
        composed(stage, *ids, text="{{ greeting }} e {{ people }}, grazie da {{ agent.name }}.", mode="together")


def test_a_name_that_is_none_is_not_greeted_as_one(stage: Stage) -> None:
    lay(stage, A)
    write(stage, 1, author="anna_r", name="{{ agent.signature }} www.spam.example")
    assert composed(stage, "c0").parts[0].text.startswith("Buongiorno anna_r, sono")


# ── the customer's language ──


@pytest.mark.parametrize(
    ("language", "text", "remarks"),
    [
        ("it", "Buongiorno Anna, ciao da Dario.", ()),
        ("en", "Hello Anna, bye from Dario.", ()),
        ("fr", "Buongiorno Anna, ciao da Dario.",
         ("Written in fr, which the company does not speak: answered in it.",)),
    ],
)  # fmt: skip
def test_an_answer_is_in_the_language_of_the_comment(
    stage: Stage, language: str, text: str, remarks: tuple[str, ...]
) -> None:
    texts = {"it": "{{ greeting }}, ciao da {{ agent.name }}.", "en": "{{ greeting }}, bye from {{ agent.name }}."}
    put(stage, Template("thanks", "thanks", replies={tag: Wording(public=said) for tag, said in texts.items()}))
    write(stage, 1, language=language, name="Anna")
    found = composed(stage, "c0")
    assert (found.parts[0].text, found.parts[0].target.language) == (text, "en" if language == "en" else "it")
    assert found.remarks == remarks


def test_a_template_that_lacks_the_language_is_taken_in_another_and_says_so(stage: Stage) -> None:
    lay(stage, A)
    write(stage, 2, language="en")
    found = composed(stage, "c0", "c1")
    assert {part.target.language for part in found.parts} == {"it"}
    assert found.remarks[0] == "thanks has no public text in en: answered in it (2 answers)."


@pytest.mark.parametrize(
    ("text", "language", "begins"),
    [
        ("{{ greeting }}, this is {{ agent.name }} and I thank you for your kind words.", "en", "Hello"),
        ("{{ greeting }}, sono {{ agent.name }} e la ringrazio delle sue parole gentili.", "it", "Buongiorno"),
    ],
)
def test_typed_words_are_greeted_in_their_own_language(stage: Stage, text: str, language: str, begins: str) -> None:
    write(stage, 1, "Grazie", language=None)
    part = composed(stage, "c0", text=text).parts[0]
    assert (part.target.language, part.text.split()[0]) == (language, begins)


# ── variants ──


def test_neighbours_under_a_thread_get_different_words(stage: Stage) -> None:
    lay(stage, A, B)
    ids = write(stage, 40)
    found = composed(stage, *ids)
    letters = which([part.text for part in found.parts])
    assert all(one != other for one, other in pairwise(letters))
    assert found.remarks == ()


def test_the_next_answers_go_on_where_the_last_ones_ended(stage: Stage) -> None:
    lay(stage, A, B, C)
    ids = write(stage, 6)
    said: list[str] = []
    for turn in (ids[:2], ids[2:3], ids[3:]):
        stage.reply(*turn, text=None, template="thanks", include_new=True, mode="each")
        stage.send()
        said = which([post.text for post in stage.page.wall])
    assert "".join(said) == "abcabc"


def test_another_thread_begins_anew(stage: Stage) -> None:
    lay(stage, A, B)
    stage.fetch(*(comment(f"c{n}", "Bravi!", thread=f"post{n % 2}") for n in range(4)))
    found = composed(stage, "c0", "c1", "c2", "c3")
    by_thread: dict[str | None, list[str]] = {}
    for part in found.parts:
        by_thread.setdefault(part.comments[0].thread_native_id, []).append(part.text)
    assert {thread: "".join(which(texts)) for thread, texts in by_thread.items()} == {"post0": "ab", "post1": "ab"}


def test_words_that_failed_or_wait_for_approval_are_not_the_last_ones(stage: Stage) -> None:
    lay(stage, A, B)
    ids = write(stage, 2)
    stage.reply(ids[0], text=None, template="thanks", include_new=True, agent="tom")  # awaits
    assert which([composed(stage, ids[1]).parts[0].text]) == ["a"]


def test_what_was_shown_is_what_is_approved(stage: Stage) -> None:
    lay(stage, A, B, C)
    ids = write(stage, 7)
    request = stage.ask(*ids, text=None, template="thanks", include_new=True)
    shown = replying.consider(stage.desk(), request)
    outcome = replying.approve(stage.desk(), request, shown=shown)
    assert outcome.state == "approved"
    assert [reply.text for reply in outcome.replies] == [part.text for part in shown.parts]


def test_a_draft_reads_as_it_was_shown_when_it_is_approved(stage: Stage) -> None:
    lay(stage, A, B)
    ids = write(stage, 5)
    drafted = stage.reply(*ids, text=None, template="thanks", include_new=True, agent="tom")
    draft = approving.find(stage.desk("giulia"), drafted.replies[0].draft)
    shown = approving.consider(stage.desk("giulia"), draft)
    assert [part.text.replace("Giulia", "Tom") for part in shown.parts] == [reply.text for reply in drafted.replies]
    outcome = approving.approve(stage.desk("giulia"), draft, shown=shown)
    assert [reply.text for reply in outcome.replies] == [part.text for part in shown.parts]


def test_a_draft_keeps_its_words_whatever_was_said_under_the_thread_meanwhile(stage: Stage) -> None:
    lay(stage, A, B, C)
    ids = write(stage, 6)
    drafted = stage.reply(*ids[:4], text=None, template="thanks", include_new=True, agent="tom")
    draft = approving.find(stage.desk("giulia"), drafted.replies[0].draft)
    stage.reply(ids[5], text=None, template="thanks", include_new=True)
    stage.send()
    outcome = approving.approve(stage.desk("giulia"), draft, shown=None)
    assert [reply.text for reply in outcome.replies] == [reply.text for reply in drafted.replies]


def test_many_who_get_the_same_words_are_told_of(stage: Stage) -> None:
    lay(stage, A)
    ids = write(stage, 6)
    assert composed(stage, *ids).remarks == (
        "6 people get the same words: add variants to thanks.toml, or answer them together.",
    )
    assert composed(stage, *ids[:4]).remarks == ()


# ── signature ──


def test_a_signature_ends_every_text_that_does_not_show_it(stage: Stage) -> None:
    agents = {**stage.settings.agents, "dario": replace(stage.settings.agents["dario"], signature="Dario, Bottega Blu")}
    stage.settings = replace(stage.settings, agents=agents)
    speaks(stage, Voice(signature="append", accounts={"fediverse": AccountVoice(signature="none")}))
    write(stage, 1, name="Anna")
    assert composed(stage, "c0", text="Grazie, {{ person.name }}.").parts[0].text == "Grazie, Anna.\nDario, Bottega Blu"
    shown = composed(stage, "c0", text="Grazie, {{ person.name }}. {{ agent.signature }}").parts[0].text
    assert shown.count("Bottega Blu") == 1
    stage.settings = replace(stage.settings, agents={**agents, "dario": replace(agents["dario"], signature=None)})
    assert composed(stage, "c0", text="Grazie da {{ agent.name }}.").parts[0].text == "Grazie da Dario."


def test_the_signature_counts_towards_the_length_of_every_part(stage: Stage) -> None:
    agents = {"dario": replace(stage.settings.agents["dario"], signature="Dario, assistenza clienti Bottega Blu")}
    stage.settings = replace(stage.settings, agents=agents)
    speaks(stage, Voice(signature="append"))
    stage.page.limits = replace(stage.page.limits, length=100)
    ids = write(stage, 12)
    found = composed(stage, *ids, text="Grazie {{ people }}, da tutti noi!", mode="together")
    assert found.refusals == ()
    assert len(found.parts) > 1
    assert all(
        len(part.text) <= 100 and part.text.endswith("\n" + str(agents["dario"].signature)) for part in found.parts
    )
    stage.page.limits = replace(stage.page.limits, length=50)
    (refusal,) = composed(stage, "c0", text="Grazie {{ person.name }}, da tutti noi!").refusals
    assert refusal.check == "too-long"


# ── links ──


def test_a_text_links_the_page_that_fits(stage: Stage) -> None:
    speaks(stage, links=(PAGE, NILO))
    lay(stage, "{{ greeting }}, sono {{ agent.name }}: {{ link.title }}, {{ link.url }}.")
    stage.fetch(comment("c0", "Bravi!", name="Anna"), comment("c1", "La nilo è bella", name="Ugo"))
    texts = [part.text for part in composed(stage, "c0", "c1").parts]
    assert texts == [
        "Buongiorno Anna, sono Dario: Aiuto, https://shop.example/page.",
        "Buongiorno Ugo, sono Dario: Nilo, https://shop.example/3331234567.",
    ]


def test_an_address_of_the_catalogue_is_no_personal_data(stage: Stage) -> None:
    speaks(stage, links=(NILO,))
    rules = replace(stage.settings.policy.reply, patterns={"article": r"\d{10}"})
    stage.settings = replace(stage.settings, policy=replace(stage.settings.policy, reply=rules))
    write(stage, 1)
    said = "{{ person.name }}, sono {{ agent.name }}: "
    assert composed(stage, "c0", text=said + "{{ links.nilo.url }}").refusals == ()
    refused = composed(stage, "c0", text=said + "333 1234567").refusals
    assert "personal-data" in [refusal.check for refusal in refused]


def test_a_missing_link_is_named_with_the_nearest(stage: Stage) -> None:
    speaks(stage, links=(NILO, PAGE))
    write(stage, 1, "Bravi!")
    (refusal,) = composed(stage, "c0", text="{{ person.name }}, {{ agent.name }}: {{ link.url }}").refusals
    assert (refusal.check, refusal.excerpt) == ("missing-value", "{{ link.url }}")
    assert "nilo has words that nobody says" in refusal.why
    (refusal,) = composed(stage, "c0", text="{{ person.name }}, {{ agent.name }}: {{ links.nillo.url }}").refusals
    assert "did you mean links.nilo?" in refusal.why
    text = "{{ person.name }}, this is {{ agent.name }}, thank you for your words: {{ links.nilo.title }}"
    (refusal,) = composed(stage, "c0", text=text).refusals
    assert "nilo has no title in en" in refusal.why


def test_a_page_that_would_help_is_offered_where_the_text_links_none(stage: Stage) -> None:
    speaks(stage, links=(NILO,))
    write(stage, 2, "Che bella la Nilo!")
    said = 'A link may help: Nilo (they say "nilo"): {{ links.nilo.url }}'
    assert composed(stage, "c0", "c1", text="Grazie, {{ person.name }}, da {{ agent.name }}.").remarks == (said,)
    assert composed(stage, "c0", text="Grazie da {{ agent.name }}: https://shop.example/x").remarks == ()
    assert composed(stage, "c0", text="Grazie da {{ agent.name }}: {{ links.nilo.url }}").remarks == ()


# ── previews, and what holds whatever is combined ──


def test_every_variant_and_register_is_previewed_and_checked(stage: Stage) -> None:
    speaks(stage, Voice(register={"it": "lei"}), (PAGE,))
    put(stage, Template("thanks", "thanks", replies={"it": Wording(
        public=A, together="{{ greeting }}, grazie a voi da {{ agent.name }}.", more={"public": (B,)},
        registers={"tu": Wording(public="{{ greeting }}, grazie a lei: {{ link.url }} {{ agent.name }}")},
    )}))  # fmt: skip
    found = previewing.preview(stage.desk(), ["thanks"])
    assert [(one.variant, one.register, one.number, one.of) for one in found] == [
        ("public", None, 1, 2), ("public", None, 2, 2), ("together", None, 1, 1), ("public", "tu", 1, 1),
    ]  # fmt: skip
    assert found[0].text.startswith("Buongiorno Anna Rossi,")
    assert found[2].text.startswith("Buongiorno Anna Rossi, Marco Bianchi e Lucia Verdi,")
    assert found[3].text == "Ciao Anna Rossi, grazie a lei: https://shop.example/page Dario"
    assert [[refusal.check for refusal in one.refusals] for one in found] == [[], [], [], ["wrong-register"]]


KNOWN = (
    *("Buongiorno", "Buonasera", "Ciao", "Hello", "Dario", "Bottega Blu"),
    *("https://shop.example/page", "Aiuto", "Help"),
)
NAMES = ("greeting", "person.name", "agent.name", "company.name", "link.url", "link.title", "links.page.url")
values = st.sampled_from([f"{{{{ {name} }}}}" for name in (*NAMES, "links.page.title")])
sources = st.lists(values, min_size=1, max_size=6).map(lambda parts: "|".join(["x", *parts, "y"]))
registers: st.SearchStrategy[Mapping[str, object]] = st.dictionaries(
    st.just("it"), st.sampled_from(["lei", "tu", "voi"]), max_size=1
)


@given(st.lists(sources, min_size=1, max_size=3, unique=True), registers, registers, st.integers(0, 23))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_combined_only_known_values_are_shown_and_always_the_same(
    stage: Stage, texts: list[str], company: dict[str, object], thread: dict[str, object], hour: int
) -> None:
    if not stage.page.pages:
        write(stage, 3, name="Zoë ‹b›")
    stage.clock.now = at(23, hour)
    voice = Voice(register=company, threads=(ThreadVoice("post", thread),))  # type: ignore[arg-type]
    speaks(stage, voice, (PAGE,))
    put(stage, Template("thanks", "thanks", replies={"it": Wording(
        public=texts[0], more={"public": tuple(texts[1:])}, registers={"tu": Wording(public=texts[-1])})}))  # fmt: skip
    request = Request(comments=tuple(stage.comment(f"c{n}").id for n in range(3)), template="thanks", include_new=True)
    agent = stage.settings.agents["dario"]
    first = composing.compose(stage.desk(), request, agent, stage.clock())
    again = composing.compose(stage.desk(), request, agent, stage.clock())
    assert [part.text for part in first.parts] == [part.text for part in again.parts]
    for part in first.parts:
        left = part.text
        for word in sorted((*KNOWN, *(one.called for one in part.addressees)), key=len, reverse=True):
            left = left.replace(word, "")
        assert set(left) <= set("xy| "), part.text


def test_texts_are_tried_in_the_register_that_an_account_or_a_thread_asks_for(stage: Stage) -> None:
    lay(stage, "{{ greeting }}, sono {{ agent.name }}: grazie per il suo messaggio.")
    threads = (ThreadVoice("https://x.example/1", {"it": "voi"}),)
    speaks(stage, Voice({"it": "lei"}, accounts={"page": AccountVoice({"it": "tu"})}, threads=threads))
    tried = [
        (one.wanted, {refusal.check for refusal in one.refusals})
        for one in previewing.preview(stage.desk(), ["thanks"])
    ]
    assert tried == [
        (None, set()),
        (Wanted("tu", "page"), {"wrong-register"}),
        (Wanted("voi", "https://x.example/1"), {"wrong-register"}),
    ]
    assert next(iter(remarks(stage.settings))).startswith("page asks for tu, and 2 templates have no texts in it:")


def test_a_template_that_has_texts_for_the_register_is_not_told(stage: Stage) -> None:
    tu = Wording(public="{{ greeting }}, grazie per il tuo messaggio. {{ agent.name }}")
    words = Wording(public="{{ greeting }}, grazie per il suo messaggio. {{ agent.name }}", registers={"tu": tu})
    stage.settings = replace(stage.settings, templates={"thanks": Template("thanks", "thanks", replies={"it": words})})
    speaks(stage, Voice({"it": "lei"}, accounts={"page": AccountVoice({"it": "tu"})}))
    found = previewing.preview(stage.desk(), ["thanks"])
    assert [(one.register, one.wanted, one.refusals) for one in found] == [(None, None, ()), ("tu", None, ())]
    assert remarks(stage.settings) == []


def test_a_short_comment_that_was_surely_read_is_answered_in_its_language(stage: Stage) -> None:
    stage.fetch(comment("one", "Chiamo da tre giorni e al telefono non risponde nessuno", name="Anna Rossi"))
    text = (
        "Hello, this is {{ agent.name }}: I am sorry that nobody has answered you, we will do better with your order."
    )
    found = replying.consider(stage.desk(), stage.ask("one", text=text)).refusals
    assert "wrong-language" in {one.check for one in found}
