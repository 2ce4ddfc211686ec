"""An account put into accounts.toml: not a byte of what a person wrote there is touched."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from caretool import workspace
from caretool.errors import UsageProblem
from caretool.settings.sections import line_of, section, with_account

NEW = {"platform": "mastodon", "url": "https://social.example", "token": {"env": "CARETOOL_MASTODON_TOKEN"}}
WRITTEN = """\
[accounts.new]
platform = "mastodon"
url = "https://social.example"
token = { env = "CARETOOL_MASTODON_TOKEN" }
"""
STARTER = (Path(workspace.__file__).parent / "starter" / "accounts.toml").read_text("utf-8")

# What people write: sections, comments beside and between, samples taken out, odd but sound TOML.
_ACCOUNT = '[accounts.{0}]\nplatform = "file"  # an export\ncomments = "{0}.csv"\n'
_BLOCKS = (
    "# ── Agents ─ who answers ──────\n",
    '# [accounts.sample]\n# platform = "file"\n',
    "\n",
    "   \n",
    "\t# set in\n",
    '[agents.a{n}]\nname = "Dario"\nrole = "manager" # [accounts.not-one]\n',
    "[owners.o{n}]\n",
    '[accounts.a{n}]\nplatform = "file"  # an export\ncomments = "a{n}.csv"\n# handle = "x"\n',
    '[accounts."è {n}".columns]\nid = "ID"\n[accounts."è {n}"]\nx = """\n[accounts.fake]\n# not a comment\n"""\n',
    "[[lists.l{n}]]\nx = [\n  1, # one\n  2,\n]\n",
    "[accounts.b{n}] # inline\ntoken = { command = [\"pass\", 'show'] }\n",
)


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file as somebody keeps it."""
    picks = draw(st.lists(st.sampled_from(_BLOCKS), max_size=12))
    text = "".join(block.replace("{n}", str(number)) for number, block in enumerate(picks))
    if draw(st.booleans()):
        text = text.removesuffix("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "\ufeff"])) + text


def inserted(old: str, new: str) -> list[str]:
    """What may have been put in, if nothing else differs."""
    length = len(new) - len(old)
    return [new[at : at + length] for at in range(len(old) + 1) if new[:at] + new[at + length :] == old]


def data(text: str) -> dict[str, Any]:
    return tomllib.loads(text.removeprefix("\ufeff"))


@settings(deadline=None)
@given(files())
@example(STARTER)
def test_all_that_stood_there_stands_there_still(old: str) -> None:
    new = with_account(old, "new", NEW)
    end = "\r\n" if "\r\n" in old else "\n"
    assert any(added.strip() == WRITTEN.strip().replace("\n", end) for added in inserted(old, new))
    expected = data(old)
    expected.setdefault("accounts", {})["new"] = NEW
    assert data(new) == expected
    assert new.removeprefix("\ufeff").split("\n")[line_of(new, "new") - 1].strip() == "[accounts.new]"


@settings(deadline=None)
@given(files())
def test_it_stands_by_itself_and_a_comment_stays_with_what_it_is_above(old: str) -> None:
    lines = with_account(old, "new", NEW).removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    first = lines.index("[accounts.new]")
    assert first == 0 or not lines[first - 1].strip()
    assert not lines[first + len(NEW) + 1].strip()
    before = old.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    for row, line in enumerate(before):
        first = row
        while first and before[first - 1].lstrip().startswith("#"):
            first -= 1
        if line.startswith("[") and (first == 0 or not before[first - 1].strip()):
            now = lines.index(line)
            assert lines[now - (row - first) : now] == before[first:row]


def test_in_the_starters_file_it_comes_before_the_heading_of_the_agents() -> None:
    new = with_account(STARTER, "new", NEW)
    assert f"# the server's own limit if left out\n\n{WRITTEN}\n# ── Agents" in new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", WRITTEN),
        ("# who we are", f"# who we are\n\n{WRITTEN}"),
        ("[agents.a]\nx = 1\n", f"{WRITTEN}\n[agents.a]\nx = 1\n"),
        ("[accounts.a]\nx = 1\n# y = 2\n[agents.a]\n", f"[accounts.a]\nx = 1\n# y = 2\n\n{WRITTEN}\n[agents.a]\n"),
        ("[accounts]\na = { x = 1 }", f"[accounts]\na = {{ x = 1 }}\n\n{WRITTEN}"),
    ],
)
def test_where_it_goes(old: str, new: str) -> None:
    assert with_account(old, "new", NEW) == new


@pytest.mark.parametrize("old", ["accounts = { a = { x = 1 } }\n", "accounts = 1\n", "[accounts.new]\nx = 1\n", "x ="])
def test_where_no_section_can_be_put_in_it_says_what_to_write(old: str) -> None:
    with pytest.raises(UsageProblem, match="by hand") as refused:
        with_account(old, "new", NEW)
    assert WRITTEN in str(refused.value)


_VALUES = st.recursive(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.just(date(2026, 11, 23))
    | st.just(time(9, 12))
    | st.just(datetime(2026, 11, 23, 9, 12, tzinfo=UTC)),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=10), st.dictionaries(st.text(max_size=5), _VALUES))
def test_whatever_a_value_holds_it_is_read_back_as_it_was(name: str, table: dict[str, Any]) -> None:
    assert data(section(name, table)) == {"accounts": {name: table}}
