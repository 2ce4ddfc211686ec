"""Whatever stands in the files: settings, or problems a line each. Nothing else comes out."""

from __future__ import annotations

import re
import tempfile
import tomllib
from datetime import UTC, date
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, HttpUrl
from pydantic_core import PydanticKnownError
from pydantic_core._pydantic_core import list_all_errors

from caretool.errors import SettingsProblem
from caretool.settings.known import Known
from caretool.settings.loading import load
from caretool.settings.validation import validated
from tests.settings.shop import ACCOUNTS, DELIVERY_LATE, PLATFORMS, POLICIES, THANKS, workspace

TEXTS = {"accounts": ACCOUNTS, "policies": POLICIES, "template": DELIVERY_LATE}
PIECES = [
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    "=",
    ".",
    ",",
    "\n",
    "\x00",
    "\ufeff",
    "[[x]]\n",
    "a.b.c = 1\n",
    '"""',
    "1e999",
    "💥",
]

anything = st.recursive(
    st.none().map(lambda _: "")
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["2 days", "spam", "it", "{{ people }}", "{% x %}", "09:00-13:00", "(a+)+", "Europe", "../x"])
    | st.dates(date(1, 1, 1))
    | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def judged(texts: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = workspace(
            Path(name),
            accounts=texts["accounts"],
            policies=texts["policies"],
            templates={"delivery-late": texts["template"], "thanks": THANKS},
        )
        try:
            load(folder, PLATFORMS)
        except SettingsProblem as found:
            for line in found.problems:
                assert "\n" not in line
                assert line.isprintable(), line
                at = re.match(r"([\w./-]+\.toml)(?::(\d+))?[ :]", line)
                assert at, line
                text = (folder / at[1]).read_text(encoding="utf-8")
                assert int(at[2] or 1) <= text.count("\n") + 1


@given(st.data(), st.sampled_from(sorted(TEXTS)))
@settings(max_examples=120, deadline=None)
def test_a_file_with_pieces_torn_out_and_put_in_is_judged(data: st.DataObject, which: str) -> None:
    text = TEXTS[which]
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.sampled_from([0, 1, 5, 40]))
        text = text[:start] + data.draw(st.sampled_from(PIECES)) + text[start + length :]
    judged({**TEXTS, which: text})


def places(value: Any) -> list[tuple[Any, Any]]:
    entries = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    return [(value, key) for key, _ in entries] + [place for _, entry in entries for place in places(entry)]


@given(st.data(), st.sampled_from(sorted(TEXTS)))
@settings(max_examples=150, deadline=None)
def test_a_file_with_anything_for_a_value_is_judged(data: st.DataObject, which: str) -> None:
    whole = tomllib.loads(TEXTS[which])
    for _ in range(data.draw(st.integers(1, 3))):
        table, key = data.draw(st.sampled_from(places(whole)))
        if isinstance(table, dict) and data.draw(st.booleans()):
            table[data.draw(st.text(max_size=6))] = table.pop(key, 0)
        else:
            table[key] = data.draw(anything)
    judged({**TEXTS, which: tomli_w.dumps(whole)})


@pytest.mark.parametrize("text", [f"{'.'.join('a' * 600)} = 1", "a = 0x" + "f" * 9000, f"a = {'{b=' * 50}1{'}' * 50}"])
def test_a_monstrous_value_is_judged(text: str) -> None:
    for which in TEXTS:
        judged({**TEXTS, which: f"{text}\n{TEXTS[which]}"})
        judged({**TEXTS, which: TEXTS[which].replace("\n", f"\n{text}\n", 1)})


class Own(BaseModel):
    """A connector that says more than the others, in pydantic's own ways."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: HttpUrl
    pages: list[int] = Field(max_length=2)
    depth: int | list[int] = Field(default=1)
    ratio: float = Field(default=0.5, gt=0, lt=1)
    tag: str = Field(default="a", pattern="^[a-z]+$", max_length=5)
    inner: dict[str, Own] = Field(default={}, alias="in")


def test_what_a_connectors_model_says_in_its_own_way_is_put_in_plain_words() -> None:
    data = {
        "url": "nowhere",
        "pages": [1, 2, 3],
        "depth": "x",
        "ratio": 2.0,
        "tag": "toolong",
        "in": {"x": {"urll": 1}},
    }
    _, problems = validated(Own, data, Known(), file="accounts.toml")
    said = {".".join(map(str, problem.path)): problem.what for problem in problems}
    assert said["pages"] == "must have at most 2 entries"
    assert said["ratio"] == "must be less than 1.0, not 2.0"
    assert said["tag"] == "must have at most 5 characters"
    assert said["in.x.urll"] == "there is no such key here: did you mean 'url'?"
    assert said["in.x.url"] == "is missing"
    assert {"url", "depth"} <= set(said)


def test_none_of_pydantics_own_sentences_is_told() -> None:
    for error in list_all_errors():
        context = error.get("example_context")

        class Odd(BaseModel):
            key: str

        assert "Input should" not in told(Odd, error["type"], context), error["type"]


def told(model: type[BaseModel], kind: str, context: dict[str, Any] | None) -> str:
    from caretool.settings.validation import _sentence

    message = PydanticKnownError(kind, context).message()  # type: ignore[arg-type]
    details: Any = {"type": kind, "loc": ("key",), "msg": message, "input": "x", "ctx": context or {}}
    return _sentence(model, details, False, ())
