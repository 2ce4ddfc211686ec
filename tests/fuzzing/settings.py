"""Fuzzed: the TOML files that people write, the policy in force, and a company's own expressions."""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

from caretool.domain.policy import Settings
from caretool.errors import SettingsProblem, UsageProblem
from caretool.language.personal import OwnPatterns
from caretool.platforms.registry import settings_models
from caretool.settings import files, kept, loading, patterns
from caretool.settings.in_force import policy_as_toml
from tests.fuzzing.oracles import Group, calm, hold, same, writable
from tests.settings import shop

_STARTER = Path(loading.__file__).parent.parent / "starter"
_YEAR = 2026
_LINE = re.compile(r"([\w./-]+\.toml)(?::(\d+))?[ :]")
_SHOP = {
    "accounts.toml": shop.ACCOUNTS,
    "policies.toml": shop.POLICIES,
    "templates/replies/delivery-late.toml": shop.DELIVERY_LATE,
    "templates/replies/thanks.toml": shop.THANKS,
}
_FILES = {"a": "accounts.toml", "p": "policies.toml", "t": "templates/replies/delivery-late.toml"}


@lru_cache(maxsize=1)
def _folder() -> Path:
    """One a process, in memory where the machine has such a place."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="caretool-fuzz-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return shop.workspace(folder)


@lru_cache(maxsize=1)
def _models() -> dict[str, type]:
    return {**settings_models(), **shop.PLATFORMS}


def _load() -> Settings:
    return loading.load(_folder(), _models())


def _file(letter: str, data: bytes) -> None:
    """The shop with one of its files like this: settings that come out as they went in, or what is wrong, a line
    each."""
    folder, name = _folder(), _FILES[letter]
    (folder / name).write_bytes(data)
    try:
        same(lambda: files.digest(folder), files.digest(folder))
        try:
            settings = _load()
        except SettingsProblem as problem:
            _told(problem, data, name)
            return
        _comes_back(settings, folder)
        if letter == "p":
            _expressions_end(settings)
    finally:
        for each, text in _SHOP.items():
            (folder / each).write_text(text, encoding="utf-8")


def _told(problem: SettingsProblem, data: bytes, name: str) -> None:
    hold(problem.problems, "nothing is wrong")
    hold(len(problem.problems) <= len(data) + 50, "more problems than bytes", len(problem.problems))
    for line in problem.problems:
        calm(line)
        at = _LINE.match(line)
        hold(at, "does not say where", line)
        lines = data.count(b"\n") + data.count(b"\r") + 1
        hold(at is None or at[1] != name or int(at[2] or 1) <= lines, "there is no such line", line)


def _comes_back(settings: Settings, folder: Path) -> None:
    text = policy_as_toml(settings)
    writable(text)
    tomllib.loads(text)
    (folder / files.POLICIES).write_text(text, encoding="utf-8")
    try:
        again = _load()
    except SettingsProblem as problem:
        hold(False, "the policy in force does not load", problem.problems, text)
        return
    hold(again.policy == settings.policy, "the policy in force is another", text)
    hold(policy_as_toml(again) == text, "is written another way the second time", text)
    back = kept.from_text(kept.to_text(kept.worked_in(settings, _YEAR)))
    hold(policy_as_toml(back) == text, "the policy is not kept as it is", text)
    for one, other in (
        (back.templates, settings.templates),
        (back.agents, settings.agents),
        (back.mail, settings.mail),
    ):
        hold(one == other, "is not kept as it is", one, other)
    kept_owners, owners = (
        {name: replace(one, notify=()) for name, one in each.owners.items()} for each in (back, settings)
    )
    hold(kept_owners == owners, "is not kept as it is", kept_owners, owners)  # secrets are named in lists or tuples


def _expressions_end(settings: Settings) -> None:
    own = OwnPatterns(settings.policy.reply.patterns)
    for text in ("a" * 3_000, "0 " * 1_500, "BB-1234 " * 300):
        list(own.find(text))
    for remark in own.take_remarks():
        calm(remark)


def _expression(data: bytes) -> None:
    """A company's own regular expression: refused in a sentence, or it ends on any text."""
    pattern = data.decode(errors="replace")
    try:
        patterns.check(pattern)
    except (ValueError, UsageProblem) as problem:
        calm(str(problem).replace("\n", " "))
        return
    own = OwnPatterns({"own": pattern})
    for text in (pattern * 20, "Aa0-" * 300):
        for found in own.find(text):
            hold(found.unchecked or text[found.start : found.end] == found.excerpt, "is not there", found)


def _seeds() -> Iterator[bytes]:
    for letter, name in _FILES.items():
        yield f"{letter}{_SHOP[name]}".encode()
        yield from (f"{letter}{part}".encode() for part in _parts(_SHOP[name], letter))
    for name in ("accounts.toml", "policies.toml"):
        text = _without_comments((_STARTER / name).read_text(encoding="utf-8"))
        yield from (f"{name[0]}{part}".encode() for part in _parts(text, name[0]))
    for path in sorted((_STARTER / "templates" / "replies").glob("*.toml")):
        yield b"t" + _without_comments(path.read_text(encoding="utf-8")).encode()
    for pattern in (r"\bBB-\d{4,8}\b", "(a+)+$", "[A-Z]{2}(?:-?[0-9]){6,10}", r"(?i)ordine\s\d+", "(", "a{1,9999}"):
        yield f"x{pattern}".encode()


def _parts(text: str, letter: str) -> Iterator[str]:
    """Each table with what no such file can do without."""
    parts = re.split(r"(?m)^(?=\[)", text)
    needed = {"a": (1, 4), "p": (1,), "t": ()}[letter]
    head = "".join(parts[index] for index in needed if index < len(parts))
    yield from (head + part for part in parts[1:])


def _without_comments(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))


def _words() -> Iterable[str]:
    text = "".join(_SHOP.values())
    keys = set(re.findall(r"[\w-]{3,}", text))
    odd = ["[[", "]]", '"""', "'''", "\\u0000", "\\uD800", "1e999", "nan", "0x", "1979-05-27T07:32:00Z", "{{ ", " }}"]
    return sorted({*keys, *odd, "{% if ", " is defined %}", "{% endif %}", "= {", "= [", "2 working days", "24:00"})


GROUP = Group(
    name="settings",
    readers={**{letter: partial(_file, letter) for letter in _FILES}, "x": _expression},
    seeds=_seeds,
    words=_words,
    longest=6_000,
    seconds=1.5,
    per_byte=0.001,
)
