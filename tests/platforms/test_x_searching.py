"""What X's search does in its own way: its query, how far back it reaches, what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from caretool.domain.watch import Watch
from caretool.errors import PlatformFailed
from caretool.platforms.x.fetch import queried
from tests.platforms.contract import comments_of
from tests.platforms.fake_x import FIRST, OURS
from tests.platforms.x_harness import TOKEN, XHarness


@pytest.fixture
def x(monkeypatch: pytest.MonkeyPatch) -> XHarness:
    monkeypatch.setenv(TOKEN, FIRST)
    return XHarness()


@pytest.mark.parametrize(
    ("watch", "query"),
    [
        (Watch("w", ("Bottega Blu",)), '"Bottega Blu" -is:retweet -from:bottegablu'),
        (
            Watch("w", ("console", "#console", "@bottega"), ("xbox",), None, ("it", "he-IL")),
            '("console" OR #console OR @bottega) -"xbox" (lang:it OR lang:iw) -is:retweet -from:bottegablu',
        ),
        (Watch("w", ('a" OR b', "x:y\n-z")), '("a OR b" OR "x:y -z") -is:retweet -from:bottegablu'),
        (Watch("w", ('"', "  ")), ""),
        (Watch("w", ()), ""),
    ],
)
def test_nothing_in_a_word_is_an_operator(watch: Watch, query: str) -> None:
    assert queried(watch, OURS) == query


def test_what_is_too_much_for_one_query_says_so(x: XHarness) -> None:
    watch = Watch("marchi", tuple(f"marchio numero {number}" for number in range(40)))
    with pytest.raises(PlatformFailed, match=r"'marchi'.* 512: divide"):
        list(x.connect().search(watch, None))


def test_a_watch_without_words_finds_nothing_and_asks_nothing(x: XHarness) -> None:
    assert list(x.connect(facts='{"id": "1"}').search(Watch("w", ()), None)) == []
    assert x.requests() == 0


def test_a_search_that_rested_for_weeks_goes_back_as_far_as_x_lets_it(x: XHarness) -> None:
    x.fake.write("anna", "una console")
    *_, last = x.connect().search(Watch("w", ("console",)), None)
    x.now += timedelta(days=30)
    x.fake.write("bruno", "la console")
    pages = list(x.connect().search(Watch("w", ("console",)), last.bookmark))
    assert [one.text for one in comments_of(pages)] == ["la console"]


def test_a_search_costs_no_more_at_a_time_than_was_said(x: XHarness) -> None:
    for number in range(450):
        x.fake.write("anna", f"la console {number}")
        x.now += timedelta(seconds=5)
    watch, bookmark, found, told = Watch("marchi", ("console",)), None, [], []
    for _ in range(3):
        before = x.requests()
        pages = list(x.connect(searched=200).search(watch, bookmark))
        assert x.requests() - before <= 4
        bookmark = pages[-1].bookmark if pages else bookmark
        found += [one.text for one in comments_of(pages)]
        told.append([remark for page in pages for remark in page.remarks])
    assert sorted(found) == sorted(f"la console {number}" for number in range(450))
    what = "The search for the watch 'marchi' stopped after 200 posts, as X charges for each"
    more = f"{what}; the next fetch goes on."
    assert told[:2] == [[more], [more]]
    assert told[2] == []


@pytest.mark.parametrize(("searched", "found"), [(1, 10), (20, 20), (150, 200)])
def test_whoever_wants_few_is_shown_few(x: XHarness, searched: int, found: int) -> None:
    for number in range(250):
        x.fake.write("anna", f"la console {number}")
    assert len(comments_of(x.connect(searched=searched).search(Watch("marchi", ("console",)), None))) == found
