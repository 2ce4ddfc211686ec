"""Q&A entries: example questions, the replies by language, what they promise (DESIGN §7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from caretool.domain.codes import Kind
from caretool.domain.duration import Duration


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one template in one language: Jinja source; None where the template has no such text."""

    public: str | None = None
    together: str | None = None
    private: str | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """A promise a template makes: of which kind, and by when it would like it (None: the kind's own due)."""

    kind: str
    due: Duration | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A Q&A entry. `id` is the file's name, `topic` what `Reading.topic` says, `needs` values a person is asked for.

    `reserved`: only a manager may use it ("the owner answers this one"). `procedure`: what answering with it starts.
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
