"""Which files still hold somebody, and what becomes of them."""

from __future__ import annotations

import pytest

from caretool.desk import forgetting, keeping, persons, tracing
from caretool.desk.premises import Premises
from caretool.domain.redaction import Terms
from tests.desk.stage import Stage, comment

HANDLE = "author.z1"


def test_a_backup_made_between_the_question_and_the_yes_is_named_and_deleted(stage: Stage) -> None:
    stage.fetch(comment("z1"))
    desk = stage.desk()
    plan = forgetting.consider(desk, persons.find(desk, HANDLE))
    assert plan.files == ()
    made = keeping.backup(premises(stage), None, None).file
    assert [one.file for one in forgetting.consider(desk, plan.person).files] == [made]
    done = forgetting.forget(desk, plan, delete_backups=True)
    assert (done.deleted, done.files, made.exists()) == ((made,), (), False)


def premises(stage: Stage) -> Premises:
    return Premises(
        stage.folder, stage.folder / "caretool.db", lambda: stage.settings, stage.clock, "dario", stage.said.append,
        stage.said.append,
    )  # fmt: skip


def test_a_linked_export_is_looked_into_too(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> None:
    export = tmp_path_factory.mktemp("elsewhere") / "page.jsonl"
    export.write_text(f'{{"author": "{HANDLE}"}}\n', encoding="utf-8")
    linked = stage.folder / "page.jsonl"
    linked.symlink_to(export)
    found = tracing.traces(stage.folder, Terms(names=(HANDLE,)), (), (), {linked: "comments"}, lambda _: None)
    assert [(one.file, one.what, one.ours) for one in found] == [(linked, "comments", False)]
