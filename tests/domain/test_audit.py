from __future__ import annotations

from datetime import UTC, datetime, timedelta

from caretool.domain.audit import audit
from caretool.domain.moderation import Evidence, Ground, Moderation, ModerationState
from caretool.domain.policy import Action

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def done(
    account: str = "page",
    action: Action = "hide",
    ground: Ground | None = "spam",
    state: ModerationState = "done",
    minutes: int = 10,
) -> Moderation:
    """Something that was done, so many minutes after it was written."""
    at = NOON + timedelta(minutes=minutes)
    evidence = Evidence("text", None, NOON, at, "0f")
    return Moderation(
        "m1", "c1", "u1", account, action, ground, "rule", state, "dario", None, "key", at, "1", "anna",
        done_at=at, evidence=evidence,
    )  # fmt: skip


def test_what_failed_was_not_done_and_what_was_undone_is_counted_as_such() -> None:
    found = audit(
        [done(), done(state="undone"), done(state="failed"), done(state="unsure")], {}, since=None, as_of=NOON
    )
    (tally,) = found.tallies
    assert (tally.number, tally.undone, tally.unsure, len(found.entries)) == (3, 1, 1, 3)


def test_the_median_is_of_one_ground_and_action() -> None:
    entries = [done(minutes=5), done(minutes=15), done(minutes=100), done(ground="abuse", minutes=7)]
    found = audit(entries, {}, since=None, as_of=NOON)
    assert [(one.ground, one.median_after) for one in found.tallies] == [
        ("abuse", timedelta(minutes=7)), ("spam", timedelta(minutes=15)),
    ]  # fmt: skip


def test_rates_are_per_ten_thousand_followers_and_unknown_where_nobody_says() -> None:
    entries = [done(), done(action="ban"), done(action="report"), done("feed")]
    found = audit(entries, {"page": 20_000, "feed": None, "quiet": 5_000}, since=None, as_of=NOON)
    by_name = {reach.account: reach for reach in found.reaches}
    assert by_name["page"].per(by_name["page"].silenced) == 1.0
    assert by_name["page"].per(by_name["page"].banned) == 0.5
    assert by_name["feed"].per(by_name["feed"].silenced) is None
    assert by_name["quiet"].per(by_name["quiet"].silenced) == 0.0
    assert (found.known.followers, found.known.silenced, found.known.banned) == (25_000, 2, 1)


def test_nothing_done_is_an_empty_report() -> None:
    found = audit([], {"page": None}, since=None, as_of=NOON)
    assert (found.tallies, found.entries, found.known.followers) == ((), (), None)
