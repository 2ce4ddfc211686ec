"""`[[watch]]` as it stands in the file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from caretool.domain.watch import Watch
from caretool.settings import kept, names
from caretool.settings.in_force import policy_as_toml
from tests.settings.shop import POLICIES, changed, loaded, problems, workspace


def test_a_watch_is_what_it_says(tmp_path: Path) -> None:
    assert loaded(workspace(tmp_path)).policy.watches == (
        Watch(
            "parcels",
            ("Bottega Blu", "#bottegablu"),
            without=("Bottega Blu Milano",),
            accounts=("page", "feed"),
            languages=("en", "it"),
        ),
        Watch("lamps", ("lampada nilo",)),
    )


def test_it_comes_back_as_it_was_kept_and_as_it_is_shown(tmp_path: Path) -> None:
    settings = loaded(workspace(tmp_path))
    text = kept.to_text(settings)
    assert kept.from_text(text).policy.watches == settings.policy.watches
    assert names.from_text(text).watches == {"parcels": "Bottega Blu, #bottegablu", "lamps": "lampada nilo"}
    shown = tomllib.loads(policy_as_toml(settings))["watch"]
    assert shown[1] == {"name": "lamps", "words": ["lampada nilo"], "without": [], "languages": []}


def test_blanks_and_repetitions_do_not_count(tmp_path: Path) -> None:
    policies = changed(POLICIES, 'words = ["lampada nilo"]', 'words = [" lampada\\t nilo ", "lampada nilo"]')
    assert loaded(workspace(tmp_path, policies=policies)).policy.watches[1].words == ("lampada nilo",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('words = ["lampada nilo"]', "", "watch[2].words: is missing: any of these is looked for"),
        ('words = ["lampada nilo"]', "words = []", "watch[2].words: must not be empty"),
        ('words = ["lampada nilo"]', 'words = ["#b"]', "watch[2].words[1]: '#b' is too short to be searched for"),
        ('words = ["lampada nilo"]', f'words = ["{"a" * 101}"]', "is too long to be searched for"),
        ('words = ["lampada nilo"]', "words = ['say \"yes\"']", "holds a sign that no search takes"),
        ('words = ["lampada nilo"]', 'words = ["lam\\u202epada"]', "holds a sign that no search takes"),
        ('words = ["lampada nilo"]', 'words = ["nilo"]\nwithout = ["Nilo"]', "stands in words and in without"),
        ('words = ["lampada nilo"]', 'words = ["nilo"]\naccounts = ["pag"]', "'pag' is not an account: did you mean"),
        ('words = ["lampada nilo"]', 'words = ["nilo"]\naccounts = []', "watch[2].accounts: must not be empty"),
        ('words = ["lampada nilo"]', 'words = ["nilo"]\nlanguages = ["italiano"]', "is not a language"),
        ('words = ["lampada nilo"]', 'words = ["nilo"]\nword = 1', "there is no such key here: did you mean 'words'?"),
        ('name = "lamps"', 'name = "parcels"', "watch[2].name: 'parcels' is the name of an earlier one"),
        ('name = "lamps"', 'name = "the lamps"', "watch[2].name: 'the lamps' is not a name"),
    ],
)
def test_what_is_wrong_with_a_watch_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    (problem,) = problems(workspace(tmp_path, policies=changed(POLICIES, old, new)))
    assert said in problem
