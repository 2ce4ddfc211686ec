"""A platform that chooses its ids itself, as the contract suite sees it: by names of the suite's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import Any


class Names:
    """Our names and the platform's, both ways; `invent` names what the platform made by itself (None: it stays), `when`
    tells the suite's time of the platform's."""

    def __init__(
        self,
        invent: Callable[[str], str | None] = lambda theirs: None,
        when: Callable[[datetime], datetime] = lambda at: at,
    ) -> None:
        self._theirs: dict[str, str] = {}
        self._ours: dict[str, str] = {}
        self._invent = invent
        self._when = when

    def call(self, ours: str, theirs: str) -> None:
        self._theirs[ours] = theirs
        self._ours[theirs] = ours

    def both(self) -> Iterator[tuple[str, str]]:
        """Our names and theirs."""
        return iter(self._theirs.items())

    def theirs(self, ours: str) -> str:
        return self._theirs.get(ours, ours)

    def ours(self, theirs: str) -> str:
        if theirs not in self._ours and (name := self._invent(theirs)) is not None:
            self.call(name, theirs)
        return self._ours.get(theirs, theirs)

    def inwards(self, value: Any) -> Any:
        """With their names, for the connector."""
        return _changed(value, self.theirs, lambda at: at)

    def outwards(self, value: Any) -> Any:
        """With our names, for the suite."""
        return _changed(value, self.ours, self._when)


def renamed(platform: Any, names: Names, without: frozenset[str] = frozenset()) -> Any:
    """The same connection with the suite's names: it has every public method and property that this one has, save what
    it goes `without`."""
    public = [name for name in dir(type(platform)) if not name.startswith("_") and name not in without]
    members = {name: _member(platform, name, names) for name in public}
    return type(type(platform).__name__, (), members)()


def _member(platform: Any, name: str, names: Names) -> Any:
    if isinstance(getattr(type(platform), name), property):
        return property(lambda _: getattr(platform, name))

    def method(_: Any, *args: Any) -> Any:
        result = getattr(platform, name)(*map(names.inwards, args))
        return map(names.outwards, result) if isinstance(result, Iterator) else names.outwards(result)

    return method


def _changed(value: Any, name: Callable[[str], str], when: Callable[[datetime], datetime]) -> Any:
    def again(one: Any) -> Any:
        return _changed(one, name, when)

    if isinstance(value, str):
        return name(value)
    if isinstance(value, datetime):
        return when(value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: again(getattr(value, field.name)) for field in fields(value)})
    if isinstance(value, tuple | list | frozenset | set):
        return type(value)(map(again, value))
    if isinstance(value, Mapping):
        return {again(key): again(one) for key, one in value.items()}
    return value
