"""Where a code is not repeated, and where it has to be said that codes are not known any more."""

from __future__ import annotations

import pytest

from caretool.desk import coupons
from tests.desk.rewarded import GRATEFUL, coupon, giving, write_codes
from tests.desk.stage import Stage, comment


@pytest.mark.parametrize("posted", [False, True])
@pytest.mark.parametrize("agent", ["dario", "tom"])
def test_whoever_comes_second_is_not_told_the_code(stage: Stage, posted: bool, agent: str) -> None:
    stage.settings = giving(coupon())
    write_codes(stage.folder, ["AAA", "BBB"])
    stage.fetch(comment("c1", GRATEFUL))
    asked: dict[str, object] = {"text": None, "reward": "thanks", "private": True}
    assert "AAA" in stage.reply("c1", **asked).replies[0].text
    if posted:
        stage.send()
    refused = stage.reply("c1", agent=agent, **asked).refusals
    (answered,) = (refusal for refusal in refused if refusal.check == "already-answered")
    assert "il codice ‹code› è per lei" in answered.why
    assert "AAA" not in "".join(f"{refusal}" for refusal in refused)


def test_a_restore_over_what_cannot_be_read_says_so_also_where_the_backup_knows_of_no_reward(stage: Stage) -> None:
    said: list[str] = []
    with stage.store.writing():
        coupons.after_restore(stage.store, None, stage.clock(), said.append)
    assert ["not known any more" in sentence for sentence in said] == [True]
