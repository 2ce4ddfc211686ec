"""templates/replies/*.toml: the Q&A entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from caretool.domain.comment import Kind
from caretool.domain.duration import Duration
from caretool.domain.template import Template, Wish, Wording
from caretool.settings.known import Known
from caretool.settings.problems import Path, Problem, shown
from caretool.settings.validation import validated
from caretool.settings.values import (
    Identifier,
    Length,
    Name,
    ProcedureName,
    PromiseName,
    Spoken,
    Table,
    Text,
    is_name,
    known_to,
)
from caretool.settings.wording import FORMS, RESERVED, Means, read_text


def _free(name: str) -> str:
    if name in RESERVED:
        raise ValueError(f"{shown(name)} is a word of the templates already: give the value another name")
    return name


Need = Annotated[Identifier, AfterValidator(_free)]


class WordingTable(Table):
    """The texts in one language. They show values: `{{ person.name }}` (public, private), `{{ people }}` (together),
    `{{ agent.name }}`, `{{ agent.signature }}`, `{{ company.name }}`, `{{ company.help_page }}`,
    `{{ promises.KIND.when }}` for each kind the template promises, `{{ procedure.says }}` where it names a procedure,
    and in private texts what the template needs.

    `{% if company.help_page is defined %}…{% endif %}` asks first; Jinja's loops, filters and sums are not for a reply.
    Words that move with the day (domani, within 24 hours) are refused."""

    public: Text | None = Field(default=None, description="answers one public comment")
    together: Text | None = Field(default=None, description="answers many people of one thread at once")
    private: Text | None = Field(default=None, description="answers in private")

    @model_validator(mode="after")
    def _some_text(self) -> WordingTable:
        if not (self.public or self.together or self.private):
            raise ValueError("has no text: add at least one of public, together, private")
        return self


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
        replies={tag: Wording(texts.public, texts.together, texts.private) for tag, texts in table.reply.items()},
        promises=tuple(Wish(wish.kind, wish.due) for wish in table.promises),
        reserved=table.reserved,
        procedure=table.procedure,
    )


def _in_texts(data: Mapping[str, Any], known: Known, help_page: bool | None) -> list[tuple[Path, str]]:
    """What is wrong inside the texts, read whatever else is wrong with the file."""
    wishes = [
        wish["kind"] for wish in _entries(data, "promises") if isinstance(wish, dict) and _is_text(wish.get("kind"))
    ]
    needs = [need for need in _entries(data, "needs") if _is_text(need)]
    procedure = _is_text(data.get("procedure"))
    means = Means(wishes, needs, known.promises or (), help_page, procedure)
    replies = data.get("reply")
    found: list[tuple[Path, str]] = []
    for tag, texts in replies.items() if isinstance(replies, dict) else ():
        written = {form: texts[form] for form in FORMS if _is_text(texts.get(form))} if isinstance(texts, dict) else {}
        read = {form: read_text(text, form, means) for form, text in written.items()}
        found += [(("reply", tag, form), what) for form, result in read.items() for what in result.objections]
        said = frozenset[str]().union(*(result.promised for result in read.values()))
        unsaid = [kind for kind in dict.fromkeys(wishes) if kind not in said]
        if read and unsaid:
            whens = ", ".join(f"{{{{ promises.{kind}.when }}}}" for kind in unsaid)
            found.append((("reply", tag), f"no text here says when: write {whens}, or take the promise out"))
        silent = [form for form in written if form != "private" and procedure and not read[form].says]
        for form in silent:
            what = "does not say what happens now: write {{ procedure.says }}, or take the procedure out"
            found.append((("reply", tag, form), what))
    return found


def _entries(data: Mapping[str, Any], key: str) -> list[Any]:
    found = data.get(key)
    return found if isinstance(found, list) else []


def _is_text(value: object) -> bool:
    return isinstance(value, str)
