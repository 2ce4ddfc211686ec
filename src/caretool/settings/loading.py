"""The whole of a workspace's settings: read, checked together, every problem told at once."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from caretool.domain.policy import Policy, Settings
from caretool.domain.template import Template
from caretool.errors import SettingsProblem
from caretool.settings import files
from caretool.settings.accounts import People, read_accounts
from caretool.settings.in_force import policy_in_force
from caretool.settings.known import Known, declared
from caretool.settings.policies import PoliciesFile
from caretool.settings.problems import Problem, dotted, one_line, shown
from caretool.settings.rewards import same_codes
from caretool.settings.speaking import unspoken
from caretool.settings.templates import read_template
from caretool.settings.validation import validated

_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
_KEY = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_KEYS = re.compile(rf"Cannot [a-z ]+(\((?:{_KEY}(?:, |,?(?=\))))+\))")
_AT_END = " (at end of document)"


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its text and its TOML, None where it could not be read; then `problem` says why."""

    file: str
    text: str | None = None
    data: dict[str, Any] | None = None
    problem: Problem | None = None


def load(
    folder: Path, platforms: Mapping[str, type[BaseModel]], proposed: Mapping[str, bytes] | None = None
) -> Settings:
    """Everything that people write by hand in a workspace.

    `platforms` maps a connector's name to the model of its own keys; `proposed` is what is read in the place of a file.
    Raises SettingsProblem with all problems of all files, a line each, in the order of the files.
    """
    sources = {source.file: source for source in _sources(folder, proposed or {})}
    accounts, policies = sources[files.ACCOUNTS], sources[files.POLICIES]
    templates = {Path(name).stem: sources[name] for name in sources if name not in (files.ACCOUNTS, files.POLICIES)}
    known = declared(accounts.data, policies.data, {name: entry.data for name, entry in templates.items()}, platforms)

    people, in_accounts = _people(accounts, known, platforms)
    policy, in_policies = _policy(policies, known)
    entries, in_templates = _templates(templates, known, policies.data)
    unread = [source.problem for source in sources.values() if source.problem is not None]
    problems = [*unread, *in_accounts, *in_policies, *in_templates]
    if people is not None and policy is not None:
        who = (people.accounts, people.agents, policy.approvals)
        problems += unspoken(*who, people=accounts.file, policies=policies.file)
    if problems or people is None or policy is None:
        raise SettingsProblem(_told(problems, sources))
    return Settings(people.accounts, people.agents, people.owners, policy, entries, people.mail)


def _sources(folder: Path, proposed: Mapping[str, bytes]) -> Iterator[Source]:
    try:
        found = list(files.names(folder))
    except OSError as error:
        found = [files.ACCOUNTS, files.POLICIES]
        yield Source(files.TEMPLATES, problem=Problem(files.TEMPLATES, (), _unreadable(error)))
    for name in found:
        yield _source(folder / name, name, proposed.get(name))


