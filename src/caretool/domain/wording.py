"""Texts with values in them: `{{ person.name }}`, `{{ promises.callback.when }}`. A stranger's words are only a value.

Of Jinja a text may use values, comments, and `{% if %}` with `and`, `or`, `not` and `is defined`: what cannot loop,
compute or call cannot run away.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from typing import Any, TypeGuard

from jinja2 import StrictUndefined, Template, TemplateError, Undefined, UndefinedError, nodes
from jinja2.sandbox import SandboxedEnvironment

from caretool.domain.policy import Agent, Company
from caretool.errors import CaretoolError, UsageProblem

_LONGEST = 20_000
_DEEPEST = 20
_LONGEST_PATH = 8
_ALLOWED = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.And, nodes.Or, nodes.Not)
_MISSING = object()


class MissingValue(CaretoolError):
    """A text names a value that nobody has given; `name` is dotted, as it stands in the text."""

    exit_code = 5

    def __init__(self, name: str, helps: str | None = None) -> None:
        helps = helps or _how_to_give(name)
        super().__init__(f"The text needs {{{{ {name} }}}} and there is no value for it: {helps}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Person:
    """`person` in a text: the one it speaks to, by the name that may stand in our public voice (see `address`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Promised:
    """`promises.KIND` in a text; `when` is the time in words, in the language of the text."""

    when: str


@dataclass(frozen=True, slots=True)
class Linked:
    """`link`, and each of `links`, in a text; `title` is what the page is called, in the language of the text."""

    url: str
    title: str | None


@dataclass(frozen=True, slots=True)
class Followed:
    """`procedure` in a text; `says` is what the procedure says of itself, in the language of the text."""

    says: str


@dataclass(frozen=True, slots=True)
class Rewarded:
    """`reward` in a private text; `code` is a coupon's, `value` what it is worth, in the language of the text."""

    code: str | None
    value: str | None


def values(
    *,
    agent: Agent,
    company: Company,
    promises: Mapping[str, str],
    person: str | None = None,
    people: str | None = None,
    given: Mapping[str, str] | None = None,
    procedure: str | None = None,
    reward: Rewarded | None = None,
    greeting: str | None = None,
    link: Linked | None = None,
    links: Mapping[str, Linked] | None = None,
) -> Mapping[str, object]:
    """The values of one text. `promises` are times in words by kind; `person` or `people` whom it speaks to; `given`
    what a person was asked for (an order number); it never takes the place of the others. `procedure`
    is what the procedure that is started says, `reward` what the text brings, `greeting` how it begins, `link` the page
    of the catalogue that answers whom it speaks to, `links` the whole catalogue."""
    known: dict[str, object] = {
        **(given or {}),
        "agent": agent,
        "company": company,
        "promises": {kind: Promised(when) for kind, when in promises.items()},
        "links": dict(links or {}),
    }
    if person is not None:
        known["person"] = Person(person)
    if people is not None:
        known["people"] = people
    if procedure is not None:
        known["procedure"] = Followed(procedure)
    if reward is not None:
        known["reward"] = reward
    if greeting is not None:
        known["greeting"] = greeting
    if link is not None:
        known["link"] = link
    return known


def render(source: str, values: Mapping[str, object], helps: Callable[[str], str | None] = lambda _: None) -> str:
    """The text with its values: strings, and dataclasses and mappings of them. None counts as missing.

    `helps` says what to do about a missing value where more is known than its name. Raises MissingValue; UsageProblem
    where the text shows a value that is no string, and as `variables` does.
    """
    template = _compiled(source)
    try:
        return template.render(values)
    except UndefinedError:
        names = _names(_parsed(source))
        name = next(name for name in names if _lookup(values, name) is _MISSING)
        raise MissingValue(name, helps(name)) from None


def variables(source: str) -> frozenset[str]:
    """The dotted names a text uses: `{"person.name", "promises.callback.when"}`.

    Raises UsageProblem, with one line that says where, if the text is no template or does more than use values.
    """
    return frozenset(_names(_parsed(source)))


def named_twice(names: Collection[str]) -> str | None:
    """Why a text for several people may not use these values together; None: it may."""
    if {"greeting", "people"} <= set(names):
        return "{{ greeting }} names them all, and {{ people }} would name them again: keep one of them"
    return None


def which_said(text: str, sources: Sequence[str]) -> int | None:
    """Which of these texts a reply was made of, by what stands in it between the values; None: of none of them.

    Of several that could be it is the one with most words of its own.
    """
    flat = " ".join(text.split())
    own = [_between_values(source) for source in sources]
    fits = [index for index, pieces in enumerate(own) if pieces and _in_order(pieces, flat)]
    return max(fits, key=lambda index: sum(map(len, own[index])), default=None)


def _between_values(source: str) -> list[str]:
    """What stands in every text that is made of it."""
    outputs = (node for node in _parsed(source).body if isinstance(node, nodes.Output))
    pieces = (" ".join(piece.data.split()) for node in outputs for piece in node.nodes if _is_data(piece))
    return [piece for piece in pieces if piece]


def _is_data(node: nodes.Node) -> TypeGuard[nodes.TemplateData]:
    return isinstance(node, nodes.TemplateData)


def _in_order(pieces: Sequence[str], text: str) -> bool:
    at = 0
    for piece in pieces:
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return True


class _Environment(SandboxedEnvironment):
    """Attributes are looked up in what we handed over and nowhere else: no methods, no insides of a value."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        found = _member(obj, attribute)
        return self.undefined(obj=obj, name=attribute) if found is _MISSING else found

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self.getattr(obj, argument)


@lru_cache(maxsize=1)
def _environment() -> _Environment:
    environment = _Environment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, finalize=_only_strings
    )
    environment.globals.clear()
    return environment


def _only_strings(value: object) -> object:
    if isinstance(value, (str, Undefined)):
        return value
    raise UsageProblem(
        "The text shows something that is no name and no time by itself: "
        "write {{ person.name }} or {{ promises.callback.when }}"
    )


@lru_cache(maxsize=256)
def _compiled(source: str) -> Template:
    return _environment().from_string(_parsed(source))


def _parsed(source: str) -> nodes.Template:
    if len(source) > _LONGEST:
        raise UsageProblem(f"A text of {len(source)} characters is too long: {_LONGEST} are the most")
    try:
        tree = _environment().parse(source)
    except TemplateError as error:
        line = getattr(error, "lineno", 1)
        what = (error.message or "").rstrip(".").replace("'end of print statement'", "'}}'")
        raise UsageProblem(f"Line {line} of the text: {what}; write values as {{{{ person.name }}}}") from None
    except (RecursionError, ValueError):  # brackets without end; a number of thousands of digits
        raise UsageProblem("The text is too involved: write values as {{ person.name }}") from None
    _refuse_more_than_values(tree, 0)
    return tree


def _refuse_more_than_values(node: nodes.Node, depth: int) -> None:
    allowed = (
        isinstance(node, _ALLOWED)
        or _path(node) is not None
        or (isinstance(node, nodes.Test) and node.name == "defined")
    )
    if not allowed or depth > _DEEPEST:
        raise UsageProblem(
            f"Line {node.lineno} of the text does more than a text may: it knows values, such as "
            "{{ person.name }}, and {% if promises.callback is defined %}…{% endif %}"
        )
    if _path(node) is None:
        for child in node.iter_child_nodes():
            _refuse_more_than_values(child, depth + 1)


def _names(node: nodes.Node) -> Iterator[str]:
    path = _path(node)
    if path is not None:
        yield path
        return
    for child in node.iter_child_nodes():
        yield from _names(child)


def _path(node: nodes.Node) -> str | None:
    """`a.b.c` of a value, also where it is written `a["b"].c`; None for anything else."""
    steps: list[str] = []
    while isinstance(node, (nodes.Getattr, nodes.Getitem)) and len(steps) < _LONGEST_PATH:
        step = node.attr if isinstance(node, nodes.Getattr) else getattr(node.arg, "value", None)
        if not isinstance(step, str) or "." in step:
            return None
        steps.append(step)
        node = node.node
    # `self` is Jinja's own word for the template.
    if not isinstance(node, nodes.Name) or node.name == "self":
        return None
    return ".".join([node.name, *reversed(steps)])


def _lookup(values: Mapping[str, object], name: str) -> object:
    found: object = values
    for step in name.split("."):
        found = _member(found, step)
    return found


def _member(value: object, name: str) -> object:
    if isinstance(value, Mapping):
        found = value.get(name)
    elif is_dataclass(value) and any(field.name == name for field in fields(value)):
        found = getattr(value, name)
    else:
        found = None
    return _MISSING if found is None else found


def _how_to_give(name: str) -> str:
    root, _, rest = name.partition(".")
    if root == "promises":
        return f"add --promise {rest.partition('.')[0] or 'KIND'}@TIME"
    if root == "reward":
        return "add --reward KIND, in private"
    if root in ("link", "links"):
        return "add it to [[links]] of policies.toml, or ask first with {% if link is defined %}"
    if root in ("agent", "company", "person", "people", "greeting", "procedure"):
        return "take it out of the text, or choose the text that has it"
    return f"add --set {name}=VALUE"
