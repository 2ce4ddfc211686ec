"""A settings file names a secret and never holds it; what is wrong with it is told without it."""

from __future__ import annotations

import builtins
import os
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from caretool import secrets
from caretool.errors import TokenRefused
from caretool.secrets import Secret
from caretool.settings.accounts import read_accounts
from caretool.settings.kept import from_text, to_text
from caretool.settings.known import Known
from caretool.settings.loading import load
from caretool.settings.problems import one_line
from tests.settings import shop

WHAT = "accounts.fediverse.token"
HIDDEN = "s3cr3t-Token-4711"
WAYS: list[dict[str, Any]] = [
    {"env": "CARETOOL_MASTODON_TOKEN"},
    {"command": ["pass", "show", "caretool/mastodon"]},
    {"keyring": "https://social.example/desk"},
]


class Place(BaseModel):
    """A connector's settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    token: Secret = Field(description="Where the token is kept.")


def problems(token: object) -> list[str]:
    """What accounts.toml is told of this token, a line each."""
    data = {"accounts": {"fediverse": {"platform": "place", "url": "x", "token": token}}}
    people, found = read_accounts("accounts.toml", data, Known(), {"place": Place})
    assert (people is None) == bool(found)
    return [one_line(problem, 4) for problem in found]


def refused(secret: Secret) -> str:
    """The sentence of a secret that cannot be had; HIDDEN is nowhere in its traceback."""
    with pytest.raises(TokenRefused) as caught:
        secret.reveal(WHAT)
    whole = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert HIDDEN not in "".join(line for line in whole.format() if "test_secrets.py" not in line)
    text = str(caught.value)
    assert text.startswith(f"{WHAT}: ")
    assert text.isprintable()
    return text


# In the file


@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_taken_and_holds_only_the_reference(way: dict[str, Any]) -> None:
    assert problems(way) == []
    kept = Place(url="x", token=Secret(**way)).model_dump(mode="json")
    assert {key: value for key, value in kept["token"].items() if value is not None} == way
    assert Place(**kept) == Place(url="x", token=Secret(**way))


@pytest.mark.parametrize("way", WAYS)
def test_a_workspace_keeps_the_reference_and_gets_it_back(way: dict[str, Any], tmp_path: Path) -> None:
    account = {
        "accounts": {"fediverse": {"platform": "place", "url": "x", "token": way}},
        "agents": {"ada": {"name": "Ada"}},  # who reads there what dario writes to a crowd
    }
    folder = shop.workspace(tmp_path, accounts=f"{shop.ACCOUNTS}\n{tomli_w.dumps(account)}")
    whole = load(folder, {**shop.PLATFORMS, "place": Place})
    kept: Any = from_text(to_text(whole)).accounts["fediverse"].settings
    assert Place(**kept) == whole.accounts["fediverse"].settings == Place(url="x", token=Secret(**way))


NOT_SECRETS = [HIDDEN, "", 4711471147114711, [HIDDEN], True, 4711.5]


@pytest.mark.parametrize("token", NOT_SECRETS)
def test_the_secret_itself_is_refused_and_not_repeated(token: object) -> None:
    (line,) = problems(token)
    assert line.startswith("accounts.toml:4 accounts.fediverse.token: a secret does not belong into this file: write ")
    assert '{ env = "NAME" }' in line
    assert HIDDEN not in line
    assert "4711" not in line


@pytest.mark.parametrize("token", [{}, {"env": "A", "keyring": "a/b"}])
def test_exactly_one_way_is_named(token: object) -> None:
    (line,) = problems(token)
    assert "accounts.fediverse.token: must be exactly one of { env" in line


@pytest.mark.parametrize(
    "token",
    [
        {"env": HIDDEN},
        {"env": "a lower case name"},
        {"env": 47114711},
        {"env": [HIDDEN]},
        {"env": f"{HIDDEN}="},
        {"command": HIDDEN},
        {"command": []},
        {"command": [" "]},
        {"command": ["pass", 47114711]},
        {"command": ["pass\0", HIDDEN]},
        {"keyring": HIDDEN},
        {"keyring": "service/"},
        {"keyring": f" /{HIDDEN}"},
        {"keyring": 47114711},
        {"keyring": f"{HIDDEN}\x1b/user"},
    ],
)
def test_what_is_wrong_with_a_reference_is_told_without_it(token: dict[str, object]) -> None:
    (line,) = problems(token)
    assert f"accounts.fediverse.token.{next(iter(token))}: must " in line
    assert HIDDEN not in line
    assert "4711" not in line


def test_an_unknown_key_is_told_and_its_value_is_not() -> None:
    (line,) = problems({"value": HIDDEN, "env": "A"})
    assert "accounts.fediverse.token.value: there is no such key here" in line
    assert HIDDEN not in line


def test_pydantics_own_words_do_not_hold_it() -> None:
    for token in (HIDDEN, {"env": HIDDEN}, {"value": HIDDEN}):
        with pytest.raises(ValidationError) as caught:
            Secret.model_validate(token)
        assert HIDDEN not in str(caught.value)


@settings(max_examples=100)
@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["env", "command", "keyring", "x"]), inner),
        max_leaves=5,
    )
)
def test_whatever_stands_there_is_taken_or_told(token: object) -> None:
    assert all(line.startswith("accounts.toml:4 accounts.fediverse.token") for line in problems(token))


# The environment


def test_the_environment_is_read_when_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret(env="CARETOOL_TEST_TOKEN")
    monkeypatch.setenv("CARETOOL_TEST_TOKEN", f" {HIDDEN}\n")
    assert secret.reveal(WHAT) == HIDDEN
    assert HIDDEN not in repr(secret)


def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CARETOOL_TEST_TOKEN", raising=False)
    secret = Secret(env="CARETOOL_TEST_TOKEN")
    assert "variable CARETOOL_TEST_TOKEN is not set: `export CARETOOL_TEST_TOKEN=…`" in refused(secret)
    monkeypatch.setenv("CARETOOL_TEST_TOKEN", " ")
    assert "variable CARETOOL_TEST_TOKEN is empty" in refused(secret)


# A command


def python(program: str) -> Secret:
    return Secret(command=(sys.executable, "-c", program))


def test_the_first_line_of_a_command_is_the_secret() -> None:
    assert python(f"print(' {HIDDEN} '); print('user: desk')").reveal(WHAT) == HIDDEN


def test_a_command_gets_no_shell(tmp_path: Path) -> None:
    made = tmp_path / "made"
    words = ("echo", f"$(touch {made}); `touch {made}` && x")
    assert Secret(command=words).reveal(WHAT) == words[1]
    assert not made.exists()


def test_a_command_that_fails_is_told_by_its_exit_code_only(capfd: pytest.CaptureFixture[str]) -> None:
    half = (
        "import os, sys; print(os.environ['PART'] + '-4711'); print(os.environ['PART'], file=sys.stderr); sys.exit(3)"
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PART", HIDDEN[:-5])
        text = refused(python(half))
    assert text.endswith("ended with exit code 3: run it by hand to see why")
    assert HIDDEN[:-5] not in text
    assert capfd.readouterr() == ("", "")


def test_a_command_that_prints_nothing_is_told() -> None:
    assert "printed nothing" in refused(python("print(); print('later')"))


def test_a_command_reads_nothing_from_us() -> None:
    ours, theirs = os.dup(0), os.pipe()
    os.write(theirs[1], b" but what was piped to caretool")
    os.close(theirs[1])
    os.dup2(theirs[0], 0)
    try:
        assert python("import sys; print('nothing' + sys.stdin.read())").reveal(WHAT) == "nothing"
    finally:
        os.dup2(ours, 0)
        os.close(ours)
        os.close(theirs[0])


def test_a_command_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_PATIENCE", 0.1)
    assert "was not done after 0.1 seconds" in refused(python("import threading; threading.Event().wait(60)"))


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "no-such-program is not there: install it" in refused(Secret(command=("no-such-program",)))
    assert "cannot be run (Permission denied)" in refused(Secret(command=(str(tmp_path),)))


# The keyring


def a_keyring(monkeypatch: pytest.MonkeyPatch, answer: Any) -> list[tuple[str, str]]:
    asked: list[tuple[str, str]] = []

    def get_password(service: str, user: str) -> Any:
        asked.append((service, user))
        if isinstance(answer, Exception):
            raise answer
        return answer

    fake: Any = ModuleType("keyring")
    fake.get_password = get_password
    monkeypatch.setitem(sys.modules, "keyring", fake)
    return asked


def test_the_keyring_is_asked_by_service_and_user(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = a_keyring(monkeypatch, HIDDEN)
    assert Secret(keyring="https://social.example/desk").reveal(WHAT) == HIDDEN
    assert asked == [("https://social.example", "desk")]


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_keyring_without_it_says_how_to_put_it_there(nothing: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    a_keyring(monkeypatch, nothing)
    assert refused(Secret(keyring="caretool/desk")).endswith("holds nothing for it: keyring set caretool desk")


def test_a_machine_without_a_keyring_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    a_keyring(monkeypatch, RuntimeError(f"No recommended backend was available.\n{HIDDEN}"))
    assert "the keyring cannot be asked" in refused(Secret(keyring="caretool/desk"))


def test_the_keyring_package_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "keyring":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "keyring", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    assert "pip install 'caretool[keyring]'" in refused(Secret(keyring="caretool/desk"))