def _source(path: Path, name: str, proposed: bytes | None) -> Source:
    try:
        if path.exists() and not path.is_file():
            return Source(name, problem=Problem(name, (), "is not a file"))
        text = (path.read_bytes() if proposed is None else proposed).decode("utf-8-sig")
    except FileNotFoundError:
        return Source(name, problem=Problem(name, (), "is missing: `caretool init DIR` writes one to begin with"))
    except OSError as error:
        return Source(name, problem=Problem(name, (), _unreadable(error)))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return Source(name, problem=Problem(name, (), "is not UTF-8: save it as UTF-8 in your editor", line))
    try:
        if name in (files.ACCOUNTS, files.POLICIES) and not text.strip():
            return Source(name, text, {}, Problem(name, (), "is empty: delete it, and `caretool init DIR` writes one"))
        return Source(name, text, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        return Source(name, text, problem=_not_toml(name, text, str(error)))
    except (RecursionError, ValueError):
        what = "cannot be read: it is nested too deeply, or holds a number that is too long"
        return Source(name, text, problem=Problem(name, (), what))


def _unreadable(error: OSError) -> str:
    return f"cannot be read: {error.strerror or 'the system refuses'}"


def _not_toml(name: str, text: str, said: str) -> Problem:
    at = _AT_LINE.search(said)
    line = int(at[1]) if at else text.count("\n") + (not text.endswith("\n"))
    reason = _in_words(_AT_LINE.sub("", said).removesuffix(_AT_END))
    return Problem(name, (), f"cannot be read as TOML: {reason}", max(line, 1))


def _in_words(reason: str) -> str:
    """What the parser says, without its own notation. A line ends inside a text only where a text was not closed."""
    if reason.endswith(" character '\\n'"):
        return "a quotation mark is missing before the end of the line"
    at = _KEYS.match(reason)
    return f"{reason[: at.start(1)]}{dotted(ast.literal_eval(at[1]))}{reason[at.end(1) :]}" if at else reason


def _people(
    source: Source, known: Known, platforms: Mapping[str, type[BaseModel]]
) -> tuple[People | None, list[Problem]]:
    return read_accounts(source.file, source.data, known, platforms) if source.data is not None else (None, [])


def _policy(source: Source, known: Known) -> tuple[Policy | None, list[Problem]]:
    if source.data is None:
        return None, []
    file, problems = validated(PoliciesFile, source.data, known, file=source.file)
    problems += [*_repeated(source, "moderation"), *_repeated(source, "escalation"), *_repeated(source, "approval")]
    problems += [*_repeated(source, "links"), *_repeated(source, "watch")]
    problems += same_codes(source.file, source.data)
    return (policy_in_force(file) if file is not None and not problems else None), problems


def _repeated(source: Source, key: str) -> Iterator[Problem]:
    """Entries of a list of tables that bear the name of an earlier one."""
    entries = (source.data or {}).get(key)
    seen: set[str] = set()
    for position, entry in enumerate(entries if isinstance(entries, list) else ()):
        name = entry.get("name") if isinstance(entry, dict) else None
        if isinstance(name, str):
            if name in seen:
                yield Problem(source.file, (key, position, "name"), f"{shown(name)} is the name of an earlier one")
            seen.add(name)


def _templates(
    sources: Mapping[str, Source], known: Known, policies: Mapping[str, Any] | None
) -> tuple[dict[str, Template], list[Problem]]:
    company = (policies or {}).get("company")
    help_page = "help_page" in company if isinstance(company, dict) else None
    templates: dict[str, Template] = {}
    problems: list[Problem] = []
    by_topic: dict[str, str] = {}
    for name, source in sources.items():
        if source.data is None:
            continue
        template, wrong = read_template(source.file, name, source.data, known, help_page=help_page)
        problems += wrong
        if template is not None:
            templates[name] = template
        topic = source.data.get("topic", name)
        if isinstance(topic, str) and by_topic.setdefault(topic, source.file) != source.file:
            what = f"{shown(topic)} is the topic of {by_topic[topic]}: a topic has one template"
            problems.append(Problem(source.file, ("topic",), what))
    return templates, problems


def _told(problems: list[Problem], sources: Mapping[str, Source]) -> list[str]:
    """One line a problem, by file and line. The parser that finds lines is imported here, where there is a problem."""
    from caretool.settings.positions import Positions

    order = {file: position for position, file in enumerate(sources)}
    positions = {
        file: Positions(sources[file].text or "")
        for file in {problem.file for problem in problems}
        if sources[file].data is not None
    }

    def line(problem: Problem) -> int | None:
        return positions[problem.file].line(problem.path) if problem.path else problem.line

    placed = [(order[problem.file], line(problem), problem) for problem in problems]
    placed.sort(key=lambda entry: (entry[0], entry[1] or 0))
    return [one_line(problem, at) for _, at, problem in placed]
