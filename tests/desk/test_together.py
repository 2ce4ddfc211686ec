"""One answer for many: everybody named once, few parts, a promise a person (DESIGN §4.8, R6)."""

from __future__ import annotations

import re
from dataclasses import replace
from math import ceil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caretool.desk.replying import Outcome
from tests.desk.stage import Stage, at, comment

_FIRST = ("Anna", "Marco", "Lucia", "Giovanni Battista", "Bo", "Maria Antonietta", "Ugo", "Francesca", "Pier Paolo")
_LAST = ("Rossi", "Li", "Bianchi", "Della Valle", "Esposito", "Montefeltro", "Verdi")


def _sixty(stage: Stage, length: int | None = 500) -> list[str]:
    stage.page.limits = replace(stage.page.limits, length=length)
    names = [f"{first} {last}" for first in _FIRST for last in _LAST][:60]
    assert len(set(names)) == 60
    stage.fetch(*(comment(f"c{n}", name=name, author=f"user.{n}") for n, name in enumerate(names)))
    return names


def _answer(stage: Stage) -> Outcome:
    stage.look()
    return stage.reply(groups=[stage.group_of("c0")], text=None, template="delivery-late", mode="together")


def test_sixty_people_are_each_named_once_in_as_few_parts_as_fit(stage: Stage) -> None:
    names = _sixty(stage)
    outcome = _answer(stage)
    assert outcome.state == "approved"
    texts = [reply.text for reply in outcome.replies]
    assert all(len(text) <= 500 for text in texts)
    together = " | ".join(texts)
    assert all(len(re.findall(rf"\b{name}\b", together)) == 1 for name in names)
    frame = len(texts[0]) - len(re.search(r"Buongiorno (.*), sono Dario", texts[0])[1])  # type: ignore[index]
    # Every name costs at least itself and a comma; the last pair an " e " in place of a comma.
    lower_bound = ceil(sum(len(name) + 2 for name in names) / (500 - frame + 2))
    assert len(texts) <= lower_bound + 1
    assert stage.states(*(f"c{n}" for n in range(60))) == ["queued"] * 60


def test_sixty_people_get_a_promise_each_in_the_part_that_names_them(stage: Stage) -> None:
    _sixty(stage)
    outcome = _answer(stage)
    assert len({promise.person_id for promise in outcome.promises}) == len(outcome.promises) == 60
    text_of = {reply.id: reply.text for reply in outcome.replies}
    assert all(promise.person_name in text_of[promise.reply or ""] for promise in outcome.promises)
    assert {promise.due_at for promise in outcome.promises} == {at(24, 18)}


def test_sixty_people_are_answered_once_the_parts_are_posted(stage: Stage) -> None:
    _sixty(stage)
    parts = len(_answer(stage).replies)
    assert len(stage.send().posted) == parts
    assert sorted(native_id for post in stage.page.wall for native_id in post.to) == sorted(f"c{n}" for n in range(60))
    assert set(stage.states(*(f"c{n}" for n in range(60)))) == {"answered"}
    assert set(stage.promise_states()) == {"running"}


def test_one_failed_part_lets_only_its_own_people_wait_again(stage: Stage) -> None:
    _sixty(stage)
    outcome = _answer(stage)
    stage.page.next_posts = ["lost before"]
    sent = stage.send()
    assert (len(sent.unsure), len(sent.posted)) == (1, len(outcome.replies) - 1)
    people = len(sent.unsure[0].to)
    stage.send()
    stage.clock.says(25, 9)
    again = stage.send()
    assert [reply.id for reply in again.failed] == [sent.unsure[0].id]
    states = stage.states(*(f"c{n}" for n in range(60)))
    assert (states.count("waiting"), states.count("answered")) == (people, 60 - people)
    assert stage.promise_states().count("void") == people


def test_people_of_one_name_are_told_apart(stage: Stage) -> None:
    stage.fetch(*(comment(f"c{n}", name="Anna Rossi", author=f"anna{n}") for n in range(5)))
    text = _answer(stage).replies[0].text
    assert all(text.count(f"Anna Rossi (@anna{n})") == 1 for n in range(5))


