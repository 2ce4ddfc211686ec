from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.dialect import Said, Verdict
from caretool.domain.budget import Bucket
from caretool.errors import PlatformFailed
from caretool.platforms.graph import Round, Tariff, dialect
from caretool.platforms.graph_wire import address, closed, identifier, moment, used
from tests.platforms.contract import NOON

SPOKEN = dialect(Tariff(), timedelta(hours=24))
USAGE, CASES = "x-app-usage", "x-business-use-case-usage"


def verdict(code: object, headers: dict[str, str] | None = None, **more: Any) -> Verdict | None:
    return SPOKEN.verdict(Said(400, headers or {}, {"error": {"code": code, **more}}, NOON))


@pytest.mark.parametrize("code", [102, 190])
def test_a_token_that_ended_may_be_renewed(code: int) -> None:
    assert verdict(code, error_subcode=463) == Verdict("expired", code=f"{code}/463")


@pytest.mark.parametrize("code", [4, 17, 32, 341, 613, 80001, 80002])
def test_too_many_calls_are_no_refusal_and_waited_for_as_many_minutes_as_it_says(code: int) -> None:
    told = {"1024": [{"call_count": 100, "estimated_time_to_regain_access": 7}]}
    assert verdict(code, {CASES: json.dumps(told)}) == Verdict("busy", 420, str(code))
    assert verdict(code) == Verdict("busy", 600, str(code))


def test_a_block_for_what_we_did_is_left_alone_for_long() -> None:
    assert verdict(368) == Verdict("busy", 24 * 3600, "368")


@pytest.mark.parametrize("code", [1, 2])
def test_trouble_over_there_says_nothing_of_what_was_done(code: int) -> None:
    assert verdict(code) == Verdict("failed", code=str(code))
    assert verdict(99999, is_transient=True) == Verdict("failed", code="99999")
    assert verdict(99999, is_transient="true") == Verdict("refused", code="99999")


@pytest.mark.parametrize("code", [3, 10, 100, 200, 299, 506, 1705, 1609005])
def test_a_no_is_a_no_with_its_code(code: int) -> None:
    assert verdict(code) == Verdict("refused", code=str(code))


@pytest.mark.parametrize("code", [None, "190", 1.5, True, [], -1])
def test_what_is_no_code_is_left_to_http(code: object) -> None:
    assert verdict(code) is None
    for body in (None, [], "error", {"error": "190"}, {"error": None}):
        assert SPOKEN.verdict(Said(400, {}, body, NOON)) is None


def test_the_highest_percentage_counts_wherever_it_stands() -> None:
    told = {"1": [{"call_count": 3, "total_time": 81}, {"call_count": 5}], "2": [{"total_cputime": 12}]}
    assert used({CASES: json.dumps(told), USAGE: '{"call_count": 28, "total_time": 25, "total_cputime": 25}'}) == 81
    assert used({USAGE: '{"call_count": 28, "total_time": 25, "total_cputime": 25}'}) == 28
    assert used({}) is None


def test_reading_stops_at_three_quarters_and_all_stops_at_the_end() -> None:
    at = NOON + timedelta(minutes=10)
    (reads,) = SPOKEN.meters({USAGE: '{"call_count": 74}'}, Bucket(), NOON)
    assert (reads.bucket, reads.left, reads.limit, reads.resets_at) == ("reads", 26, 100, at)
    bucket, units = SPOKEN.price("GET", "/v26.0/me")
    assert (bucket.name, bucket.kept * 100) == ("reads", 25)
    assert 0 < units < 1
    _, writes = SPOKEN.meters({USAGE: '{"call_count": 100}'}, Bucket(), NOON)
    assert (writes.bucket, writes.left) == ("writes", 0)
    assert (SPOKEN.price("POST", "/x")[0].name, SPOKEN.price("DELETE", "/x")[1]) == ("writes", 1)
    assert SPOKEN.meters({}, Bucket(), NOON) == ()


@settings(max_examples=100)
@given(
    st.text(max_size=40)
    | st.sampled_from(['{"a": [NaN]}', '{"call_count": 1e999}', "[" * 3000, '{"a":[{"call_count":-1}]}'])
)
def test_headers_that_make_no_sense_say_nothing(text: str) -> None:
    for name in (USAGE, CASES):
        share = used({name: text})
        assert share is None or share >= 0
        assert closed({name: text}) > timedelta(0)


def test_times_are_read_with_their_offset_or_as_seconds() -> None:
    assert str(moment("2017-08-31T18:10:30+0000")) == "2017-08-31 18:10:30+00:00"
    assert str(moment("2017-08-31T20:10:30+0200")) == "2017-08-31 18:10:30+00:00"
    assert str(moment(1504203030)) == "2017-08-31 18:10:30+00:00"
    for odd in (None, True, 1.5, "soon", "0001-01-01T00:00:00+0900", 10**30, {}, []):
        assert moment(odd) is None


def test_an_id_never_becomes_another_path() -> None:
    for good in ("1024_17", "17841400000001024", "m_AbC-d=", "c0"):
        assert address(good) == identifier({"id": good}) == good
    for odd in ("", "..", "../me", "a/b", "a?b", "a b", "a,b", "é", "x" * 300, "a\n"):
        assert identifier({"id": odd}) is None
        with pytest.raises(PlatformFailed) as failure:
            address(odd)
        assert len(str(failure.value).splitlines()) == 1


@pytest.mark.parametrize("kept", [None, [], "x", {}, {"begun": "1"}, {"begun": True, "x": 1}, {"after": 3, "begun": 1}])
def test_a_round_that_is_none_begins_anew(kept: object) -> None:
    assert Round.parse(kept) in (None, Round())
    there = Round("cursor", 7, 3)
    assert Round.parse(json.loads(json.dumps(there.plain()))) == there
