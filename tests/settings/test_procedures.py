"""[procedures.NAME]: read into the domain, shown again as they are, and every mistake with its file, line and path."""

from __future__ import annotations

from pathlib import Path

import pytest

from caretool.domain.duration import Duration
from caretool.domain.procedure import Step
from caretool.settings import kept
from tests.settings.shop import DELIVERY_LATE, POLICIES, changed, line_of, loaded, problems, workspace

STEP = '[[procedures.damaged-parcel.steps]]\nname = "pickup"'
PROCEDURE = POLICIES[POLICIES.index("[procedures") : POLICIES.index("[rewards.thanks]")]


def wrong(folder: Path, old: str, new: str) -> list[str]:
    """What is told of the policy with one thing changed inside its procedure."""
    return problems(workspace(folder, policies=POLICIES.replace(PROCEDURE, changed(PROCEDURE, old, new))))


def test_a_procedure_is_read_with_its_steps_in_order(tmp_path: Path) -> None:
    procedure = loaded(workspace(tmp_path)).policy.procedures["damaged-parcel"]
    assert procedure.says["en"] == "The steps are these: photo, case, collection."
    assert procedure.steps == (
        Step(
            "photo", "dario", calendar="courier", waits_for="customer", remind=Duration(1, "working days"),
            close=Duration(10, "days"),
        ),
        Step(
            "pickup", "logistics", Duration(4, "working hours"), "desk", "See that the parcel is collected", "pickup",
            ("text", "file"),
        ),
    )  # fmt: skip


def test_a_template_names_it(tmp_path: Path) -> None:
    settings = loaded(workspace(tmp_path))
    assert settings.templates["delivery-late"].procedure == "damaged-parcel"
    assert settings.templates["thanks"].procedure is None


def test_it_is_kept_and_read_back_as_it_was(tmp_path: Path) -> None:
    settings = loaded(workspace(tmp_path))
    assert kept.from_text(kept.to_text(kept.worked_in(settings, 2026))).policy.procedures == settings.policy.procedures


@pytest.mark.parametrize(
    ("old", "new", "path", "said"),
    [
        ("owner = 'logistics'", 'owner = "logistic"', "steps[2].owner", "did you mean 'logistics'?"),
        ('promise = "pickup"', 'promise = "pikcup"', "steps[2].promise", "did you mean 'pickup'?"),
        ("calendar = 'desk'", 'calendar = "dask"', "steps[2].calendar", "is not a calendar: did you mean 'desk'?"),
        ('due = "4 working hours"', 'due = "4 wrking hours"', "steps[2].due", "is not a length of time"),
        ('due = "4 working hours"\n', "", "steps[2]", "has no time: add due"),
        ('evidence = ["text", "file"]', 'evidence = ["photo"]', "steps[2].evidence[1]", "is not one of text, url"),
        ('evidence = ["text", "file"]', 'remind = "1 days"', "steps[2]", "is ours to do"),
        ('remind = "1 working day"', 'due = "2 days"', "steps[1]", "write remind instead of due"),
        ('waits_for = "customer"', 'waits_for = "weather"', "steps[1].waits_for", "'weather' is not one of customer"),
        ('name = "pickup"', 'name = "photo"', "steps", "has two steps called 'photo'"),
        ('calendar = "courier"\n', "", "steps", "'1 working day' of 'photo' runs on a calendar and none is named"),
        (", en = \"The steps are these: photo, case, collection.\"", "", "says", "is missing in en: add says"),
        ("I passi sono questi", "Domani i passi", "says", "'Domani' means another day whenever it is read"),
        ("I passi sono questi", "{{ person.name }}", "says", "is shown as it stands"),
        ('name = "pickup"', 'name = "pickup"\nowns = 1', "steps[2].owns", "there is no such key here: did you mean"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, path: str, said: str) -> None:
    (problem,) = wrong(tmp_path, old, new)
    text = POLICIES.replace(PROCEDURE, changed(PROCEDURE, old, new))
    where, _, what = problem.partition(": ")
    file, _, place = where.partition(" ")
    assert place == f"procedures.damaged-parcel.{path}"
    assert said in what
    line = int(file.removeprefix("policies.toml:"))
    assert line_of("[procedures.damaged-parcel]", text) <= line < line_of("[rewards.thanks]", text)


def test_a_procedure_has_at_least_one_step(tmp_path: Path) -> None:
    head = PROCEDURE[: PROCEDURE.index("\n[[procedures")]
    (problem,) = problems(workspace(tmp_path, policies=POLICIES.replace(PROCEDURE, f"{head}steps = []\n\n")))
    assert problem.endswith("procedures.damaged-parcel.steps: must not be empty")


def test_a_template_of_an_unknown_procedure_is_told_with_the_nearest(tmp_path: Path) -> None:
    template = changed(DELIVERY_LATE, 'procedure = "damaged-parcel"', 'procedure = "damaged-parcels"')
    (problem,) = problems(workspace(tmp_path, templates={"delivery-late": template}))
    line = line_of("procedure =", template)
    assert problem.startswith(f"templates/replies/delivery-late.toml:{line} procedure: 'damaged-parcels' is not a pro")
    assert problem.endswith("did you mean 'damaged-parcel'?")


def test_public_texts_say_the_procedure_that_they_start(tmp_path: Path) -> None:
    template = changed(DELIVERY_LATE, "here: {{ procedure.says }} I", "here: I")
    (problem,) = problems(workspace(tmp_path, templates={"delivery-late": template}))
    assert "reply.en.public: does not say what happens now: write {{ procedure.says }}" in problem


def test_a_text_says_no_procedure_that_its_template_does_not_name(tmp_path: Path) -> None:
    template = changed(DELIVERY_LATE, 'procedure = "damaged-parcel"\n', "")
    found = problems(workspace(tmp_path, templates={"delivery-late": template}))
    assert len(found) == 6
    assert all("and this template names none: add procedure" in problem for problem in found)
