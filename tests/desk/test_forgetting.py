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

from caretool.desk import barring, forgetting, persons
from caretool.desk.request import Request
from caretool.domain.comment import Author, Incoming, Thread
from caretool.domain.redaction import QUOTE
from caretool.errors import StoreProblem, UsageProblem
from caretool.store.store import Store
from tests.desk.crashing import Forge, Job, lay_desk, row, rows, troubles, write_comments
from tests.desk.rewarded import GRATEFUL
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


def named(native_id: str, handle: str, name: str, text: str) -> Incoming:
    """A comment by somebody with a name."""
    return Incoming(native_id, Author(handle, name), text, MONDAY, thread=Thread("post"), language="it")


def test_who_has_their_name_within_a_longer_one_keeps_it(stage: Stage) -> None:
    said = "Sono @anna.neri, Anna Maria Rossi, non @anna né Anna Maria."
    stage.fetch(
        named("z1", "anna", "Anna Maria", "Buongiorno a tutti voi"),
        replace(named("o1", "anna.neri", "Anna Maria Rossi", said), url="https://x.example/anna.neri/1"),
        replace(named("o2", "bea", "Bea", "Ciao"), thread=Thread("anna.neri/77", "Saldi", "https://x.example/77")),
    )
    forget(stage, stage.comment("z1").person)
    other = stage.comment("o1")
    assert other.text == "Sono @anna.neri, Anna Maria Rossi, non […] né […]."
    assert (other.url, other.name) == ("https://x.example/anna.neri/1", "Anna Maria Rossi")
    assert stage.rows("SELECT name FROM person WHERE id = ?", other.person) == [("Anna Maria Rossi",)]
    assert stage.comment("o2").thread_native_id == "anna.neri/77"


@pytest.mark.parametrize(
    ("handle", "name"),
    [("12", "12"), ("x9", "//"), ("x9", ".."), ("x9", "❤️❤️"), ("q", "Q"), ("x9", "(.*)"), ("x9", "[a-z]+")],
)
def test_what_tells_nobody_from_anybody_stays_in_the_words_of_others(stage: Stage, handle: str, name: str) -> None:
    said = "Alle 12 vi scrivo, la q è su https://x.example/12 … ❤️❤️ .. (a)"
    stage.fetch(named("z1", handle, name, "Buongiorno a tutti voi"), comment("o1", said))
    forget(stage, stage.comment("z1").person)
    assert stage.comment("o1").text == said


def test_the_codes_in_a_draft_are_nobodys_name(stage: Stage) -> None:
    stage.fetch(named("z1", "auto", "Auto Mattia", "Buongiorno a tutti voi"), comment("o1", GRATEFUL))
    stage.reply("o1", agent="tom", text="Grazie {{ person.name }}, sono Tom, come dice auto: un saluto.")
    forget(stage, "auto")
    ((kept,),) = stage.rows("SELECT request FROM draft")
    request = Request.from_json(kept)
    assert request.mode == "auto"
    assert request.text == "Grazie {{ person.name }}, sono Tom, come dice […]: un saluto."


def test_who_is_called_as_we_are_takes_our_name_from_nothing_of_ours(stage: Stage) -> None:
    stage.fetch(
        named("z1", "bottega.z", "Bottega Blu", "Buongiorno a tutti voi"),
        named("z2", "dario", "Dario", "Buona sera a tutti voi"),
        comment("o1", "Bravo @dario"),
    )
    stage.reply("o1", text="Grazie {{ person.name }}, un saluto da Dario di Bottega Blu.")
    for person in (stage.comment("z1").person, stage.comment("z2").person):
        forget(stage, person)
    stage.send()
    assert stage.page.wall[0].text.endswith("un saluto da Dario di Bottega Blu.")
    assert stage.comment("o1").text == "Bravo […]"


def test_their_words_leave_also_what_we_said_to_others(stage: Stage) -> None:
    stage.fetch(comment("z1", HIS), comment("o1", GRATEFUL))
    stage.clock.goes(minutes=30)
    stage.reply("o1", text=f"Grazie {{{{ person.name }}}}, e un'altra voce: {ALONE}. Un saluto da Dario.")
    stage.send()
    forget(stage, HANDLE)
    ((said,),) = stage.rows("SELECT text FROM reply")
    assert ALONE not in said
    assert said.endswith("Un saluto da Dario.")


