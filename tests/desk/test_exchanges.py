"""Who looks at a comment sees what was said before it: by who wrote it, by us, and in between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from caretool.desk import retracting, showing
from caretool.domain.comment import Incoming
from caretool.domain.exchange import Turn
from caretool.store import exchanges
from tests.desk.stage import MONDAY, FakePlatform, Stage, comment

ANSWER = "Buongiorno {{ person.name }}, sono Dario: le rispondo qui entro il 24 novembre alle 18:00."
SAID = "Buongiorno Anna Rossi, sono Dario: le rispondo qui entro il 24 novembre alle 18:00."


class Deleting(FakePlatform):
    """A page that lets us take back what we said."""

    def retract(self, native_id: str) -> None:
        pass


def minutes(number: int) -> datetime:
    return MONDAY - timedelta(hours=2) + timedelta(minutes=number)


def anna(native_id: str, text: str, at: int, **more: object) -> Incoming:
    return comment(native_id, text, author="anna", name="Anna Rossi", written_at=minutes(at), **more)  # type: ignore[arg-type]


def said(stage: Stage, native_id: str) -> list[tuple[bool, str]]:
    found = stage.store.exchanges.before([stage.comment(native_id).id], 9)
    return [(turn.own, turn.text) for turn in found.get(stage.comment(native_id).id, ())]


def answered(stage: Stage, native_id: str, **more: object) -> str:
    """Our answer as it is on the platform: its native id."""
    assert stage.reply(native_id, text=ANSWER, **more).state == "approved"
    stage.send()
    return f"our-{stage.page.wall[-1].key}"


class TestWhatBelongsToIt:
    def test_an_answer_to_our_answer_shows_both_what_we_said_and_what_it_was_about(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        stage.fetch(anna("c1", "Dov'è il mio pacco?", 1))
        ours = answered(stage, "c1")
        stage.clock.goes(minutes=5)
        stage.fetch(anna("c2", "Ancora niente!", 90, reply_to=ours))
        assert said(stage, "c2") == [(False, "Dov'è il mio pacco?"), (True, SAID)]
        (turns,) = stage.store.exchanges.before([stage.comment("c2").id], 9).values()
        assert [turn.by for turn in turns] == ["Anna Rossi", "dario"]

    def test_our_answer_that_was_fetched_back_is_told_once_and_as_who_wrote_it(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        stage.fetch(anna("c1", "Dov'è il mio pacco?", 1))
        ours = answered(stage, "c1")
        back = comment(ours, "<b>" + SAID, author="bottegablu", own=True, reply_to="c1", written_at=MONDAY)
        stage.fetch(back, anna("c2", "Ancora niente!", 90, reply_to=ours))
        assert said(stage, "c2") == [(False, "Dov'è il mio pacco?"), (True, SAID)]

    def test_where_a_platform_has_one_level_the_thread_and_the_person_tell(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        stage.fetch(anna("c1", "Dov'è il mio pacco?", 1), comment("other", "E il mio?"))
        answered(stage, "c1")
        stage.fetch(anna("c2", "Ancora niente!", 90), anna("elsewhere", "Ciao", 91, thread="another post"))
        assert said(stage, "c2") == [(False, "Dov'è il mio pacco?"), (True, SAID)]
        assert said(stage, "elsewhere") == []

    def test_an_answer_that_one_of_us_gave_there_is_a_turn(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        stage.fetch(
            anna("c1", "Dov'è il mio pacco?", 1),
            comment("ours", "È partito ieri.", author="shop", own=True, reply_to="c1", written_at=minutes(2)),
            anna("c2", "Grazie!", 3, reply_to="ours"),
        )
        assert said(stage, "c2") == [(False, "Dov'è il mio pacco?"), (True, "È partito ieri.")]

    def test_our_own_post_that_they_write_under_is_no_turn(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        stage.fetch(
            comment("post", "Le console sono qui.", author="shop", own=True, written_at=minutes(0)),
            anna("c1", "Dov'è il mio pacco?", 1, reply_to="post"),
        )
        assert said(stage, "c1") == []

    def test_what_still_waits_of_the_same_person_is_told_by_itself(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        stage.fetch(anna("c1", "Dov'è il mio pacco?", 1), anna("c2", "Allora?", 2))
        assert said(stage, "c2") == []

    def test_an_answer_to_many_shows_what_this_person_asked(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        others = [comment(f"o{number}", "Dov'è il mio pacco?") for number in range(3)]
        stage.fetch(*others, anna("c1", "Il mio pacco non arriva, quando?", 1))
        ids = [f"o{number}" for number in range(3)] + ["c1"]
        outcome = stage.reply(
            *ids, mode="together", text="Buongiorno {{ people }}, sono Dario: rispondo qui alle 18:00."
        )
        assert outcome.state == "approved", outcome.refusals
        stage.send()
        stage.fetch(anna("c2", "Sono le 19.", 90, thread=None, reply_to=f"our-{stage.page.wall[-1].key}"))
        assert [own for own, _ in said(stage, "c2")] == [False, True]
        assert said(stage, "c2")[0][1] == "Il mio pacco non arriva, quando?"

    def test_a_long_exchange_and_one_in_a_circle_end(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        chain = [anna(f"c{n}", f"parola {n}", n, reply_to=f"c{n - 1}", thread=None) for n in range(30)]
        circle = [anna(f"r{n}", f"giro {n}", n, reply_to=f"r{1 - n}", thread=None) for n in range(2)]
        stage.fetch(*chain, *circle)
        assert [text for _, text in said(stage, "c29")] == [f"parola {n}" for n in (25, 26, 27, 28)]
        assert [text for _, text in said(stage, "r1")] == ["giro 0"]

    def test_only_the_last_turns_are_told(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        stage.fetch(*[anna(f"c{n}", f"parola {n}", n, reply_to=f"c{n - 1}") for n in range(6)])
        comment_id = stage.comment("c5").id
        assert [turn.text for turn in stage.store.exchanges.before([comment_id], 2)[comment_id]] == [
            "parola 3",
            "parola 4",
        ]

    def test_what_was_deleted_there_is_no_turn(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        stage.fetch(
            anna("c1", "Dov'è il mio pacco?", 1),
            comment("by-hand", "È partito ieri.", author="shop", own=True, reply_to="c1", written_at=minutes(2)),
        )
        ours = answered(stage, "c1", further=True)
        stage.clock.goes(minutes=5)
        stage.fetch(anna("c2", "Ancora niente!", 90, reply_to=ours))
        assert len(said(stage, "c2")) == 3
        stage.fetch(deleted=["c1", "by-hand"])
        assert said(stage, "c2") == [(True, SAID)]

    def test_what_we_took_back_is_no_turn(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        stage.page = Deleting(stage.clock)
        stage.fetch(anna("c1", "Dov'è il mio pacco?", 1))
        ours = answered(stage, "c1")
        stage.clock.goes(minutes=5)
        back = comment(ours, SAID, author="shop", own=True, reply_to="c1", written_at=MONDAY)
        stage.fetch(back, anna("c2", "Ancora niente!", 90, reply_to=ours))
        assert said(stage, "c2") == [(False, "Dov'è il mio pacco?"), (True, SAID)]
        (reply,) = stage.rows("SELECT id FROM reply")[0]
        retracting.retract(stage.desk(), reply, "the wrong customer", by_hand=False)
        assert said(stage, "c2") == [(False, "Dov'è il mio pacco?")]

    def test_accounts_are_kept_apart(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        stage.fediverse.receive(anna("c1", "Altrove", 1))
        stage.fetch(anna("c2", "Qui", 2, reply_to="c1", thread=None))
        assert said(stage, "c2") == []


class TestWhoLooks:
    def chain(self, stage: Stage) -> None:
        stage.fetch(anna("c1", "Il mio numero è 333 1234567, dov'è il mio pacco?", 1))
        ours = answered(stage, "c1")
        stage.fetch(anna("c2", "Il mio pacco non è ancora arrivato, allora?", 90, reply_to=ours))

    def test_the_inbox_has_it_for_each_comment_and_for_the_first_alone(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        self.chain(stage)
        (listed,) = stage.look().groups
        assert [turn.own for turn in listed.said[stage.comment("c2").id]] == [False, True]
        assert listed.group.first == stage.comment("c2").id

    def test_show_has_it(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        self.chain(stage)
        for subject in (stage.comment("c2").id, stage.group_of("c2")):
            shown = showing.show(stage.desk(), subject)
            assert [turn.own for turn in shown.said[stage.comment("c2").id]] == [False, True]

    def test_personal_data_of_others_is_masked_where_it_is_to_be(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        self.chain(stage)
        turns: Sequence[Turn] = stage.look().groups[0].said[stage.comment("c2").id]
        assert "333 1234567" in turns[0].text
        assert "‹phone›" in turns[0].masked
        assert turns[1].masked == SAID

    def test_what_was_forgotten_is_no_turn(self, tmp_path: Path) -> None:
        stage = Stage(tmp_path)
        self.chain(stage)
        with stage.store.writing():
            stage.store._database.statement("UPDATE comment SET text = '' WHERE native_id = 'c1'")
        assert [own for own, _ in said(stage, "c2")] == [True]


def test_no_table_is_walked_through(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    plan = [row[-1] for row in stage.rows(f"EXPLAIN QUERY PLAN {exchanges._TURNS}", "[]")]
    walked = {line.split()[1] for line in plan if line.startswith("SCAN")}
    assert walked == {"json_each", "a", "t"}  # what is asked for, and what was found of it
