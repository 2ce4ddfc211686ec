"""A row of an export, made into a comment, or into the reason why it is none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args
from zoneinfo import ZoneInfo

from caretool.domain.comment import Author, Form, Incoming, Thread
from caretool.platforms.file.rows import Column, Columns, clean

_FORMS: tuple[Form, ...] = get_args(Form)
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_WHOLE = re.compile(r"(-?\d{1,18})(?:\.0+)?", re.ASCII)
_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)(?: ?(Z|UTC|[+-]\d\d(?::?\d\d)?))?)?",
    re.ASCII | re.IGNORECASE,
)


class RowError(ValueError):
    """A row that is no comment; the message says why in a few words."""


def to_comment(row: Mapping[str, object], columns: Columns, zone: ZoneInfo, to_text: Callable[[str], str]) -> Incoming:
    """The comment a row holds; times in UTC. `columns` are the export's names for ours, where they differ.

    `zone` is the desk's, for times that name none; `to_text` makes plain text of what the export holds.
    Raises RowError.
    """
    values = _Values(row, columns)
    thread, thread_text = values.word("thread"), values.word("thread_text")
    return Incoming(
        native_id=values.required("id"),
        author=Author(values.required("author"), values.word("author_name"), values.number("followers")),
        text=to_text(values.text()),
        written_at=values.moment("written_at", zone),
        private=values.yes("private"),
        reply_to=values.word("reply_to"),
        thread=Thread(thread, to_text(thread_text) if thread_text else None) if thread else None,
        url=values.word("url"),
        form=values.form(),
        rating=values.stars(),
        likes=values.number("likes"),
        language=values.word("language"),
        attachments=values.addresses("attachments"),
        closes_at=values.moment("closes_at", zone),
        private_until=values.moment("private_until", zone),
    )


@dataclass(frozen=True, slots=True)
class _Values:
    """A row's values, asked for by our names; what is absent, null or blank is nothing. Each method raises RowError."""

    row: Mapping[str, object]
    columns: Columns

    def named(self, column: Column) -> str:
        name = self.columns.get(column, column)
        return column if name == column else f"{column} ({name})"

    def value(self, column: Column) -> object:
        value = self.row.get(self.columns.get(column, column))
        return None if isinstance(value, str) and not value.strip() else value

    def word(self, column: Column) -> str | None:
        value = self.value(column)
        if value is None:
            return None
        # An id is often a number in JSON.
        if isinstance(value, str) or type(value) is int:
            return clean(str(value).strip())
        raise RowError(f"{self.named(column)} is not text")

    def required(self, column: Column) -> str:
        word = self.word(column)
        if word is None:
            raise RowError(f"no {self.named(column)}")
        return word

    def text(self) -> str:
        """What was written, untouched at its ends. Empty is a comment too (a picture, stars without words); absent is
        a row of something else."""
        name = self.columns.get("text", "text")
        if name not in self.row:
            raise RowError(f"no {self.named('text')}")
        value = self.row[name]
        return clean(value) if isinstance(value, str) else self.word("text") or ""

    def yes(self, column: Column) -> bool:
        value = self.value(column)
        if value is None:
            return False
        answer = _BOOLEANS.get(str(value).strip().lower())
        if answer is None:
            raise RowError(f"{self.named(column)} is neither true nor false")
        return answer

    def number(self, column: Column) -> int | None:
        value = self.value(column)
        if value is None:
            return None
        match = _WHOLE.fullmatch(str(value).strip())
        if match is None:
            raise RowError(f"{self.named(column)} is not a whole number")
        return int(match[1])

    def stars(self) -> int | None:
        rating = self.number("rating")
        if rating is not None and not 1 <= rating <= 5:
            raise RowError(f"{self.named('rating')} is {rating}, not 1 to 5")
        return rating

    def form(self) -> Form:
        word = self.word("form")
        form = next((form for form in _FORMS if form == (word or "comment").lower()), None)
        if form is None:
            raise RowError(f"{self.named('form')} is none of {', '.join(_FORMS)}")
        return form

    def moment(self, column: Column, zone: ZoneInfo) -> datetime | None:
        word = self.word(column)
        if word is None:
            return None
        match = _DATE.fullmatch(word)
        if match is None:
            raise RowError(f"{self.named(column)} is not a date as in 2014-07-22T15:27:50Z")
        day, hour, offset = match[1], match[2] or "00:00", (match[3] or "").upper().replace("UTC", "Z")
        try:
            moment = datetime.fromisoformat(f"{day}T{hour}{offset}")
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            raise RowError(f"{self.named(column)} is not a day and hour that exist") from None

    def addresses(self, column: Column) -> tuple[str, ...]:
        value = self.value(column)
        if isinstance(value, str):
            value = _list(value) if value.lstrip().startswith("[") else value.split(";")
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(address, str) for address in value):
            raise RowError(f"{self.named(column)} is not a list of addresses")
        return tuple(clean(address.strip()) for address in value if address.strip())


def _list(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return False
