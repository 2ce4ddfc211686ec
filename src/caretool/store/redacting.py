"""The pass over every text that is left, after what was theirs is gone: their name and their words in what others and
we wrote. Which columns: `fates` says. A run of rows at a time, however many there are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from caretool.domain.redaction import Redactor, deep
from caretool.store.belongings import Belongings
from caretool.store.database import Database, moment_in
from caretool.store.fates import FATES

_RUN = 2_000
_WORDS = ("theirs", "theirs-json", "ours", "ours-json")
# What is kept of the settings comes from files: whoever is named there is named until somebody takes them out there.
_OF_THE_FILES = "key NOT IN ('settings', 'front', 'speakers', 'digest')"
# What somebody typed in a draft's request; all else in it are ids and codes.
REQUEST_WORDS = ("text", "given", "not_a_promise", "waived")

Mask = Callable[[str], str]


def learn_what_others_wrote(database: Database, theirs: Belongings, redactor: Redactor) -> None:
    """What stands in other people's comments and in threads that are not theirs is not theirs alone, nor what our files
    say, or we said before they did. What names them there goes, so it does not count."""
    mine, threads = set(theirs.comments), set(theirs.threads)
    for row in _rows(database, "comment", ("id", "own", "text", "written_at")):
        if row["id"] not in mine:
            said_at = moment_in(row["written_at"]) if row["own"] else None
            redactor.quotes.shared(redactor.masked(row["text"]), said_at)
    for row in _rows(database, "reply", ("text", "made_at")):
        redactor.quotes.shared(redactor.masked(row["text"]), moment_in(row["made_at"]))
    for row in _rows(database, "thread", ("id", "text")):
        if row["text"] and row["id"] not in threads:
            redactor.quotes.shared(redactor.masked(row["text"]))
    for row in _rows(database, "revision", ("comment", "text")):
        if row["comment"] not in mine:
            redactor.quotes.shared(redactor.masked(row["text"]))
    for (settings,) in database.statement("SELECT value FROM kept WHERE key = 'settings'"):
        deep(json.loads(settings), redactor.quotes.shared)


def redact_all(database: Database, theirs: Belongings, redactor: Redactor) -> None:
    """Mask the person in every text of every table. Comments that read otherwise now are read anew."""
    about = {*theirs.together, *theirs.answers, *theirs.shared_drafts}
    for table, columns in FATES.items():
        texts = tuple(name for name, fate in columns.items() if fate in _WORDS)
        if texts and table != "person":
            _redact(database, table, texts, about, redactor)
    _redact(database, "person", ("name",), set(), redactor)
    _without_names_in_keys(database, redactor)


def _redact(database: Database, table: str, texts: Sequence[str], about: set[str], redactor: Redactor) -> None:
    json_columns = {name for name in texts if FATES[table][name].endswith("-json")}
    keys = _keys(database, table)
    ids = ("id",) if "id" in FATES[table] and "id" not in keys else ()
    for row in _rows(database, table, (*ids, *texts)):
        mask = redactor.erased_from if row.get("id") in about else redactor.redacted
        changed = {}
        for name in texts:
            text = row[name]
            if not isinstance(text, str) or not text:
                continue
            words = REQUEST_WORDS if (table, name) == ("draft", "request") else None
            masked = _in_json(text, mask, words) if name in json_columns else mask(text)
            if masked != text:
                changed[name] = masked
        if changed:
            _write(database, table, {key: row[key] for key in keys}, changed)


def _without_names_in_keys(database: Database, redactor: Redactor) -> None:
    """Some platforms put a name into the ids of posts: what others opened or answered there loses the id."""
    for thread in _rows(database, "thread", ("id", "native_id")):
        if redactor.masked(thread["native_id"]) != thread["native_id"]:
            _set(database, "thread", {"id": thread["id"]}, {"native_id": f"forgotten:{thread['id']}"})
    for comment in _rows(database, "comment", ("id", "reply_to")):
        if comment["reply_to"] and redactor.masked(comment["reply_to"]) != comment["reply_to"]:
            _set(database, "comment", {"id": comment["id"]}, {"reply_to": None})


def _in_json(text: str, mask: Mask, only: Sequence[str] | None) -> str:
    """Each text in a JSON value masked (`only` under these keys); what is no JSON is masked as it stands."""
    try:
        value = json.loads(text)
    except ValueError:
        return mask(text)
    if only is None:
        masked = deep(value, mask)
    else:
        masked = {key: deep(one, mask) if key in only else one for key, one in value.items()}
    return text if masked == value else json.dumps(masked, ensure_ascii=False)


def _write(database: Database, table: str, key: dict[str, Any], changed: dict[str, str]) -> None:
    if table == "comment" and "text" in changed:
        # What was read in the old words no longer holds; the digest of what stands there stays, so that it is no edit.
        _set(database, table, key, {"fold": None, "exposed": None})
        _set(database, table, {**key, "state": "waiting"}, {"unread": 1})
    _set(database, table, key, changed)


def _set(database: Database, table: str, key: dict[str, Any], values: dict[str, Any]) -> None:
    update = ", ".join(f"{name} = ?" for name in values)
    where = " AND ".join(f"{name} = ?" for name in key)
    database.statement(f"UPDATE {table} SET {update} WHERE {where}", (*values.values(), *key.values()))  # noqa: S608


def _rows(database: Database, table: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The rows of a table by key, a run at a time; they may be written to meanwhile."""
    keys = _keys(database, table)
    names = list(dict.fromkeys((*keys, *columns)))
    places = ", ".join("?" * len(keys))
    order = ", ".join(keys)
    where = _OF_THE_FILES if table == "kept" else "1"
    query = f"SELECT {', '.join(names)} FROM {table} WHERE {where}"  # noqa: S608
    after: tuple[Any, ...] = ()
    while True:
        further = f" AND ({order}) > ({places})" if after else ""
        run = database.statement(f"{query}{further} ORDER BY {order} LIMIT {_RUN}", after)
        yield from (dict(zip(names, row, strict=True)) for row in run)
        if len(run) < _RUN:
            return
        after = run[-1][: len(keys)]


def _keys(database: Database, table: str) -> tuple[str, ...]:
    """What tells the rows of a table apart: `rowid` where it has one, else its primary key."""
    ((without_rowid,),) = database.statement("SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'", (table,))
    if not without_rowid:
        return ("rowid",)
    keys = database.statement("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,))
    return tuple(row[0] for row in keys)
