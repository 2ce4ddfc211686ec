"""docs/checks.md tells the truth: every check stands there, its examples do what they say, and so do the roles."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from caretool.desk import replying
from caretool.domain.voice import Voice
from caretool.domain.waiver import CHECKS, INSTEAD, WAIVED_BY
from tests.desk.stage import Stage, comment

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text("utf-8")
ROWS = {
    cells[0].strip("`"): cells[1:]
    for line in PAGE.splitlines()
    if line.startswith("| `") and len(cells := [cell.strip() for cell in line.strip("|").split(" | ")]) == 5
}
WHOLE = "sono {{{{ agent.name }}}}: {}, le rispondo qui {{{{ promises.reply.when }}}}."
FRAMES = {
    "no-time": "sono {{{{ agent.name }}}}: {}.",
    "no-commitment": "sono {{{{ agent.name }}}}: {}.",
    "no-agent-name": "{}, le rispondo qui {{{{ promises.reply.when }}}}.",
    "wrong-language": "{}. {{{{ agent.name }}}}",
    "unanswered-question": "sono {{{{ agent.name }}}}: {}.",
}
COMPLAINT = "Il mio pacco non è ancora arrivato e nessuno mi risponde, sono molto deluso"
EXAMPLES = [
    (check, *(re.findall("“([^”]+)”", cells[column])[-1] for column in (1, 2)))
    for check, cells in ROWS.items()
    if cells[1].startswith("“")
]


def test_every_check_stands_in_the_table() -> None:
    told = set(ROWS)
    assert told >= set(CHECKS)
    assert told <= {*WAIVED_BY, *INSTEAD}


@pytest.mark.parametrize("check", list(ROWS))
def test_the_table_says_who_may_waive_it_and_the_proper_way(check: str) -> None:
    told = ROWS[check][3]
    who: str | None = {str(name): role for name, role in WAIVED_BY.items()}.get(check)
    if who is None:
        assert told == f"nobody: {INSTEAD[check]}"
    else:
        assert told.startswith(who)


@pytest.mark.parametrize(("check", "bad", "good"), EXAMPLES)
def test_its_examples_are_refused_and_pass(tmp_path: Path, check: str, bad: str, good: str) -> None:
    stage = Stage(tmp_path)
    policy = replace(stage.settings.policy, voice=Voice(register={"it": "lei"}))
    stage.settings = replace(stage.settings, policy=policy)
    asked = re.search("“([^”]+)”", ROWS[check][0])
    stage.fetch(comment("one", asked[1] if asked else COMPLAINT, name="Anna Rossi"))
    frame = FRAMES.get(check, WHOLE)

    def refused(words: str) -> set[str]:
        # A time that stands in the words needs no other beside it.
        text = frame.format(words) if "when }}" not in words else f"sono {{{{ agent.name }}}}: {words}."
        found = replying.consider(stage.desk(), stage.ask("one", text=text)).refusals
        return {one.check for one in found}

    assert check in refused(bad)
    if check in ("no-commitment", "wrong-language"):
        assert check not in refused(good)
    else:
        assert refused(good) == set()


def test_at_least_every_check_on_words_has_an_example_that_was_run() -> None:
    run = {check for check, *_ in EXAMPLES}
    assert set(CHECKS) - run <= {
        "too-long", "no-room", "mismatch", "group-changed", "already-answered", "claimed", "no-reward",
        "by-hand-only", "window-closed",
    }  # fmt: skip