def test_what_they_have_from_us_stays_ours(stage: Stage) -> None:
    ours = "un saluto dalla bottega in riva al canale, dove il sole non tramonta"
    stage.fetch(comment("o1", GRATEFUL))
    stage.reply("o1", text=f"Grazie {{{{ person.name }}}}, {ours}. Dario")
    stage.send()
    stage.clock.goes(minutes=30)
    stage.fetch(comment("z1", f"Che cosa vuol dire {ours}?", written_at=stage.clock()))
    forget(stage, HANDLE)
    assert ours in stage.rows("SELECT text FROM reply")[0][0]


def test_we_do_not_forget_ourselves(stage: Stage) -> None:
    stage.fetch(comment("p1", "La nuova console è qui per tutti voi", author="bottegablu", own=True))
    with pytest.raises(UsageProblem, match="is ourselves"):
        forget(stage, "bottegablu")
    assert stage.comment("p1").text == "La nuova console è qui per tutti voi"


def test_who_pastes_our_post_below_it_takes_it_from_nobody(stage: Stage) -> None:
    ours = Thread("p9", "La console è in offerta: consegna in 48 ore!", "https://x.example/9")
    stage.fetch(
        replace(comment("o1", "Bella!", written_at=MONDAY - timedelta(hours=3)), thread=ours),
        replace(comment("z1", f"{ours.text} E dov'è?"), thread=ours),
    )
    forget(stage, HANDLE)
    assert stage.comment("o1").thread_text == ours.text


def test_a_thread_that_is_cut_short_is_still_theirs(stage: Stage) -> None:
    stage.fetch(replace(comment("z1", HIS), thread=Thread("t9", f"{HIS[:50]}…")))
    forget(stage, HANDLE)
    assert stage.rows("SELECT text FROM thread") == [(None,)]


def test_what_is_broken_off_leaves_no_mark_that_a_restore_would_act_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.fetch(comment("z1", HIS), comment("z2", f"{HIS} E la lampada?"))
    forget(stage, "author.z2")
    marks = (stage.folder / ".secrets" / "forgotten.jsonl").read_bytes()

    def broken_off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stage.store.erasing, "forget", broken_off)
    with pytest.raises(KeyboardInterrupt):
        forget(stage, HANDLE)
    assert (stage.folder / ".secrets" / "forgotten.jsonl").read_bytes() == marks
    assert stage.comment("z1").text == HIS


def test_in_a_restored_database_each_is_forgotten_as_of_their_own_day(stage: Stage) -> None:
    stage.fetch(comment("z1", HIS))
    forget(stage, HANDLE)
    stones = stage.store.tombstones.written_down()
    first = stage.clock()
    stage.clock.goes(days=30)
    stage.fetch(comment("y1", author="ugo"))
    forget(stage, "ugo")
    stones = stage.store.tombstones.written_down()
    older = Stage(stage.folder, stage.folder / "older.db")
    older.fetch(comment("z1", HIS))
    assert forgetting.again(older.desk(), stones) == 1
    author = older.store.tombstones.made_marker().author("page", HANDLE)
    assert {one.mark: one.forgotten_at for one in older.store.tombstones.standing()}[author] == first
    older.store.close()


