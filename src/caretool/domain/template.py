"""Q&A entries: example questions, the replies by language, what they promise (DESIGN §7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from caretool.domain.codes import Kind
from caretool.domain.duration import Duration
from caretool.domain.voice import Register, Registers

Form = Literal["public", "together", "private"]


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one template in one language: Jinja source; None where the template has no such text.

    `more` are further variants of them, by form (public, together, private); `registers` are the texts in which people
    are spoken to otherwise than usual.
    """

    public: str | None = None
    together: str | None = None
    private: str | None = None
    more: Mapping[Form, tuple[str, ...]] = field(default_factory=dict)
    registers: Mapping[Register, Wording] = field(default_factory=dict)

    def variants(self, form: Form) -> tuple[str, ...]:
        """Every text of one form; empty: there is none."""
        first: str | None = getattr(self, form)
        return (first, *self.more.get(form, ())) if first is not None else ()


@dataclass(frozen=True, slots=True)
class Wish:
    """A promise a template makes: of which kind, and by when it would like it (None: the kind's own due)."""

    kind: str
    due: Duration | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A Q&A entry. `id` is the file's name, `topic` what `Reading.topic` says, `needs` values a person is asked for.

    `reserved`: only a manager may use it ("the owner answers this one"). `procedure`: what answering with it starts.
    `gives`: the reward that its private texts bring.
    `register`: how its texts speak, by language, where that is not the company's.
    """

    id: str
    topic: str
    kinds: tuple[Kind, ...] = ()
    needs: tuple[str, ...] = ()
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    replies: Mapping[str, Wording] = field(default_factory=dict)
    promises: tuple[Wish, ...] = ()
    reserved: bool = False
    procedure: str | None = None
    gives: str | None = None
    register: Registers = field(default_factory=dict)
