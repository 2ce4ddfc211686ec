"""The log's chain: whatever is done to its lines is seen, and where."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.chain import BEGINNING, Break, Head, Link, Walk, codes_text, hash_of, must_be_codes

AT = "2026-11-23T08:12:00.000000Z"


def chained(subjects: Iterable[str], after: Head | None = None) -> list[Link]:
    """Lines as they are written."""
    head, links = after or Head(), []
    for subject in subjects:
        number = head.number + 1
        values = (number, AT, "dario", "noted", subject, "{}")
        head = Head(number, hash_of(head.hash, *values))
        links.append(Link(*values, head.hash))
    return links


def walked(links: Sequence[Link], noted: Head | None = None, after: Head | None = None) -> list[Break]:
    walk = Walk(after, {noted: "that was noted"} if noted else {})
    found = [one for link in links for one in walk.step(link)]
    return [*found, *walk.end()]


def numbered(links: Sequence[Link]) -> list[Link]:
    return [replace(link, number=number) for number, link in enumerate(links, start=1)]


def test_the_hash_is_sha_256_of_what_python_writes_as_json() -> None:
    said = json.dumps([BEGINNING, 1, AT, "dario", "noted", "c1", '{"n": 1}'])
    assert (
        hash_of(BEGINNING, 1, AT, "dario", "noted", "c1", codes_text({"n": 1}))
        == hashlib.sha256(said.encode()).hexdigest()
    )


def test_lines_as_they_were_written_are_sound() -> None:
    links = chained("abcdefg")
    assert walked(links) == []
    assert walked(links[4:], after=Head(4, links[3].hash)) == []
    assert walked(links, Head(3, links[2].hash)) == []
    assert walked([]) == []


@pytest.mark.parametrize("name", ["at", "agent", "action", "subject", "codes", "hash"])
def test_a_changed_value_is_found_at_its_line(name: str) -> None:
    links = chained("abcdefg")
    links[3] = replace(links[3], **{name: "f" * 64})
    found = walked(links)
    assert found[0] == Break(4, "does not follow from what is before it: it or line 3 was changed, put in or moved")
    assert [one.number for one in found] == ([4, 5] if name == "hash" else [4])


def test_a_missing_line_is_named_and_so_are_several() -> None:
    links = chained("abcdefg")
    assert walked([*links[:2], *links[3:]]) == [Break(3, "is missing")]
    assert walked([*links[:2], *links[5:]]) == [Break(3, "is missing, and so is every line up to 5")]
    assert walked(links[1:]) == [Break(1, "is missing")]


def test_a_missing_line_is_found_where_those_after_it_were_numbered_anew() -> None:
    links = chained("abcdefg")
    assert walked(numbered([*links[:2], *links[3:]]))[0].number == 3


def test_a_line_that_was_put_in_is_found() -> None:
    links = chained("abcdefg")
    forged = chained(["x"], Head(3, links[2].hash))
    assert walked(numbered([*links[:3], *forged, *links[3:]]))[0].number == 5
    assert walked([*links[:4], *forged, *links[4:]])[0] == Break(4, "stands after line 4: it was put in, or moved")


def test_two_lines_that_changed_places_are_found() -> None:
    links = chained("abcdefg")
    swapped = [*links[:2], links[3], links[2], *links[4:]]
    assert [one.number for one in walked(swapped)][:2] == [3, 3]
    assert walked(numbered(swapped))[0].number == 3


def test_a_tail_that_was_cut_off_and_a_log_that_was_written_anew_are_found_by_who_noted_its_head() -> None:
    links = chained("abcdefg")
    noted = Head(7, links[6].hash)
    assert walked(links[:5]) == []
    assert walked(links[:5], noted) == [Break(7, "is the one that was noted, and is missing: the log ends with line 5")]
    anew = chained("abXdefghi")
    assert walked(anew) == []
    found = walked(anew, noted)
    assert [one.number for one in found] == [7]
    assert "written anew since" in found[0].what


@given(st.lists(st.sampled_from("abcdef"), min_size=2, max_size=12), st.data())
@settings(max_examples=150, deadline=None)
def test_no_change_of_a_line_goes_unseen(subjects: list[str], data: st.DataObject) -> None:
    links = chained(subjects)
    noted = Head(len(links), links[-1].hash)
    at = data.draw(st.integers(0, len(links) - 1))
    other = data.draw(st.integers(0, len(links) - 1))
    changed = list(links)
    match data.draw(st.sampled_from(["change", "remove", "double", "swap", "renumber", "rehash"])):
        case "change":
            changed[at] = replace(links[at], subject="x")
        case "remove":
            del changed[at]
        case "double":
            changed.insert(other, links[at])
        case "swap":
            changed[at], changed[other] = changed[other], changed[at]
        case "renumber":
            changed = numbered(changed[:at] + changed[at + 1 :])
        case "rehash":
            changed[at:] = chained(["x", *subjects[at + 1 :]], Head(at, links[at - 1].hash) if at else None)
    if changed != links:
        assert walked(changed, noted)


def test_a_head_is_read_as_it_is_written() -> None:
    head = Head(12345, "0f" * 32)
    assert Head.parse(f" {head} ") == Head.parse(str(head).upper()) == head
    for text in ("", "1", f"0:{'0' * 64}", f"1:{'0' * 63}", f"1:{'g' * 64}", f"-1:{'0' * 64}", f"1:{'0' * 64}\n2"):
        with pytest.raises(ValueError, match="write NUMBER:HASH"):
            Head.parse(text)


def test_ids_and_codes_pass_and_words_and_names_do_not() -> None:
    must_be_codes("c7k2m9", "reply-posted", "josé", "2026-11-23T08:12:00Z", "1:0f", "a+b/c@d.e_f")
    for text in ("", "Anna Rossi", "due words", "a\nb", "x" * 101, "quote'", "<b>", "\u202e", "è, già"):
        with pytest.raises(ValueError, match="holds ids and codes"):
            must_be_codes("c7k2m9", text)
