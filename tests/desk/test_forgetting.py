"""Forgetting under attack: any text, a kill at any step, many comments."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caretool.desk import forgetting, persons
from caretool.domain.comment import Author, Incoming, Thread
from caretool.domain.redaction import QUOTE
from caretool.store.store import Store
from tests.desk.crashing import Forge, Job, lay_desk, row, rows, troubles, write_comments
from tests.desk.stage import CALLBACK, LATE, MONDAY, Stage, at, comment

HIS = "Il pacco per mia zia Cunegonda di Vicolo Stretto non è ancora arrivato, quando arriva?"
# What neither the shop nor anybody else says.
ALONE = "mia zia Cunegonda di Vicolo Stretto"
HANDLE = "author.z1"


def left(folder: Path, *texts: str) -> list[str]:
    """The runs of these texts that stand in any file of the database, or beside the key, in some form."""
    files = [*folder.glob("caretool.db*"), *folder.glob(".secrets/*"), *folder.glob(".locks/*")]
    kept = b"\0".join(path.read_bytes() for path in files)
    runs = {text[n : n + QUOTE] for text in texts for n in range(max(1, len(text) - QUOTE + 1))}
    return sorted(run for run in runs if any(form in kept for form in _forms(run)))


def _forms(text: str) -> Iterator[bytes]:
    yield text.encode("utf-8", "replace")
    yield json.dumps(text)[1:-1].encode()
    yield text.encode("utf-16-le", "replace")


def forget(stage: Stage, who: str) -> forgetting.Forgotten:
    desk = stage.desk()
    return forgetting.forget(desk, forgetting.consider(desk, persons.find(desk, who)))


TEXTS = st.lists(st.text(min_size=1, max_size=90), min_size=1, max_size=4)
NAMES = st.text(st.characters(categories=("L", "N")), min_size=8, max_size=24)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, st.lists(st.text(min_size=1, max_size=60), max_size=3), NAMES, NAMES)
def test_whatever_somebody_wrote_and_was_called_nothing_is_left(
    his: list[str], others: list[str], handle: str, name: str
) -> None:
    with tempfile.TemporaryDirectory() as place:
        stage = Stage(Path(place))
        mine = [Incoming(f"z{n}", Author(f"{handle}.zq", f"{name} Zq"), text, MONDAY) for n, text in enumerate(his)]
        theirs = [comment(f"o{n}", f"{text} cara @{handle}.zq! {name} Zq") for n, text in enumerate(others)]
        stage.fetch(*mine, *theirs)
        stage.desk().store.journal.note(stage.comment("z0").person, his[0], agent="dario", at=MONDAY)
        if others:
            said = f"{name} Zq scrive: {his[0]}"
            stage.desk().store.journal.note(stage.comment("o0").id, said, agent="dario", at=MONDAY)
        assert forget(stage, stage.comment("z0").person).whole
        stored = [row[0] for row in stage.rows("SELECT text FROM comment WHERE text <> ''")]
        stage.store.close()
        gone = [text for text in his if len(text) >= QUOTE]
        written = "\0".join([*stored, *others, *(text for _, text in _shop())])
        assert [run for run in left(Path(place), *gone) if run not in written] == []
        kept = b"".join(path.read_bytes() for path in Path(place).glob("caretool.db*"))
        assert not any(form in kept for known in (f"{handle}.zq", f"{name} Zq") for form in _forms(known))


def _shop() -> list[tuple[str, str]]:
    """What our own settings say: it is nobody's."""
    with tempfile.TemporaryDirectory() as place:
        from tests.desk.stage import lay_shop

        return [(path.name, path.read_text("utf-8")) for path in lay_shop(Path(place)).rglob("*.toml")]


def test_what_was_open_ends_and_others_wait_on(stage: Stage) -> None:
    stage.fetch(comment("z1", HIS), comment("o1"), comment("o2"))
    stage.look()
    stage.reply("z1", "o1", "o2", text="Buongiorno {{ people }}, la richiamo {{ promises.callback.when }}. Dario",
                mode="together", include_new=True)  # fmt: skip
    done = forget(stage, HANDLE)
    assert [one.state for one in done.plan.withdrawn] == ["approved"]
    assert stage.reply_states() == ["failed"]
    assert stage.promise_states() == ["void"] * 3
    assert stage.states("o1", "o2") == ["waiting", "waiting"]
    assert len(stage.look().groups) == 1
    assert stage.send().posted == []


def test_a_draft_that_answers_somebody_else_still_fits_when_a_name_is_taken_out_of_their_words(stage: Stage) -> None:
    stage.fetch(comment("z1", HIS), comment("o1", f"{LATE} Come {HANDLE} lassù."))
    stage.look()
    stage.reply("o1", text=CALLBACK, include_new=True)
    forget(stage, HANDLE)
    assert stage.comment("o1").text == f"{LATE} Come […] lassù."
    assert len(stage.send().posted) == 1


