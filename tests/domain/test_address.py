from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.address import addressees, called, listing, mentioning, named
from caretool.domain.draft import Addressee


@pytest.mark.parametrize(
    ("name", "as_called"),
    [
        ("Anna Rossi", "Anna Rossi"),
        ("  Anna \n Rossi ", "Anna Rossi"),
        ("Anna 🌸 Rossi ✨", "Anna Rossi"),
        ("👩‍👩‍👧 Famiglia ❤️ 🇮🇹", "Famiglia"),
        ("O'Brien", "O'Brien"),
        ("D´Angelo", "D'Angelo"),
        ("Zoë-Marie", "Zoë-Marie"),
        ("J.R.R. Tolkien", "J.R.R. Tolkien"),
        ("Prof.Rossi", "Prof.Rossi"),
        ("Sig.ra Rossi", "Sig.ra Rossi"),
        ("Dott.ssa Anna Bianchi", "Dott.ssa Anna Bianchi"),
        ("李小龍", "李小龍"),
        ("नरेन्द्र मोदी", "नरेन्द्र मोदी"),
        ("𝐀𝐧𝐧𝐚", "Anna"),
        ("ANNA ROSSI", "ANNA ROSSI"),
        ("Scunthorpe Fan", "Scunthorpe Fan"),
    ],
)
def test_a_name_that_looks_like_one_is_used(name: str, as_called: str) -> None:
    assert called(name, "@h4") == as_called


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "...",
        "🏳️‍🌈",
        "A" * 41,
        "Mario88",
        "@admin",
        "example.com",
        "t.me",
        "Shop.Example.COM",
        "sig.ra.example",
        "dott.ssa.it",
        "пример.рф",
        "https://x",
        "{{ 7*7 }}",
        "[bold]Anna[/bold]",
        "=SUM(A1)",
        "Anna\u202eissoR",
        "A\u200bnna",
        "Anna\x1b[31m",
        "NON COMPRATE MAI DA QUESTI QUA",
        "Mérda",
        "f.u.c.k",
        "Bottega Blu Truffa",
        "Z" + "\u0301" * 8,
        "\ud800",
    ],
)
def test_anything_else_is_called_by_the_handle(name: str | None) -> None:
    assert called(name, "@h4") == "h4"


@pytest.mark.parametrize(
    ("handle", "plain"),
    [("@anna", "anna"), ("@anna@social.example", "anna@social.example"), ("a\u202eb\x00", "ab"), ("\u200b", "?")],
)
def test_a_handle_can_do_nothing_to_the_line_it_stands_in(handle: str, plain: str) -> None:
    assert called(None, handle) == plain


def test_equal_names_are_told_apart_by_handle() -> None:
    people = addressees([("1", "@anna1", "Anna Rossi"), ("2", "anna2", "anna  rossi"), ("3", "bob", "Bruno")])
    assert [person.called for person in people] == ["Anna Rossi (@anna1)", "anna rossi (@anna2)", "Bruno"]
    assert [person.mention for person in people] == ["@anna1", "@anna2", "@bob"]
    assert [person.person for person in people] == ["1", "2", "3"]


def test_somebody_whose_name_is_another_ones_handle_is_told_apart() -> None:
    people = addressees([("1", "anna", None), ("2", "rossi88", "Anna")])
    assert [person.called for person in people] == ["anna", "Anna (@rossi88)"]


def test_people_are_listed_as_one_says_it() -> None:
    assert listing([], "it") == ""
    assert listing(["Anna"], "it") == "Anna"
    assert listing(["Anna", "Bruno"], "it") == "Anna e Bruno"
    assert listing(["Anna", "Bruno", "Carla"], "it-IT") == "Anna, Bruno e Carla"
    assert listing(["Anna", "Bruno", "Carla"], "en") == "Anna, Bruno and Carla"


def test_people_are_mentioned_where_the_platform_tells_them() -> None:
    people = addressees([("1", "@anna", "Anna"), ("2", "bruno", "Bruno")])
    assert named(people, "mentions", "it") == "@anna e @bruno"
    assert named(people, "names", "it") == "Anna e Bruno"


@given(st.none() | st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=200)
def test_whatever_people_call_themselves_is_one_short_visible_line(name: str | None, handle: str) -> None:
    line = called(name, handle)
    assert 0 < len(line) <= 100
    assert line == " ".join(line.split())
    assert not any(unicodedata.category(character)[0] == "C" for character in line)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", "@d"]), st.sampled_from(["Anna", "anna", "A", None]))))
@settings(max_examples=100)
def test_nobody_is_lost_and_different_handles_are_called_differently(people: list[tuple[str, str | None]]) -> None:
    result = addressees([(str(number), handle, name) for number, (handle, name) in enumerate(people)])
    assert [person.handle for person in result] == [handle for handle, _ in people]
    ways = {(person.called.casefold(), person.handle) for person in result}
    by_handle = {handle: {way for way, other in ways if other == handle} for handle, _ in people}
    handles = list(by_handle)
    for one in handles:
        for other in handles:
            assert one == other or not by_handle[one] & by_handle[other]


def _person(handle: str) -> Addressee:
    return addressees([("u1", handle, None)])[0]


@pytest.mark.parametrize(
    ("text", "handle", "expected"),
    [
        ("Buongiorno Anna", "anna", "@anna Buongiorno Anna"),
        ("Buongiorno @Anna, sono Dario", "anna", "Buongiorno @Anna, sono Dario"),
        ("Buongiorno @anna.", "anna", "Buongiorno @anna."),
        ("Buongiorno @anna@b.example", "anna", "@anna Buongiorno @anna@b.example"),
        ("Buongiorno @annamaria", "anna", "@anna Buongiorno @annamaria"),
        ("Scriva a x@anna", "anna", "@anna Scriva a x@anna"),
        ("Ciao @anna@b.example!", "anna@b.example", "Ciao @anna@b.example!"),
        ("Ciao @anna@b.example.org", "anna@b.example", "@anna@b.example Ciao @anna@b.example.org"),
    ],
)
def test_who_is_not_mentioned_is_mentioned_first(text: str, handle: str, expected: str) -> None:
    assert mentioning(text, [_person(handle)]) == expected


def test_each_missing_mention_stands_once() -> None:
    people = addressees([("u1", "anna", None), ("u2", "bruno", None), ("u3", "anna", None)])
    assert mentioning("Buongiorno @bruno", people) == "@anna Buongiorno @bruno"


@pytest.mark.parametrize(
    ("name", "handle", "as_called"),
    [
        ("\u3164\u3164", "anna", "anna"),
        ("Anna\u034f\u115f", "anna", "anna"),
        (None, "[red]anna[/red]", "redannared"),
        (None, "https://evil.example/x", "httpsevilexamplex"),
        (None, "[x](javascript:y)", "xjavascripty"),
        (None, "anna | bruno", "anna bruno"),
        (None, "D'Angelo & figli", "D'Angelo & figli"),
        (None, "z" + "\u0301" * 200, "z" + "\u0301" * 4),
        (None, "<>", "?"),
    ],
)
def test_a_handle_that_no_platform_gives_out_is_its_letters_alone(
    name: str | None, handle: str, as_called: str
) -> None:
    assert called(name, handle) == as_called


def test_a_long_handle_is_mentioned_whole_and_told_apart_in_short() -> None:
    handle = f"anna@{'x' * 200}.example"
    first, _ = addressees([("1", handle, "Anna"), ("2", "anna2", "Anna")])
    assert first.mention == f"@{handle}"
    assert first.called == f"Anna (@{handle[:100]})"