def test_a_name_that_is_none_never_enters_our_voice(stage: Stage) -> None:
    odd = ["www.spam.example", "Ladri Schifosi", "\u202eanna", "Anna\nRossi"]
    stage.fetch(*(comment(f"c{n}", name=name, author=f"user{n}") for n, name in enumerate(odd)))
    text = _answer(stage).replies[0].text
    assert "spam" not in text
    assert "Schifosi" not in text
    assert "\u202e" not in text
    assert "\n" not in text


def test_where_people_are_told_by_mentions_each_is_mentioned_once(stage: Stage) -> None:
    stage.page.limits = replace(stage.page.limits, together="mentions")
    stage.fetch(*(comment(f"c{n}", author=f"user{n}") for n in range(6)))
    text = _answer(stage).replies[0].text
    assert [text.count(f"@user{n}") for n in range(6)] == [1] * 6


def test_a_place_without_answers_to_many_answers_each(stage: Stage) -> None:
    stage.page.limits = replace(stage.page.limits, together="no")
    stage.fetch(*(comment(f"c{n}") for n in range(6)))
    stage.look()
    outcome = stage.reply(groups=[stage.group_of("c0")], text=None, template="delivery-late")
    assert {reply.mode for reply in outcome.replies} == {"each"}
    assert len(outcome.replies) == 6


def test_over_several_threads_it_is_one_answer_a_thread_and_strays_stand_alone(stage: Stage) -> None:
    stage.fetch(
        *(comment(f"a{n}", thread="a") for n in range(5)),
        *(comment(f"b{n}", thread="b") for n in range(5)),
        comment("s1", thread=None),
        comment("s2", thread=None),
    )
    ids = [*(f"a{n}" for n in range(5)), *(f"b{n}" for n in range(5)), "s1", "s2"]
    outcome = stage.reply(*ids, text=None, template="delivery-late")
    assert sorted((reply.mode, len(reply.to)) for reply in outcome.replies) == [
        ("each", 1),
        ("each", 1),
        ("together", 5),
        ("together", 5),
    ]
    assert all(len({native_id[0] for native_id in reply.to}) == 1 for reply in outcome.replies)


def test_a_person_who_wrote_three_times_is_named_once_and_promised_once(stage: Stage) -> None:
    stage.fetch(*(comment(f"c{n}", author=f"user{n % 5}", name="") for n in range(15)))
    outcome = _answer(stage)
    assert [outcome.replies[0].text.count(f"user{n}") for n in range(5)] == [1] * 5
    assert len(outcome.promises) == 5
    assert len(outcome.replies[0].to) == 15


def test_a_text_too_long_even_for_one_is_refused_by_how_much(stage: Stage) -> None:
    _sixty(stage, length=60)
    outcome = _answer(stage)
    assert "too-long" in {refusal.check for refusal in outcome.refusals}
    assert stage.reply_states() == []


@pytest.mark.parametrize("mode", ["together", "each"])
def test_room_is_counted_by_the_person_whatever_the_mode(stage: Stage, mode: str) -> None:
    stage.fetch(*(comment(f"c{n}") for n in range(50)))
    text = "Buongiorno {{ people }}, sono {{ agent.name }}, mi scuso: vi richiamo {{ promises.callback.when }}."
    words = text if mode == "together" else text.replace("people", "person.name")
    given_time = (("callback", at(24, 18).isoformat()),)
    outcome = stage.reply(*(f"c{n}" for n in range(50)), text=words, mode=mode, promises=given_time)
    # 29 of today's 30 are left after 12 minutes of eight hours, and tomorrow's 30.
    assert (outcome.state, len(outcome.promises)) == ("approved", 50)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.sampled_from([*_FIRST, *_LAST, "", "Anna", "Zoë"]), min_size=2, max_size=12),
    length=st.integers(min_value=150, max_value=400),
)
def test_whoever_they_are_everybody_stands_in_exactly_one_part(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], length: int
) -> None:
    stage = Stage(tmp_path_factory.mktemp("desk"), ":memory:")
    stage.page.limits = replace(stage.page.limits, length=length)
    stage.fetch(*(comment(f"c{n}", name=name, author=f"user.{n}.") for n, name in enumerate(names)))
    outcome = _answer(stage)
    stage.store.close()
    assert outcome.state == "approved"
    answered = [native_id for reply in outcome.replies for native_id in reply.to]
    assert sorted(answered) == sorted(f"c{n}" for n in range(len(names)))
    assert all(len(reply.text) <= length for reply in outcome.replies)
    assert len({promise.person_id for promise in outcome.promises}) == len(names)