def test_what_hinders_the_last_step_hinders_no_fetch(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> bool:
        raise StoreProblem("the disk is full.")

    stage.fetch(comment("z1", HIS))
    monkeypatch.setattr(stage.store.erasing, "finish", full)
    assert not forget(stage, HANDLE).whole
    assert [one.error for one in stage.fetch(comment("o1"))] == [None, None]
    assert any("the disk is full" in sentence for sentence in stage.said)
    monkeypatch.undo()
    stage.fetch()
    assert not stage.store.erasing.due()


def test_the_doctor_knows_marks_of_a_key_that_was_lost_and_made_anew(stage: Stage) -> None:
    stage.fetch(comment("z1", HIS), comment("z2", f"{HIS} E la lampada?"))
    forget(stage, HANDLE)
    (stage.folder / ".secrets" / "tombstone.key").unlink()
    stage.store.close()
    stage.store = Store(stage.database, stage.clock(), stage.folder)
    forget(stage, "author.z2")
    (told,) = barring.examined(stage.store, None)
    assert (told.condition, "a key that is lost" in told.says) == ("warning", True)


def _without_the_key(stage: Stage) -> None:
    (stage.folder / ".secrets" / "tombstone.key").unlink()
    _looked_at_anew(stage)


def _looked_at_anew(stage: Stage) -> None:
    stage.store.close()
    stage.store = Store(stage.database, stage.clock(), stage.folder)


def _texts(stage: Stage) -> list[str]:
    return [row[0] for row in stage.rows("SELECT text FROM comment WHERE text <> '' ORDER BY native_id")]


@pytest.mark.parametrize("how", ["missing", "another"])
def test_without_the_key_nothing_older_than_the_last_forgetting_comes_in_and_with_it_all_that_may(
    stage: Stage, how: str
) -> None:
    his = comment("z1", HIS)
    stage.fetch(his)
    stage.clock.goes(hours=2)
    forget(stage, HANDLE)
    key = stage.folder / ".secrets" / "tombstone.key"
    before = key.read_text("ascii")
    _without_the_key(stage)
    if how == "another":
        key.write_text("ab" * 32 + "\n", "ascii")
    old, undated = comment("o1", "Quanto costa?"), replace(comment("o2", "E la lampada?"), written_at=None)
    new = comment("o3", "Quando aprite?", written_at=at(23, 12))
    stage.page.receive(his, old, undated, replace(new, thread=Thread("z1", HIS)))
    for _ in range(2):
        stage.said.clear()
        stage.fetch()
        assert _texts(stage) == ["Quando aprite?"]
        assert [row[0] for row in stage.rows("SELECT text FROM thread WHERE text IS NOT NULL")] == []
        (told,) = [sentence for sentence in stage.said if "held back" in sentence]
        assert "3 comments" in told
        assert ".secrets/tombstone.key is" in told
        assert "put it back" in told
    (doctor,) = barring.examined(stage.store, None)
    assert (doctor.condition, "is missing" in doctor.says) == ("wrong", how == "missing")
    key.write_text(before, "ascii")
    _looked_at_anew(stage)
    stage.said.clear()
    stage.fetch()
    assert sorted(_texts(stage)) == ["E la lampada?", "Quando aprite?", "Quanto costa?"]
    assert not any("held back" in sentence for sentence in stage.said)


def test_with_a_key_made_anew_the_older_stays_out_and_what_bears_no_date_is_read(stage: Stage) -> None:
    stage.fetch(comment("z1", HIS), comment("z2", f"{HIS} E la lampada?"))
    stage.clock.goes(hours=2)
    forget(stage, HANDLE)
    _without_the_key(stage)
    forget(stage, "author.z2")
    undated = replace(comment("o2", "E la lampada?"), written_at=None)
    stage.fetch(comment("z1", HIS), comment("z2", f"{HIS} E la lampada?"), comment("o1", "Quanto costa?"), undated)
    assert _texts(stage) == ["E la lampada?"]
    assert any("held back" in sentence and "key" in sentence for sentence in stage.said)


def test_who_has_the_same_words_in_another_order_is_mentioned(stage: Stage) -> None:
    def called(native_id: str, handle: str, name: str) -> Incoming:
        return Incoming(native_id, Author(handle, name), LATE, MONDAY)

    stage.fetch(
        called("z1", "mrossi", "Mario Rossi"),
        called("o1", "qualcuno", "Rossi  Mario"),
        called("o2", "rossi.mario", "Ada"),
        called("o3", "altri", "Mario"),
        called("o4", "uguale", "Mario Rossi"),
    )
    desk = stage.desk()
    plan = forgetting.consider(desk, persons.find(desk, "mrossi"))
    assert {one.id for one in plan.perhaps} == {stage.comment("o1").person, stage.comment("o2").person}
    assert [one.id for one in plan.namesakes] == [stage.comment("o4").person]