def test_linked_persons_are_one_and_can_be_parted_again(stage: Stage) -> None:
    stage.fetch(comment("a1", author="ada"), comment("b1", author="bea"), comment("b2", author="bea"))
    desk = stage.desk()
    ada, bea = persons.find(desk, "@ada"), persons.find(desk, "bea")
    stage.reply("b1", text=CALLBACK, include_new=True)
    before = stage.rows("SELECT id, person FROM comment ORDER BY 1"), stage.rows("SELECT id, person FROM promise")
    persons.link(desk, ada.id, bea.id, "one family account")
    assert {one.person for one in map(stage.comment, ("a1", "b1", "b2"))} == {ada.id}
    assert persons.find(desk, bea.id).id == ada.id
    assert len(persons.dossier(desk, persons.find(desk, "bea")).promises) == 1
    stage.clock.goes(minutes=5)
    stage.fetch(comment("b3", author="bea"))
    assert stage.comment("b3").person == ada.id
    persons.unlink(desk, bea.id, "two people after all")
    assert stage.comment("b3").person == bea.id
    assert [one for one in stage.rows("SELECT id, person FROM comment ORDER BY 1") if one in before[0]] == before[0]
    assert stage.rows("SELECT id, person FROM promise") == before[1]
    assert desk.store.counts.differences() == ()


def test_the_thread_they_opened_comes_back_without_its_words(stage: Stage) -> None:
    opened = Thread("z1", HIS, "https://x.example/z1")
    stage.fetch(replace(comment("z1", HIS), thread=opened))
    forget(stage, HANDLE)
    stage.fetch(replace(comment("o1", "anche a me"), thread=opened))
    answered = stage.comment("o1")
    assert (answered.thread_native_id, answered.thread_text, answered.thread_url) == ("z1", None, None)


def test_the_door_asks_once_a_page_and_not_once_a_comment(stage: Stage) -> None:
    stage.fetch(comment("z1", HIS))
    forget(stage, HANDLE)
    asked: list[str] = []
    statement = stage.store._database.tuples
    stage.store._database.tuples = lambda query: asked.append(str(query)) or statement(query)  # type: ignore[assignment,func-returns-value]
    many = [comment(f"n{n}", author=f"somebody{n}") for n in range(500)]
    assert len(stage.store.tombstones.let_in("page", many)) == 500
    assert len(asked) <= 2


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    with closing(Forge(tmp_path_factory.mktemp("warm"))) as forge:
        yield forge


def test_killed_anywhere_he_is_wholly_there_or_wholly_gone_and_again_ends_it(forge: Forge, tmp_path: Path) -> None:
    desk = lay_desk(tmp_path / "desk")
    job = Job(desk)
    write_comments(desk, row("z1", HIS), row("c2", f"Anche io, come {HANDLE}"), row("c3"))
    forge.done(job, "fetch", "page")
    person, answered = rows(desk, "SELECT person, id FROM comment WHERE native_id = 'z1'")[0]
    forge.done(job, "reply", answered, "--text", CALLBACK, "--yes", "--later")
    before = _words(desk)
    last = forge.run(replace(_copy(job, "unkilled"), die_at=10**6), "person", "forget", person, "--yes")
    assert last.code == 0, last.stderr
    after = _words(desk.with_name("desk.unkilled"))
    wanted = [n for n, name in enumerate(last.steps, 1) if _writes(name)]
    turns = [n for n, name in enumerate(last.steps, 1) if name.split()[1] in ("COMMIT", "VACUUM", "BEGIN")]
    for step in sorted({*wanted[::9], *turns}):
        killed = _copy(job, str(step))
        ran = forge.run(replace(killed, die_at=step), "person", "forget", person, "--yes")
        where = f"step {step}: {ran.steps[-1]}"
        assert ran.killed, where
        assert _words(killed.folder) in (before, after), where
        assert [one for one in troubles(killed.folder) if "approval" not in one] == [], where
        again = forge.done(killed, "person", "forget", person, "--yes")
        assert "is forgotten" in again.stdout
        assert left(killed.folder, ALONE, HANDLE) == [], where
        shutil.rmtree(killed.folder)


def _copy(job: Job, name: str) -> Job:
    return replace(job, folder=Path(shutil.copytree(job.folder, job.folder.with_name(f"{job.folder.name}.{name}"))))


def _writes(step: str) -> bool:
    return not step.startswith(("before SELECT", "before PRAGMA", "before --"))


def _words(folder: Path) -> list[tuple[object, ...]]:
    """What forgetting changes, as whoever opens the file next sees it."""
    return rows(
        folder,
        """SELECT text, handle, state FROM comment UNION ALL SELECT text, state, '' FROM reply
            UNION ALL SELECT text, state, '' FROM promise UNION ALL SELECT name, '', '' FROM person
            UNION ALL SELECT handle, name, '' FROM author UNION ALL SELECT what, '', '' FROM tombstone
            ORDER BY 1, 2, 3""",
    )


def test_a_restore_of_what_was_never_forgotten_forgets_nobody(stage: Stage) -> None:
    stage.fetch(comment("z1", HIS))
    assert forgetting.again(stage.desk(), []) == 0
    assert stage.comment("z1").text == HIS


def test_who_was_known_before_their_handle_was_forgotten_elsewhere_stays(stage: Stage, tmp_path: Path) -> None:
    """Marks are by account: the same handle on another account may be somebody else's."""
    stage.fetch(comment("z1", HIS))
    stage.fediverse.receive(comment("f1", "Un saluto a tutti voi", author=HANDLE, thread=None))
    stage.fetch()
    forget(stage, stage.comment("z1").person)
    assert stage.comment("f1").text == "Un saluto a tutti voi"
    assert stage.comment("f1").handle == HANDLE
    stage.clock.now = at(23, 12) + timedelta(days=1)
    assert Store(tmp_path / "caretool.db", stage.clock()).tombstones.any()
