"""A procedure followed for a person: begun by the answer, taken on step by step, its promises kept with its steps."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from caretool.desk import proceeding, promising, showing
from caretool.desk.proceeding import Followed
from caretool.domain.duration import Duration
from caretool.domain.policy import Settings
from caretool.domain.procedure import Procedure, Step
from caretool.domain.template import Template, Wish, Wording
from caretool.errors import NotFound, UsageProblem
from caretool.store.store import Store
from tests.desk.stage import Stage, at, comment

PHOTO = Step("photo", "desk", waits_for="customer", remind=Duration(1, "days"), close=Duration(10, "days"))
COURIER = Step("courier", "logistics", Duration(4, "working hours"), "desk", promise="reply", evidence=("text",))
PICKUP = Step("pickup", "logistics", Duration(3, "working days"), "courier", promise="pickup")
CALLBACK = Step("callback", "desk", Duration(24, "hours"), promise="callback")
STEPS = (PHOTO, COURIER, PICKUP, CALLBACK)
SAYS = {"it": "I passi sono questi: foto, pratica, ritiro.", "en": "The steps are these: photo, case, collection."}
_PUBLIC = (
    "Buongiorno {{ person.name }}, sono {{ agent.name }}: mi scuso. {{ procedure.says }} "
    "Le rispondo qui {{ promises.reply.when }}."
)
_PRIVATE = (
    "Buongiorno {{ person.name }}, sono {{ agent.name }}: il corriere passa {{ promises.pickup.when }} "
    "e la richiamo {{ promises.callback.when }}."
)


def with_procedure(settings: Settings, *steps: Step) -> Settings:
    """The shop with a procedure for damaged parcels and the template that starts it."""
    policy = replace(settings.policy, procedures={"damaged-parcel": Procedure("damaged-parcel", SAYS, steps or STEPS)})
    template = Template(
        id="parcel-damaged",
        topic="parcel-damaged",
        replies={"it": Wording(public=_PUBLIC, together=_PUBLIC.replace("person.name", "people"), private=_PRIVATE)},
        promises=(
            Wish("reply"), Wish("pickup", Duration(3, "working days")), Wish("callback", Duration(5, "working days")),
        ),
        procedure="damaged-parcel",
    )  # fmt: skip
    return replace(settings, policy=policy, templates={**settings.templates, template.id: template})


@pytest.fixture(autouse=True)
def procedure(stage: Stage) -> None:
    stage.settings = with_procedure(stage.settings)


def answer(stage: Stage, *native_ids: str, **asked: Any) -> list[str]:
    """Answer with the template and post it; the ids of all cases, oldest first."""
    assert stage.reply(*native_ids, text=None, template="parcel-damaged", **asked).refusals == ()
    stage.send()
    return [row[0] for row in stage.rows("SELECT id FROM cases ORDER BY rowid")]


def seen(stage: Stage, case: str) -> Followed:
    """A case as it stands."""
    return proceeding.standing(stage.desk(), stage.store.cases.by_ids([case]), stage.clock())[0]


def states(stage: Stage, case: str) -> list[str]:
    return [one.state for one in seen(stage, case).case.steps]


def done(stage: Stage, case: str, step: str, evidence: str | None = None) -> Followed:
    return proceeding.done(stage.desk(), case, step, evidence)


def promise_of(stage: Stage, kind: str) -> Any:
    """The one promise of a kind, as it stands."""
    (row,) = stage.rows("SELECT id FROM promise WHERE kind = ? AND moved_to IS NULL", kind)
    return promising.standing(stage.desk(), stage.store.promises.by_ids([row[0]]), stage.clock())[0]


def actions(stage: Stage, case: str) -> list[str]:
    return [line.action for line in stage.store.journal.about([case])]


@pytest.fixture
def case(stage: Stage) -> str:
    """A case that waits for the photo, a reply promised by Tuesday evening."""
    stage.fetch(comment("c1"))
    return answer(stage, "c1")[0]


@pytest.fixture
def settled(stage: Stage, case: str) -> str:
    """The photo is there, the courier told; the customer knows in private when they come, and when we call."""
    stage.fetch(comment("m1", "Ecco la foto", author="author.c1", thread=None, private=True))
    answer(stage, "m1")
    done(stage, case, "photo")
    done(stage, case, "courier", "case 88231")
    return case


def test_answering_with_the_template_starts_a_case_for_each_person(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"), comment("c3", author="author.c2"))
    cases = [seen(stage, case).case for case in answer(stage, "c1", "c2", "c3", mode="together")]
    assert [case.person_id for case in cases] == [stage.comment("c1").person, stage.comment("c2").person]
    assert cases[0].comment == stage.comment("c1").id
    assert all(case.now is not None and case.now.step == PHOTO for case in cases)
    assert actions(stage, cases[0].id) == ["case-started"]


def test_the_reply_says_the_procedure(stage: Stage, case: str) -> None:
    assert SAYS["it"] in stage.page.wall[0].text


def test_what_the_reply_promises_is_tied_to_the_step_that_keeps_it(stage: Stage, case: str) -> None:
    promises = seen(stage, case).promises
    assert {place: [one.kind for one in tied] for place, tied in promises.items()} == {1: ["reply"]}


def test_a_step_has_no_promise_before_it_was_said(stage: Stage, case: str) -> None:
    done(stage, case, "photo")
    done(stage, case, "courier", "case 88231")
    assert [row[0] for row in stage.rows("SELECT kind FROM promise")] == ["reply"]
    assert seen(stage, case).open_promises == ()


def test_a_refused_answer_and_a_trainees_draft_start_nothing(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    refused = stage.reply(
        "c1", text=None, template="parcel-damaged", promises=(("reply", at(23, 9, 13).isoformat()),)
    )  # fmt: skip
    assert refused.refusals
    assert stage.reply("c2", agent="tom", text=None, template="parcel-damaged").state == "awaiting"
    assert stage.rows("SELECT * FROM cases") == []


def test_the_second_answer_to_a_person_goes_on_with_their_case(stage: Stage, settled: str) -> None:
    assert len(stage.rows("SELECT id FROM cases")) == 1
    tied = seen(stage, settled).promises
    assert {place: [one.kind for one in promises] for place, promises in tied.items()} == {
        1: ["reply"], 2: ["pickup"], 3: ["callback"],
    }  # fmt: skip


def test_from_the_photo_to_the_call_back(stage: Stage, settled: str) -> None:
    assert promise_of(stage, "reply").state == "kept"
    assert seen(stage, settled).case.steps[2].due_at == at(26, 18)
    stage.clock.says(26, 11)
    done(stage, settled, "pickup", "receipt 7731")
    assert (promise_of(stage, "pickup").state, promise_of(stage, "pickup").evidence) == ("kept", "receipt 7731")
    stage.clock.says(27, 10)
    ended = done(stage, settled, "callback")
    assert (ended.case.state, ended.case.ended_at) == ("done", at(27, 10))
    assert [one.state for one in ended.case.steps] == ["done"] * 4
    assert stage.promise_states() == ["kept"] * 3
    assert actions(stage, settled) == ["case-started", *["case-step-done"] * 4, "case-done"]


def test_a_promise_by_hand_is_tied_as_well(stage: Stage, case: str) -> None:
    promising.add(stage.desk(), "pickup", stage.comment("c1").id, at(26, 18), None)
    assert [one.kind for one in seen(stage, case).promises[2]] == ["pickup"]
    promising.add(stage.desk(), "pickup", stage.comment("c1").id, at(27, 18), None)
    assert len(seen(stage, case).promises[2]) == 1  # the second is another matter


def test_a_move_takes_the_step_with_it(stage: Stage, settled: str) -> None:
    old = promise_of(stage, "pickup").id
    new = promising.move(stage.desk(), old, at(30, 18), "strike", told=True).promises[-1]
    assert [one.id for one in seen(stage, settled).promises[2]] == [new.id]
    done(stage, settled, "pickup", "receipt 7731")
    assert [one.state for one in stage.store.promises.by_ids([old, new.id])] == ["moved", "kept"]


def test_a_late_step_puts_at_risk_what_a_later_one_keeps(stage: Stage, case: str) -> None:
    stage.clock.says(23, 10)
    done(stage, case, "photo")
    promising.add(stage.desk(), "pickup", stage.comment("c1").id, at(30, 18), None)
    assert not promise_of(stage, "pickup").at_risk
    stage.clock.says(23, 16, 1)
    assert [promise_of(stage, kind).at_risk for kind in ("reply", "pickup")] == [True, True]
    found = promising.overdue(stage.desk(), stage.clock())
    assert {one.kind for one in found.at_risk} == {"reply", "pickup"}
    assert found.overdue == ()


def test_a_customer_who_takes_their_time_makes_no_step_late_but_what_no_longer_fits_is_at_risk(
    stage: Stage, case: str
) -> None:
    stage.clock.says(24, 13, 30)
    assert not promise_of(stage, "reply").at_risk
    stage.clock.says(24, 14, 1)
    assert promise_of(stage, "reply").at_risk
    assert proceeding.cases(stage.desk(), late=True) == []


def test_cases_with_a_late_step_are_told_the_longest_late_first(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    first, second = answer(stage, "c1", "c2", mode="each")
    done(stage, second, "photo")
    stage.clock.goes(hours=1)
    done(stage, first, "photo")
    stage.clock.says(24, 12)
    assert [one.case.id for one in proceeding.cases(stage.desk(), late=True)] == [second, first]
    assert proceeding.cases(stage.desk(), owner="desk") == []
    assert len(proceeding.cases(stage.desk(), owner="logistics")) == 2


@pytest.mark.parametrize(
    ("step", "said"),
    [("courier", "comes later in k.*: now it is the turn of 'photo'"), ("foto", "has no step 'foto'"),
     ("pickup", "comes later")],
)  # fmt: skip
def test_only_the_step_that_has_its_turn_is_done(stage: Stage, case: str, step: str, said: str) -> None:
    with pytest.raises(UsageProblem, match=said):
        done(stage, case, step)
    assert states(stage, case) == ["now", "ahead", "ahead", "ahead"]
    assert actions(stage, case) == ["case-started"]


def test_what_is_done_twice_is_done_once(stage: Stage, case: str) -> None:
    done(stage, case, "photo")
    with pytest.raises(UsageProblem, match=r"'photo' of k.* is done already: now it is the turn of 'courier'"):
        done(stage, case, "photo")


def test_evidence_that_the_step_or_its_promise_demands_is_asked_for_and_nothing_written(
    stage: Stage, settled: str
) -> None:
    with pytest.raises(UsageProblem, match="A pickup is kept with evidence, text"):
        done(stage, settled, "pickup")
    assert states(stage, settled)[2] == "now"
    assert promise_of(stage, "pickup").state == "running"


def test_a_step_without_its_evidence_keeps_no_promise(stage: Stage, case: str) -> None:
    done(stage, case, "photo")
    with pytest.raises(UsageProblem, match="'courier' is done with evidence, text: add it with --evidence"):
        done(stage, case, "courier")
    assert promise_of(stage, "reply").state == "running"


def test_what_was_not_said_yet_cannot_be_kept(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    stage.reply("c1", text=None, template="parcel-damaged")
    (case,) = stage.store.cases.in_states(("running",))
    done(stage, case.id, "photo")
    with pytest.raises(UsageProblem, match="has not been said yet"):
        done(stage, case.id, "courier", "case 88231")


def test_a_step_that_is_skipped_says_why_and_leaves_its_promise_in_the_ledger(stage: Stage, settled: str) -> None:
    found = proceeding.skip(stage.desk(), settled, "pickup", "brought it to the shop")
    assert (found.case.steps[2].state, found.case.steps[2].because) == ("skipped", "brought it to the shop")
    assert found.case.now is not None
    assert found.case.now.step == CALLBACK
    assert promise_of(stage, "pickup").state == "running"
    stage.clock.says(25, 9)
    assert not promise_of(stage, "pickup").at_risk


def test_a_closed_case_ends_and_its_promises_run_on(stage: Stage, settled: str) -> None:
    found = proceeding.close(stage.desk(), settled, "wants the money back")
    assert (found.case.state, found.case.because) == ("closed", "wants the money back")
    assert len(found.open_promises) == 2
    with pytest.raises(UsageProblem, match="has ended: it is closed"):
        proceeding.close(stage.desk(), settled, "again")
    with pytest.raises(UsageProblem, match="has ended: it is closed"):
        done(stage, settled, "pickup", "receipt")


def test_a_case_by_hand_is_started_once_for_a_person(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    found = proceeding.start(stage.desk(), "damaged-parcel", stage.comment("c1").id)
    assert found.case.person_id == stage.comment("c1").person
    with pytest.raises(UsageProblem, match=f"{found.case.id}, damaged-parcel, runs for them already"):
        proceeding.start(stage.desk(), "damaged-parcel", stage.comment("c1").person)
    proceeding.close(stage.desk(), found.case.id, "settled")
    assert proceeding.start(stage.desk(), "damaged-parcel", stage.comment("c1").person).case.comment is None


def test_a_procedure_that_is_not_there_is_named_with_the_nearest(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    with pytest.raises(NotFound, match="did you mean 'damaged-parcel'"):
        proceeding.start(stage.desk(), "damaged-parcels", stage.comment("c1").id)


def test_a_case_keeps_the_steps_it_started_with(stage: Stage, case: str) -> None:
    stage.settings = with_procedure(stage.settings, COURIER)
    assert [one.step for one in seen(stage, case).case.steps] == list(STEPS)
    stage.settings = replace(stage.settings, policy=replace(stage.settings.policy, procedures={}, calendars={}))
    assert states(stage, case)[0] == "now"
    assert done(stage, case, "photo").case.steps[1].due_at == stage.clock().replace(second=0, microsecond=0).replace(
        hour=12
    )  # its calendar is gone: every hour counts


@pytest.mark.parametrize("what", ["case", "comment", "person", "promise"])
def test_a_case_is_shown_with_whatever_belongs_to_it(stage: Stage, case: str, what: str) -> None:
    subjects: dict[str, Callable[[], str]] = {
        "case": lambda: case,
        "comment": lambda: stage.comment("c1").id,
        "person": lambda: stage.comment("c1").person,
        "promise": lambda: str(promise_of(stage, "reply").id),
    }
    found = showing.show(stage.desk(), subjects[what]())
    assert [one.case.id for one in found.cases] == [case]
    assert "case-started" in [line.action for line in found.history]


def test_a_step_begun_in_a_transaction_that_fails_has_not_begun(
    stage: Stage, settled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> bool:
        raise RuntimeError("the power is gone")

    monkeypatch.setattr(type(stage.store.cases), "change", fails)
    with pytest.raises(RuntimeError):
        done(stage, settled, "pickup", "receipt 7731")
    monkeypatch.undo()
    assert states(stage, settled) == ["done", "done", "now", "ahead"]
    assert promise_of(stage, "pickup").state == "running"


def test_two_agents_who_do_the_same_step_at_once_do_it_once(stage: Stage, case: str, tmp_path: Path) -> None:
    done(stage, case, "photo")
    both = Barrier(2)

    def does(agent: str) -> str:
        other = Stage.__new__(Stage)
        other.__dict__.update(stage.__dict__)
        other.store = Store(tmp_path / "caretool.db", stage.clock())
        try:
            both.wait(timeout=30)
            proceeding.done(other.desk(agent), case, "courier", f"by {agent}")
        except UsageProblem as problem:
            return str(problem)
        finally:
            other.store.close()
        return "done"

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(does, ("dario", "giulia")))
    assert answers.count("done") == 1
    assert sum("is done already" in answer for answer in answers) == 1
    assert states(stage, case) == ["done", "done", "now", "ahead"]
    assert actions(stage, case).count("case-step-done") == 2
