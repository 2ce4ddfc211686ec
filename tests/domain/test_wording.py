from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.domain.policy import Agent, Company
from caretool.domain.wording import MissingValue, render, values, variables
from caretool.errors import CaretoolError, UsageProblem

AGENT = Agent("dario", "Dario")
COMPANY = Company("Bottega Blu", ("it", "en"), ZoneInfo("Europe/Rome"), "https://bottegablu.example/aiuto")
KNOWN = values(
    agent=AGENT,
    company=COMPANY,
    promises={"callback": "entro giovedì 26 novembre alle 18:00", "items": "domani"},
    person="Anna Rossi",
    people="Anna, Bruno e Carla",
    given={"order": "4711"},
)


def test_a_text_speaks_by_name_and_says_by_when() -> None:
    source = "Buongiorno {{ person.name }}, sono {{ agent.name }}: la richiamo {{ promises.callback.when }}.\n"
    assert render(source, KNOWN) == (
        "Buongiorno Anna Rossi, sono Dario: la richiamo entro giovedì 26 novembre alle 18:00.\n"
    )


def test_every_value_can_be_named() -> None:
    source = "{{ people }} {{ order }} {{ company.name }} {{ company.help_page }} {{ promises['callback'].when }}"
    assert render(source, KNOWN) == (
        "Anna, Bruno e Carla 4711 Bottega Blu https://bottegablu.example/aiuto entro giovedì 26 novembre alle 18:00"
    )


@pytest.mark.parametrize("name", ["{{ 7*7 }}", "{% for x in range(9) %}", "<b>Anna</b>", "{# ciao #}", "Anna\r\nB"])
def test_what_a_stranger_calls_himself_stays_text(name: str) -> None:
    known = values(agent=AGENT, company=COMPANY, promises={}, person=name)
    assert render("Ciao {{ person.name }}!", known) == f"Ciao {name}!"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("{{ promises.refund.when }}", "promises.refund.when"),
        ("{{ number }}", "number"),
        ("{{ order }} {{ person.surname }}", "person.surname"),
        ("{{ agent.signature }}", "agent.signature"),
        ("{% if number %}x{% endif %}", "number"),
        ("{{ person.__class__ }}", "person.__class__"),
        ("{{ person.name.upper }}", "person.name.upper"),
        ("{{ promises.keys }}", "promises.keys"),
    ],
)
def test_a_missing_value_is_named(source: str, name: str) -> None:
    with pytest.raises(MissingValue) as caught:
        render(source, KNOWN)
    assert caught.value.name == name
    assert name in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_missing_promise_says_how_to_make_it() -> None:
    with pytest.raises(MissingValue, match="--promise refund@TIME"):
        render("{{ promises.refund.when }}", KNOWN)
    with pytest.raises(MissingValue, match="--set number=VALUE"):
        render("{{ number }}", KNOWN)


def test_a_kind_named_like_a_method_is_still_a_kind() -> None:
    assert render("{{ promises.items.when }}", KNOWN) == "domani"


def test_a_given_value_never_takes_the_place_of_a_known_one() -> None:
    known = values(agent=AGENT, company=COMPANY, promises={}, given={"agent": "Nobody"})
    assert render("{{ agent.name }}", known) == "Dario"


def test_a_text_may_depend_on_what_is_known() -> None:
    source = "{% if promises.refund is defined %}{{ promises.refund.when }}{% else %}no{% endif %}"
    assert render(source, KNOWN) == "no"
    assert render("{% if order and not (number is defined) %}yes{% endif %}", KNOWN) == "yes"


@pytest.mark.parametrize(
    "source",
    [
        "{{ 7*7 }}",
        "{{ order.upper() }}",
        "{{ order|upper }}",
        "{{ 'a' * 999999999 }}",
        "{% for x in order %}x{% endfor %}",
        "{% set x = order %}",
        "{% include '/etc/passwd' %}",
        "{{ self }}",
        "{{ promises[order] }}",
        "{{ person }}",
        "{{ promises.callback }}",
        "{{ order is defined }}",
        "{{",
        "{% if %}",
        "{% if order %}",
        "{{ 9" + "9" * 5000 + " }}",
        "{{ " + "(" * 5000,
        "{{ a" + ".b" * 5000 + " }}",
        "{% if " + "not " * 4000 + "a %}{% endif %}",
        "{% if order %}" * 30 + "{% endif %}" * 30,
        "a" * 20_001,
    ],
)
def test_what_does_more_than_use_values_is_refused_in_one_line(source: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        render(source, KNOWN)
    assert "\n" not in str(caught.value)


def test_the_line_of_a_mistake_is_told() -> None:
    with pytest.raises(UsageProblem, match="Line 3"):
        variables("Buongiorno\n{{ person.name }}\n{{ person.name")


def test_a_mistake_is_told_without_the_parsers_own_words() -> None:
    with pytest.raises(UsageProblem) as caught:
        variables("Buongiorno {{ person name }}")
    assert str(caught.value) == (
        "Line 1 of the text: expected token '}}', got 'name'; write values as {{ person.name }}"
    )


def test_a_text_tells_which_values_it_needs() -> None:
    source = "{{ person.name }} {{ order }} {% if promises.callback.when %}{{ promises['callback'].when }}{% endif %}"
    assert variables(source) == {"person.name", "order", "promises.callback.when"}
    assert variables("senza valori, 100 %, {raw}") == frozenset()


PIECES = (
    "{{ }} {% %} {# #} {%- -%} if else elif endif for in not and is defined raw endraw person .name [ ] ( ) ' \" "
    "promises .x ['callback'] .when order | * ** - 1 1e999 None True self loop super() set = , : \\ \n a"
)
pieces = st.lists(st.sampled_from(PIECES.split(" ")), max_size=12).map(" ".join)


@given(st.text(max_size=50) | pieces)
@settings(max_examples=200, deadline=None)
def test_any_source_renders_or_is_refused_by_one_of_our_errors(source: str) -> None:
    try:
        needed = variables(source)
        text = render(source, KNOWN)
    except CaretoolError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert isinstance(text, str)
        assert all(isinstance(name, str) for name in needed)


@given(st.text(max_size=80))
@settings(max_examples=100)
def test_any_name_comes_out_as_it_went_in(name: str) -> None:
    known = values(agent=AGENT, company=COMPANY, promises={}, person=name)
    assert render("[{{ person.name }}]", known) == f"[{name}]"
