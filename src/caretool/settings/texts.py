"""The texts of a template by language, register and form, each perhaps in several variants: as tables, as they stand in
the file, and as the domain's values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, Field, model_validator

from caretool.domain.template import Form, Wording
from caretool.domain.voice import REGISTERS, Register
from caretool.settings.problems import Path, instead
from caretool.settings.values import Several, Table, Takes, Text

FORMS: tuple[Form, ...] = get_args(Form)
NAMES: tuple[Register, ...] = get_args(Register)


def _all_different(texts: list[str]) -> list[str]:
    if len({" ".join(text.split()) for text in texts}) < len(texts):
        raise ValueError("has the same text twice: variants are different words for the same")
    return texts


Variants = Annotated[
    list[Text],
    Several,
    Field(min_length=1, max_length=50),
    AfterValidator(_all_different),
    Takes("text, or a list of them: forty people then get different words"),
]


class TextsTable(Table):
    """The texts for people who are spoken to in this register instead of the usual one; a form that is left out here is
    taken from the usual texts."""

    public: Variants | None = Field(default=None, description="answers one public comment")
    together: Variants | None = Field(default=None, description="answers many people of one thread at once")
    private: Variants | None = Field(default=None, description="answers in private")

    @model_validator(mode="after")
    def _some_text(self) -> TextsTable:
        if not (self.public or self.together or self.private):
            raise ValueError("has no text: add at least one of public, together, private")
        return self


class WordingTable(TextsTable):
    """The texts in one language. They show values: `{{ greeting }}` (whom it speaks to, by register and hour),
    `{{ person.name }}` (public, private), `{{ people }}` (together), `{{ agent.name }}`, `{{ agent.signature }}`,
    `{{ company.name }}`, `{{ company.help_page }}`, `{{ link.url }}` and `{{ link.title }}` (of the page that fits the
    comment), `{{ links.NAME.url }}` and `{{ links.NAME.title }}` (of that page), `{{ promises.KIND.when }}` for each
    kind the template promises, `{{ procedure.says }}` where it names a procedure, and in private texts what the
    template needs.

    `{% if link is defined %}…{% endif %}` asks first; Jinja's loops, filters and sums are not for a reply.
    Words that move with the day (domani, within 24 hours) are refused."""

    lei: TextsTable | None = Field(default=None, description="the texts for who is spoken to with Lei (Italian)")
    tu: TextsTable | None = Field(default=None, description="with tu (Italian, Spanish)")
    voi: TextsTable | None = Field(default=None, description="with voi (Italian)")
    usted: TextsTable | None = Field(default=None, description="with usted (Spanish)")
    vosotros: TextsTable | None = Field(default=None, description="with vosotros (Spanish)")


@dataclass(frozen=True, slots=True)
class Written:
    """One text as it stands in a file: where, and which it is. `register` None: the usual one; `number` from 0."""

    path: Path
    language: str
    register: Register | None
    form: Form
    number: int
    text: str


def texts_in(replies: object) -> Iterator[Written]:
    """Every text below a template's `reply`, whatever else is wrong with it; the usual ones first."""
    for tag, table in replies.items() if isinstance(replies, Mapping) else ():
        if isinstance(table, Mapping):
            yield from _texts(("reply", tag), tag, None, table)
            for name in NAMES:
                if isinstance(table.get(name), Mapping):
                    yield from _texts(("reply", tag, name), tag, name, table[name])


def _texts(path: Path, tag: str, register: Register | None, table: Mapping[str, Any]) -> Iterator[Written]:
    for form in FORMS:
        found = table.get(form)
        if isinstance(found, str):
            yield Written((*path, form), tag, register, form, 0, found)
        for number, text in enumerate(found if isinstance(found, list) else ()):
            if isinstance(text, str):
                yield Written((*path, form, number), tag, register, form, number, text)


def unfit_registers(replies: object) -> Iterator[tuple[Path, str]]:
    """Registers below a language that does not have them, or that has no usual texts to fall back to."""
    for tag, table in replies.items() if isinstance(replies, Mapping) else ():
        for name in NAMES if isinstance(table, Mapping) else ():
            those = REGISTERS.get(tag, ())
            if name in table and name not in those:
                hint = instead(name, those) if those else "leave it out"
                yield ("reply", tag, name), f"is not a register of {tag}: {hint}"


def wording(table: WordingTable) -> Wording:
    """The table as the domain's value."""
    registers = {name: _plain(own) for name in NAMES if (own := getattr(table, name)) is not None}
    plain = _plain(table)
    return Wording(plain.public, plain.together, plain.private, plain.more, registers)


def _plain(table: TextsTable) -> Wording:
    texts: dict[Form, list[str]] = {form: getattr(table, form) or [] for form in FORMS}
    public, together, private = (texts[form][0] if texts[form] else None for form in FORMS)
    return Wording(public, together, private, {form: tuple(own[1:]) for form, own in texts.items() if len(own) > 1})
