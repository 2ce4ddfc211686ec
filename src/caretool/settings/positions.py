"""On which line a TOML path stands. Asked only when there is a problem, so the parser is imported only then."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from caretool.settings.problems import Path

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 10
_KEYS = ("bare_key", "quoted_key", "dotted_key")


class Positions:
    """The lines of one TOML text that `tomllib` could read."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        for path, row in _places(_parsed(text)):
            self._lines.setdefault(path, row + 1)

    def line(self, path: Path) -> int:
        """The line (from 1) of the path, else of the nearest table around it, else 1."""
        for length in range(min(len(path), _DEEPEST), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return 1


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one header: the `path` in it, the rows (from 0) of its header and of its last key's end."""

    path: Path
    first: int
    last: int


def sections(text: str) -> list[Section]:
    """Every section of a TOML text that `tomllib` could read, in its order; first, with an empty path and -1 as its
    first row, what stands above them all."""
    above, found = -1, []
    for node in _parsed(text).named_children:
        if node.type == "pair":
            above = node.end_point.row
        header = next((child for child in node.named_children if child.type in _KEYS), None)
        if node.type in ("table", "table_array_element") and header is not None:
            ends = [child.end_point.row for child in node.named_children if child.type == "pair"]
            found.append(Section(_keys(header), header.start_point.row, max(ends, default=header.start_point.row)))
    return [Section((), -1, above), *found]


def _parsed(text: str) -> Node:
    import tree_sitter
    import tree_sitter_toml

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language())).parse(text.encode()).root_node


def _places(document: Node) -> Iterator[tuple[Path, int]]:
    """Every path with the row where its key or value begins, in the order of the file; last, the tables that only the
    headers of others imply."""
    tables: dict[Path, int] = {}
    implied: list[tuple[Path, int]] = []
    for node in document.named_children:
        if node.type == "pair":
            yield from _pair(node, ())
            continue
        if node.type not in ("table", "table_array_element"):
            continue
        header = next((child for child in node.named_children if child.type in _KEYS), None)
        if header is None:
            continue
        above = _inside(tables, _keys(header))
        if node.type == "table_array_element":
            tables[above] = tables.get(above, -1) + 1
            yield above, header.start_point.row
            above = (*above, tables[above])
        yield above, header.start_point.row
        implied += [(above[:length], header.start_point.row) for length in range(1, len(above))]
        for child in node.named_children:
            if child.type == "pair":
                yield from _pair(child, above)
    yield from implied


def _inside(tables: dict[Path, int], keys: Path) -> Path:
    """The path of a header: where it leads through an array of tables, through that array's last entry."""
    path: Path = ()
    for depth, key in enumerate(keys, start=1):
        path = (*path, key)
        if path in tables and depth < len(keys):
            path = (*path, tables[path])
    return path


def _pair(node: Node, above: Path) -> Iterator[tuple[Path, int]]:
    key, *values = [child for child in node.named_children if child.type != "comment"]
    path = above
    for part in _keys(key):
        path = (*path, part)
        yield path, key.start_point.row
    for value in values:
        yield from _value(value, path)


def _value(node: Node, path: Path) -> Iterator[tuple[Path, int]]:
    if len(path) > _DEEPEST:
        return
    if node.type == "inline_table":
        for child in node.named_children:
            if child.type == "pair":
                yield from _pair(child, path)
    elif node.type == "array":
        entries = [child for child in node.named_children if child.type != "comment"]
        for position, entry in enumerate(entries):
            yield (*path, position), entry.start_point.row
            yield from _value(entry, (*path, position))


def _keys(node: Node) -> Path:
    """The parts of a key as TOML reads them, quotes, escapes and dots resolved; no more than are ever asked for."""
    if node.type == "bare_key":
        return ((node.text or b"").decode(),)
    table = tomllib.loads(f"{(node.text or b'').decode()} = 0")
    keys: list[str] = []
    while isinstance(table, dict) and len(keys) < _DEEPEST:
        (key,) = table
        keys.append(key)
        table = table[key]
    return tuple(keys)
