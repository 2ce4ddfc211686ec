"""templates/replies/*.toml: the Q&A entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from caretool.domain.comment import Kind
from caretool.domain.duration import Duration
from caretool.domain.template import Template, Wish
from caretool.settings.known import Known
from caretool.settings.problems import Path, Problem, shown
from caretool.settings.rewards import given_in, shown_of
from caretool.settings.texts import WordingTable, Written, texts_in, unfit_registers, wording
from caretool.settings.validation import validated
from caretool.settings.values import (
    Identifier,
    Length,
    Name,
    ProcedureName,
    PromiseName,
    RewardName,
    Spoken,
    Table,
    Text,
    is_name,
    known_to,
)
from caretool.settings.voice import RegisterTable, registers
from caretool.settings.wording import RESERVED, Found, Means, read_text


def _free(name: str) -> str:
    if name in RESERVED:
        raise ValueError(f"{shown(name)} is a word of the templates already: give the value another name")
    return name


Need = Annotated[Identifier, AfterValidator(_free)]


class WishTable(Table):
    """A promise the template makes."""

    kind: PromiseName = Field(description="which kind of promise of policies.toml")
    due: Length | None = Field(
        default=None, description="a wish; left out: the kind's own due, else the earliest that can be kept"
    )

    @field_validator("due")
    @classmethod
    def _dated(cls, length: Duration | None, info: ValidationInfo) -> Duration | None:
        kind, dated = info.data.get("kind"), known_to(info).dated
        if length is not None and length.working and kind is not None and dated is not None and kind not in dated:
            raise ValueError(f"'{length}' runs on a calendar, and promises.{kind} names none in policies.toml")
        return length


class TemplateFile(Table):
    """The whole file; its name is the template's id."""

    topic: Name | None = Field(default=None, description="what such comments are about; left out: the file's name")
    kinds: list[Kind] = Field(default=[], description="which kinds of comment it answers; left out: any")
    needs: list[Need] = Field(default=[], description="values a person is asked for; they stand in private texts only")
    procedure: ProcedureName | None = Field(
        default=None, description="which procedure of policies.toml answering starts; its public texts say it"
    )
    gives: RewardName | None = Field(
        default=None, description="which reward of policies.toml its private texts bring; they show its code"
    )
    register_: RegisterTable = Field(
        default={}, alias="register", description="how its texts speak to people, where that is not the company's way"
    )
    reserved: bool = Field(default=False, description="only a manager may use it")
    examples: dict[Spoken, Annotated[list[Text], Field(min_length=1)]] = Field(
        default={}, description="what people write about it, by language"
    )
    reply: Annotated[dict[Spoken, WordingTable], Field(min_length=1)] = Field(
        description="the texts, by language: a table like [reply.it]"
    )
    promises: list[WishTable] = Field(default=[], description="what it promises")

    @field_validator("promises")
    @classmethod
    def _once(cls, wishes: list[WishTable]) -> list[WishTable]:
        kinds = [wish.kind for wish in wishes]
        if len(set(kinds)) < len(kinds):
            raise ValueError("promises the same kind twice: keep one of them")
        return wishes


def read_template(
    file: str, name: str, data: Mapping[str, Any], known: Known, *, help_page: bool | None
) -> tuple[Template | None, list[Problem]]:
    """One file, or None and all that is wrong with it. `name` is the file's, without its end."""
    table, problems = validated(TemplateFile, data, known, file=file)
    problems += [Problem(file, path, what) for path, what in _in_texts(data, known, help_page)]
    problems += [Problem(file, at, what) for at, what in given_in(data.get("gives"), data.get("reply"), known.coupons)]
    if not is_name(name):
        problems.append(Problem(file, (), "the file's name is the template's id: use letters, digits, - _ and . only"))
    if table is None or problems:
        return None, problems
    return _template(name, table), []


def _template(name: str, table: TemplateFile) -> Template:
    return Template(
        id=name,
        topic=table.topic or name,
        kinds=tuple(table.kinds),
        needs=tuple(table.needs),
        examples={tag: tuple(texts) for tag, texts in table.examples.items()},
        replies={tag: wording(texts) for tag, texts in table.reply.items()},
        promises=tuple(Wish(wish.kind, wish.due) for wish in table.promises),
        reserved=table.reserved,
        procedure=table.procedure,
        gives=table.gives,
        register=registers(table.register_),
    )


def _in_texts(data: Mapping[str, Any], known: Known, help_page: bool | None) -> list[tuple[Path, str]]:
    """What is wrong inside the texts, read whatever else is wrong with the file."""
    wishes = [
        wish["kind"] for wish in _entries(data, "promises") if isinstance(wish, dict) and _is_text(wish.get("kind"))
    ]
    needs = [need for need in _entries(data, "needs") if _is_text(need)]
    procedure = _is_text(data.get("procedure"))
    reward = shown_of(data.get("gives"), known)
    means = Means(wishes, needs, known.promises or (), help_page, procedure, reward=reward, links=known.links)
    written = list(texts_in(data.get("reply")))
    read = {one.path: read_text(one.text, one.form, means) for one in written}
    found = [(path, what) for path, result in read.items() for what in result.objections]
    found += unfit_registers(data.get("reply"))
    for tag in dict.fromkeys(one.language for one in written):
        usual = [one for one in written if one.language == tag and one.register is None]
        said = frozenset[str]().union(*(read[one.path].promised for one in usual))
        unsaid = [kind for kind in dict.fromkeys(wishes) if kind not in said]
        if usual and unsaid:
            whens = ", ".join(f"{{{{ promises.{kind}.when }}}}" for kind in unsaid)
            found.append((("reply", tag), f"no text here says when: write {whens}, or take the promise out"))
    for one in written:
        if one.form != "private" and procedure and not read[one.path].says:
            what = "does not say what happens now: write {{ procedure.says }}, or take the procedure out"
            found.append((one.path, what))
    return [*found, *_promising_otherwise(written, read)]


def _promising_otherwise(written: Sequence[Written], read: Mapping[Path, Found]) -> Iterator[tuple[Path, str]]:
    """Variants that promise something else than the first text of their form: what somebody is promised would depend on
    which of them he gets."""
    first = {(one.language, one.form): one for one in reversed(written)}
    for one in written:
        usual = read[first[one.language, one.form].path].promised
        more, less = read[one.path].promised - usual, usual - read[one.path].promised
        for kind in sorted(more | less):
            does = "says" if kind in more else "does not say"
            does_not = "does not" if kind in more else "does"
            yield one.path, f"{does} {{{{ promises.{kind}.when }}}}, and the first of these texts {does_not}"


def _entries(data: Mapping[str, Any], key: str) -> list[Any]:
    found = data.get(key)
    return found if isinstance(found, list) else []


def _is_text(value: object) -> bool:
    return isinstance(value, str)
