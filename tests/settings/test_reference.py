from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from caretool.settings.accounts import AccountsFile, AccountTable
from caretool.settings.policies import PoliciesFile
from caretool.settings.reference import page
from caretool.settings.templates import TemplateFile
from caretool.settings.validation import keys, table_in
from tests.settings.shop import ACCOUNTS, DELIVERY_LATE, POLICIES

# Its language is none of the shop's: what Spanish has stands in test_voice as a workspace that loads.
SPANISH = '[reply.es.usted]\npublic = "…"\n[reply.es.vosotros]\npublic = "…"\n'
COMMITTED = Path(__file__).parents[2] / "docs" / "reference.md"
FILES: list[tuple[type[BaseModel], str]] = [
    (AccountsFile, ACCOUNTS),
    (PoliciesFile, POLICIES),
    (TemplateFile, DELIVERY_LATE + SPANISH),
]


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        inner = table_in(field.annotation)
        if inner is not None:
            yield from models(inner)


def written(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for entry in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from written(entry)


def test_the_committed_reference_is_what_the_models_say() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize(("model", "text"), FILES)
def test_every_key_has_a_word_of_help_and_stands_in_the_example_that_loads(model: type[BaseModel], text: str) -> None:
    used = set(written(tomllib.loads(text)))
    account: list[type[BaseModel]] = [AccountTable] if model is AccountsFile else []
    for table in [*models(model), *account]:
        assert table.__doc__
        assert set(keys(table)) <= used, table
        assert all(field.description for field in table.model_fields.values()), table


def test_every_key_stands_in_the_page() -> None:
    text = page()
    every: list[type[BaseModel]] = [AccountTable, *(found for root, _ in FILES for found in models(root))]
    for model in every:
        for key in keys(model):
            assert f"`{key}`" in text or f"[{key}" in text, key
