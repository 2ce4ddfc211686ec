"""An export's bytes, read into rows: JSON Lines or CSV, UTF-8; what cannot be read is reported by its line."""

from __future__ import annotations

import csv
import difflib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from caretool.domain.harmless import one_line
from caretool.errors import PlatformFailed
from caretool.platforms.platform import Skipped

Column = Literal[
    "id", "author", "author_name", "text", "private", "reply_to", "written_at", "thread", "thread_text", "url",
    "form", "rating", "likes", "followers", "language", "attachments", "closes_at", "private_until",
]  # fmt: skip
Columns = Mapping[Column, str]
_REQUIRED: tuple[Column, ...] = ("id", "author", "text")
_ODD = re.compile("[\x00\ud800-\udfff]")
_UNDECODED = re.compile("[\udc80-\udcff]")
_LONGEST_FIELD = 2**31 - 1
_LONGEST_NAME, _MOST_NAMES = 40, 20


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line of the file on which it begins (from 1), and its values by the export's own names."""

    line: int
    values: Mapping[str, object]


def skipped(line: int, why: str) -> Skipped:
    """What is said of a record that could not be read."""
    return Skipped(f"line {line}", why)


def clean(text: str) -> str:
    """`text` with what a database cannot hold (NUL, lone surrogates) replaced by U+FFFD."""
    return _ODD.sub("\ufffd", text)


def read_jsonl(data: bytes) -> Iterator[Row | Skipped]:
    """The objects of a JSON Lines file; blank lines are nothing."""
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line.decode(), strict=False)
        except UnicodeDecodeError:
            yield skipped(number, "not UTF-8")
        except (ValueError, RecursionError):
            yield skipped(number, "not JSON")
        else:
            yield Row(number, value) if isinstance(value, dict) else skipped(number, "not a JSON object")


def read_csv(data: bytes, columns: Columns, file: str) -> Iterator[Row | Skipped]:
    """The records of a CSV file whose first line names its columns; `columns` are the names the settings give.

    Separated by commas, semicolons or tabs: whichever makes the header name what is needed. Raises PlatformFailed
    where none does. Blank lines and rows of nothing but empty values are nothing.
    """
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_FIELD))
    text = data.decode("utf-8-sig", "surrogateescape")
    lines = list(io.StringIO(text if "\n" in text else text.replace("\r", "\n"), newline="\n"))
    if not text.strip():
        return
    needed = [*dict.fromkeys([*(columns.get(name, name) for name in _REQUIRED), *columns.values()])]
    headers = {delimiter: _header(lines, delimiter) for delimiter in ",;\t"}
    delimiter = next((mark for mark, header in headers.items() if set(needed) <= set(header)), ",")
    header = headers[delimiter]
    _check_header(header, needed, file)
    records = _csv_records(lines, delimiter)
    next(records)
    for line, cells in records:
        if isinstance(cells, csv.Error):
            yield skipped(line, f"a quote is not closed or not doubled, or a line ends oddly ({cells})")
        elif any(_UNDECODED.search(cell) for cell in cells):
            yield skipped(line, "not UTF-8")
        elif len(cells) < len(header) or any(cells[len(header) :]):
            yield skipped(line, f"{len(cells)} values for {len(header)} columns")
        else:
            yield Row(line, dict(zip(header, cells, strict=False)))


def _header(lines: Sequence[str], delimiter: str) -> list[str]:
    _, cells = next(_csv_records(lines, delimiter), (1, []))
    return [] if isinstance(cells, csv.Error) else [clean(cell.strip()) for cell in cells]


def _check_header(header: Sequence[str], needed: Sequence[str], file: str) -> None:
    twice = [name for name in needed if header.count(name) > 1]
    if twice:
        raise PlatformFailed(f'{file}: more than one column is called "{one_line(twice[0], _LONGEST_NAME)}"')
    missing = [name for name in needed if name not in header]
    if missing:
        raise PlatformFailed(
            f"{file} has no column {' and no '.join(_with_nearest(name, header) for name in missing)}: its columns are "
            f'{_listed(header)}; say which is which in accounts.toml, as in columns = {{ id = "COMMENT_ID" }}'
        )


def _with_nearest(name: str, header: Sequence[str]) -> str:
    found = {name.lower(): name for name in header}
    near = difflib.get_close_matches(name.lower(), found, n=1)
    called = one_line(name, _LONGEST_NAME)
    return f'"{called}" (did you mean "{one_line(found[near[0]], _LONGEST_NAME)}"?)' if near else f'"{called}"'


def _listed(header: Sequence[str]) -> str:
    """What a stranger's file begins with, harmless and not without end."""
    names = [one_line(name, _LONGEST_NAME) or '""' for name in header[:_MOST_NAMES]]
    return ", ".join([*names, "…"] if len(header) > _MOST_NAMES else names)


def _csv_records(lines: Sequence[str], delimiter: str) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Each record with the line on which it begins. After a broken one, reading goes on at the very next line: a quote
    that is never closed costs its own line, not all that follow."""
    first = 0
    while first < len(lines):
        reader = csv.reader((lines[index] for index in range(first, len(lines))), delimiter=delimiter, strict=True)
        line = first
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield line + 1, cells
                line = first + reader.line_num
        except csv.Error as problem:
            yield line + 1, problem
            first = line + 1
        else:
            return
