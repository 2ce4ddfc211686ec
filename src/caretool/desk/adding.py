"""Adding: an account that is not in accounts.toml yet, from what somebody says of it to a file that loads with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from caretool import paths
from caretool.desk import tokens
from caretool.desk.locks import held
from caretool.desk.premises import Premises
from caretool.errors import CaretoolError, SettingsProblem, UsageProblem
from caretool.platforms import registry
from caretool.settings import files
from caretool.settings.adding import Answers
from caretool.settings.loading import load
from caretool.settings.problems import instead, one_of, quoted
from caretool.settings.sections import line_of, with_account
from caretool.settings.values import is_name

_NAMED = "an account's name is of letters, digits, - _ and . only, at most 64"


@dataclass(frozen=True, slots=True)
class Draft:
    """An account that is being added: what was said of it, the platform's guide, the accounts that are there, and
    accounts.toml as it stood before."""

    answers: Answers
    guide: str
    taken: tuple[str, ...]
    before: bytes

    def proposed_name(self) -> str:
        """The platform's own name, or the next like it that is free."""
        platform = self.answers.platform
        numbered = (f"{platform}-{number}" for number in range(2, len(self.taken) + 3))
        return next(name for name in (platform, *numbered) if name not in self.taken)

    def proposed_variable(self, key: str) -> str:
        """Where a secret may be kept: CARETOOL_MASTODON_TOKEN, with the account's name for a second one."""
        key = key.replace(".", "_")
        name = f"CARETOOL_{self.answers.platform}_{key}".upper()
        lines = [line for line in self.before.splitlines() if not line.lstrip().startswith(b"#")]
        if self.answers.name is None or not any(name.encode() in line for line in lines):
            return name
        plain = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in self.answers.name)
        return f"CARETOOL_{plain}_{key}".upper()

    def call(self, name: str) -> None:
        """Give it a name. UsageProblem where it is none, or another account's."""
        if not is_name(name):
            raise UsageProblem(f"{quoted(name)} is no name: {_NAMED}.")
        if name in self.taken:
            raise UsageProblem(f"accounts.toml has an account {quoted(name)} already: choose another name.")
        self.answers.name = name


@dataclass(frozen=True, slots=True)
class Added:
    """An account that stands in accounts.toml now, on which line; `variables` have to be set to what they are for."""

    name: str
    platform: str
    line: int
    variables: tuple[str, ...]


def platforms() -> dict[str, str]:
    """Every platform, with what it is for."""
    return {name: registry.connector(name).about for name in registry.KNOWN}


def begin(premises: Premises, platform: str, name: str | None, said: Sequence[str]) -> Draft:
    """An account of a platform with what was said (KEY=VALUE). UsageProblem; SettingsProblem where what stands there
    does not load: nothing is added to that."""
    if platform not in registry.KNOWN:
        raise UsageProblem(f"{quoted(platform)} is no platform: {_near(platform)}")
    connector = registry.connector(platform)
    before = _read(premises)
    taken = tuple(premises.load_settings().accounts)
    draft = Draft(Answers(platform, connector.settings), connector.guide, taken, before)
    if name is not None:
        draft.call(name)
    for one in said:
        key, equals, value = one.partition("=")
        if not equals:
            raise UsageProblem(f"--set takes KEY=VALUE, not {quoted(one)}.")
        draft.answers.take(key.strip(), value.strip())
    return draft


def must_be_whole(draft: Draft) -> None:
    """UsageProblem that names all that is still to be said."""
    answers, lacking = draft.answers, draft.answers.lacking()
    name = answers.name or "NAME"
    if answers.name is None or lacking:
        words = [f"--set {one.key}{'.env=VARIABLE' if one.secret else '=…'}" for one in lacking]
        means = [f"  {one.key}: {one.means}" for one in lacking]
        missing = ", ".join([*(["its name"] if answers.name is None else []), *(one.key for one in lacking)])
        said = ["…"] if answers.values else []
        line = " ".join(["caretool account add", answers.platform, name, *said, *words])
        way = [tokens.how(answers.platform)] if any(one.secret for one in lacking) else []
        raise UsageProblem("\n".join([f"Missing: {missing}. Say it like this: {line}", *means, *way]))


def write(premises: Premises, draft: Draft) -> Added:
    """Put the account into accounts.toml, whole or not at all; nothing else in it changes. UsageProblem where something
    is missing or wrong, or the file was changed since `begin`."""
    must_be_whole(draft)
    answers, name = draft.answers, str(draft.answers.name)
    table = answers.table()
    with held(premises, "accounts", "waiting for another caretool that adds an account"):
        if _read(premises) != draft.before:
            raise UsageProblem(f"{files.ACCOUNTS} was changed meanwhile: nothing was written. Say it again.")
        text = with_account(draft.before.decode(), name, table)
        try:
            load(premises.folder, registry.settings_models(), {files.ACCOUNTS: text.encode()})
        except SettingsProblem as problem:
            raise UsageProblem(f"With it the settings would not load: nothing was written.\n{problem}") from None
        try:
            paths.put(premises.folder / files.ACCOUNTS, text.encode(), as_it_is=True)
        except OSError as error:
            raise _unwritten(error) from error
    return Added(name, answers.platform, line_of(text, name), answers.variables())


def _read(premises: Premises) -> bytes:
    try:
        return paths.read(premises.folder / files.ACCOUNTS)
    except OSError as error:
        raise _unwritten(error) from error


def _unwritten(error: OSError) -> CaretoolError:
    return CaretoolError(f"{files.ACCOUNTS} cannot be written ({error.strerror}): nothing was added.")


def _near(platform: str) -> str:
    hint = instead(platform, registry.KNOWN)
    return hint if hint.startswith("did") else one_of(registry.KNOWN)
