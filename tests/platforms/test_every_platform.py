"""What every connector brings beside its code: settings that explain themselves, a page, a sample, a guide, a fake."""

from __future__ import annotations

import re
import socket
import tomllib
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from caretool.domain.budget import Unlimited
from caretool.domain.limits import Limits
from caretool.platforms import registry
from caretool.platforms.platform import Expires, Opening, Platform
from caretool.secrets import Secret
from caretool.settings.accounts import AccountTable, read_account
from caretool.settings.known import Known
from caretool.settings.validation import keys
from tests.platforms.contract import NOON

HERE = Path(__file__).parent
PAGES = HERE.parents[1] / "docs" / "platforms"
# Without a network there is nothing to be asked, and nobody to make a token.
NETWORK = [name for name in registry.KNOWN if name != "file"]
_SAMPLE = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"^\| key \|.*\n\|[-| ]+\n((?:\|.*\n?)+)", re.MULTILINE)
_ROW = re.compile(r"^\| *((?:`[^`]+`(?:, )?)+) *\|", re.MULTILINE)

every = pytest.mark.parametrize("name", registry.KNOWN)
with_network = pytest.mark.parametrize("name", NETWORK)


def page(name: str) -> str:
    """A connector's page."""
    return (PAGES / f"{name}.md").read_text("utf-8")


def samples(name: str) -> dict[str, dict[str, Any]]:
    """The accounts that a page's samples of accounts.toml hold, if they are on this platform."""
    found = [tomllib.loads(text).get("accounts", {}) for text in _SAMPLE.findall(page(name))]
    return {
        account: table
        for accounts in found
        for account, table in accounts.items()
        if isinstance(table, dict) and table.get("platform") == name
    }


def opened(name: str, folder: Path) -> Platform:
    """The page's first sample, opened."""
    account, table = next(iter(samples(name).items()))
    read, problems = read_account("page", account, table, Known(platforms=registry.KNOWN), registry.settings_models())
    assert problems == []
    assert read is not None
    return registry.open_platform(read, Opening(folder, ZoneInfo("Europe/Rome"), lambda: NOON, budget=Unlimited()))


@every
def test_its_settings_refuse_what_they_do_not_know_and_explain_each_key(name: str) -> None:
    model = registry.connector(name).settings
    assert issubclass(model, BaseModel)
    assert (model.model_config.get("extra"), model.model_config.get("frozen")) == ("forbid", True)
    for key, field in model.model_fields.items():
        assert field.description, f"{name}: {key} has no description"
        assert field.description.endswith("."), f"{name}: the description of {key} is no sentence"


@every
def test_it_says_in_one_line_what_it_is_for_and_how_its_token_is_made(name: str) -> None:
    connector = registry.connector(name)
    assert connector.about, f"{name}: ABOUT is missing in its registry entry"
    assert connector.guide, f"{name}: GUIDE is missing in its registry entry"
    assert len(connector.about.splitlines()) == 1
    assert len(connector.about) <= 100
    first, *others = connector.guide.splitlines()
    assert first.endswith("."), f"{name}: the first line of GUIDE alone is told where a token ends: {first!r}"
    assert others
    assert max(map(len, [first, *others])) <= 110
    assert connector.guide.replace("\n", "").isprintable()


@every
def test_its_page_has_every_key_in_a_table_and_no_other(name: str) -> None:
    told = {
        key.strip("` ")
        for table in _TABLE.findall(page(name))
        for row in _ROW.findall(table)
        for key in row.split(", ")
    }
    own = set(keys(registry.connector(name).settings))
    assert told, f"docs/platforms/{name}.md has no table that begins with | key |"
    assert own - told == set(), f"docs/platforms/{name}.md leaves out keys"
    assert told - own - set(keys(AccountTable)) == set(), f"docs/platforms/{name}.md tells of keys that there are not"


@with_network
@pytest.mark.parametrize("said", ["token", "endpoint", "limit", "once"])
def test_its_page_has_a_heading_for_what_people_look_for(name: str, said: str) -> None:
    headings = [line.casefold() for line in page(name).splitlines() if line.startswith("##")]
    assert any(said in heading for heading in headings), f"docs/platforms/{name}.md: no ## heading with {said!r}"


@with_network
def test_its_page_says_what_it_was_tried_against(name: str) -> None:
    assert "**Tried**" in page(name)


@every
def test_the_sample_on_its_page_loads(name: str) -> None:
    found = samples(name)
    assert found, f'docs/platforms/{name}.md has no ```toml block with [accounts.…] and platform = "{name}"'
    for account, table in found.items():
        _, problems = read_account("page", account, table, Known(platforms=registry.KNOWN), registry.settings_models())
        assert problems == []


@every
def test_its_tests_hold_it_against_the_contract_and_a_network_is_faked(name: str) -> None:
    tests = HERE / f"test_{name}.py"
    assert tests.exists(), f"{tests.name} is missing"
    assert re.search(r"\b(Platform|Reading)Contract[,)]", tests.read_text("utf-8"))
    assert name not in NETWORK or (HERE / f"fake_{name}.py").exists(), f"tests/platforms/fake_{name}.py is missing"


@every
def test_opening_it_asks_for_nothing_neither_a_server_nor_a_secret(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("opened, it asks")

    for what in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, what, forbidden)
    monkeypatch.setattr(Secret, "reveal", forbidden)
    platform = opened(name, tmp_path)
    assert isinstance(platform.limits, Limits)
    platform.fetch(None)
    assert list(tmp_path.iterdir()) == []


@every
def test_when_its_token_ends_is_known_without_a_request(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("it asks when its token ends")

    monkeypatch.setattr(socket, "create_connection", forbidden)
    monkeypatch.setattr(Secret, "reveal", lambda secret, what: "token")
    platform = opened(name, tmp_path)
    if isinstance(platform, Expires):
        assert platform.expires_at is None


@every
def test_what_was_worked_in_is_kept_as_plain_values_and_read_again(name: str) -> None:
    for table in samples(name).values():
        theirs = keys(registry.connector(name).settings)
        own = {key: value for key, value in table.items() if key not in keys(AccountTable) or key in theirs}
        settings = registry.connector(name).settings(**own)
        again = registry.connector(name).settings(**settings.model_dump(mode="json", exclude_none=True))
        assert again == settings
