"""Triage: what people corrected stays, changed settings are worked in once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from caretool import workspace
from caretool.desk import triaging
from caretool.desk.desk import Desk
from caretool.errors import CaretoolError, NotFound, UsageProblem
from caretool.language.reading import Reader
from tests.desk.stage import MONDAY, Stage, comment


def _correct(stage: Stage, native_id: str, agent: str = "dario", **values: str) -> None:
    triaging.correct(stage.desk(agent), [stage.comment(native_id).id], values)


def test_a_correction_moves_the_comment_to_the_group_it_then_belongs_to(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"), comment("c3", "bellissimo, lo adoro"))
    _correct(stage, "c1", topic="praise", kind="praise", tone="pleased")
    assert stage.group_of("c1") == stage.group_of("c3") != stage.group_of("c2")
    found = stage.comment("c1")
    assert (found.kind, found.tone, found.topic, found.confidence) == ("praise", "pleased", "praise", 1.0)


def test_a_correction_stays_when_all_is_read_again(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    _correct(stage, "c1", kind="praise", topic="praise")
    triaging.read_again(stage.desk())
    found = stage.comment("c1")
    assert (found.kind, found.topic, found.corrected) == ("praise", "praise", ("kind", "topic"))


def test_a_correction_stays_when_the_comment_is_edited(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    _correct(stage, "c1", kind="praise", tone="pleased")
    stage.fetch(comment("c1", "Il mio pacco non è ancora arrivato, quando arriva???"))
    assert (stage.comment("c1").kind, stage.comment("c1").tone) == ("praise", "pleased")


def test_a_correction_made_while_others_are_read_again_stays(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.fetch(comment("c1"))
    read = Reader.read

    def slowly(reader: Reader, texts: object) -> object:
        _correct(stage, "c1", kind="praise", topic="praise")
        return read(reader, texts)  # type: ignore[arg-type]

    monkeypatch.setattr(Reader, "read", slowly)
    triaging.read_again(stage.desk())
    assert (stage.comment("c1").kind, stage.comment("c1").topic) == ("praise", "praise")
    assert stage.look().groups[0].group.topic == "praise"


def test_what_was_answered_while_it_was_read_again_stays_answered(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.fetch(comment("c1"))
    read = Reader.read

    def slowly(reader: Reader, texts: object) -> object:
        stage.store.comments.set_state([stage.comment("c1").id], "answered", was=("waiting",))
        return read(reader, texts)  # type: ignore[arg-type]

    monkeypatch.setattr(Reader, "read", slowly)
    triaging.read_again(stage.desk())
    assert (stage.states("c1"), stage.look().groups) == (["answered"], ())


def test_reading_again_what_reads_the_same_changes_no_group(stage: Stage) -> None:
    stage.fetch(comment("c1"), comment("c2"))
    stage.look()
    triaging.read_again(stage.desk())
    assert stage.reply(groups=[stage.group_of("c1")], text=None, template="delivery-late").state == "approved"


def test_only_a_manager_says_that_an_escalation_was_none(stage: Stage) -> None:
    stage.fetch(comment("c1", "Il mio pacco non è ancora arrivato, che ustione"))
    assert stage.comment("c1").escalation == "injury"
    with pytest.raises(UsageProblem, match="manager"):
        _correct(stage, "c1", agent="tom", topic="delivery-late")
    assert stage.comment("c1").escalation == "injury"
    _correct(stage, "c1", topic="delivery-late")
    assert stage.comment("c1").escalation is None
    triaging.read_again(stage.desk())
    assert stage.comment("c1").escalation is None


def test_what_becomes_the_managers_by_an_edit_is_theirs_whatever_was_corrected_before(stage: Stage) -> None:
    stage.fetch(comment("c1", "Il mio pacco non è ancora arrivato"))
    _correct(stage, "c1", agent="tom", topic="praise")
    stage.fetch(comment("c1", "Il mio pacco è arrivato e mi sono fatta una ustione"))
    for _ in range(2):
        assert (stage.comment("c1").escalation, stage.comment("c1").topic) == ("injury", "praise")
        triaging.read_again(stage.desk())


def test_what_was_taken_for_spam_is_due_an_answer_once_it_is_none(stage: Stage) -> None:
    stage.fetch(comment("c1", "Guadagna 500 euro al giorno da casa! Clicca qui http://facile.example/bonus"))
    assert (stage.comment("c1").kind, stage.comment("c1").due_at) == ("spam", None)
    _correct(stage, "c1", kind="complaint")
    assert stage.comment("c1").due_at is not None
    assert stage.look().groups[0].group.due_at is not None


def test_a_topic_that_no_template_has_is_no_correction(stage: Stage) -> None:
    stage.fetch(comment("c1"))
    with pytest.raises(NotFound):
        _correct(stage, "c1", topic="nonsense")
    assert stage.comment("c1").topic == "delivery-late"


def test_a_comment_that_nobody_has_read_is_read_before_it_is_corrected(stage: Stage) -> None:
    stage.store.arrivals.add_page("page", [comment("c1")], bookmark="1", now=stage.clock())
    _correct(stage, "c1", tone="pleased")
    assert (stage.comment("c1").tone, stage.comment("c1").topic) == ("pleased", "delivery-late")
    assert stage.look().groups[0].group.size == 1


def test_two_readings_of_the_same_comments_at_once_come_to_the_same(stage: Stage, tmp_path: Path) -> None:
    stage.store.arrivals.add_page("page", [comment(f"c{n}") for n in range(5)], bookmark="1", now=stage.clock())
    other = Stage(tmp_path)
    read = Reader.read

    def twice(reader: Reader, texts: object) -> object:
        Reader.read = read  # type: ignore[method-assign]
        triaging.read_unread(other.desk())
        return read(reader, texts)  # type: ignore[arg-type]

    Reader.read = twice  # type: ignore[method-assign,assignment]
    triaging.read_unread(stage.desk())
    other.store.close()
    assert Reader.read is read
    assert [listed.group.size for listed in stage.look().groups] == [5]
    assert stage.rows("SELECT count(*) FROM comment_group WHERE alive = 1") == [(1,)]


# ── Changed settings ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CARETOOL_NOW", MONDAY.isoformat())
    workspace.create(tmp_path / "shop")
    return tmp_path / "shop"


def _change(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def test_changed_settings_are_worked_in_once(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readings: list[int] = []
    read_again = triaging.read_again

    def counted(desk: Desk) -> int:
        readings.append(read_again(desk))
        return readings[-1]

    monkeypatch.setattr(triaging, "read_again", counted)
    for _ in range(2):
        with workspace.open_desk(shop, "dario", print):
            pass
    assert readings == [0]
    _change(shop, "policies.toml", 'name = "Bottega Blu"', 'name = "Bottega Rossa"')
    for _ in range(2):
        with workspace.open_desk(shop, "dario", print) as desk:
            assert desk.policy.company.name == "Bottega Rossa"
    assert readings == [0, 0]


def test_settings_that_went_wrong_change_nothing_and_are_worked_in_when_they_are_right(shop: Path) -> None:
    with workspace.open_desk(shop, "dario", print):
        pass
    _change(shop, "policies.toml", 'time_zone = "Europe/Rome"', 'time_zone = "Europe/Roma"')
    with pytest.raises(CaretoolError, match="Roma"), workspace.open_desk(shop, "dario", print):
        pass
    _change(shop, "policies.toml", 'time_zone = "Europe/Roma"', 'time_zone = "Europe/Madrid"')
    with workspace.open_desk(shop, "dario", print) as desk:
        assert desk.zone.key == "Europe/Madrid"


def test_kept_settings_are_the_ones_that_were_read(shop: Path) -> None:
    with workspace.open_desk(shop, "dario", print) as desk:
        read = desk.settings
    with workspace.open_desk(shop, "dario", print) as desk:
        assert desk.settings.policy == read.policy
        assert desk.settings.templates == read.templates
