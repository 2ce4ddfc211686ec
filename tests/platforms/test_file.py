from __future__ import annotations

import csv
import errno
import fcntl
import io
import json
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from caretool.domain.comment import Author, Incoming, Thread
from caretool.domain.policy import Account
from caretool.errors import AnswerLost, PlatformBusy, PlatformFailed
from caretool.platforms.file.connector import FileSettings, open_account
from caretool.platforms.platform import Opening, Page, Platform, Skipped
from tests.platforms.contract import (
    NOON,
    Ability,
    BansContract,
    DeletesContract,
    Harness,
    HidesContract,
    MutesContract,
    PlatformContract,
    ReportsContract,
    ids,
    reply,
)

ROME = ZoneInfo("Europe/Rome")


def open_file(folder: Path, **keys: Any) -> Platform:
    keys = {"comments": "comments.jsonl", "replies": "replies.jsonl", **keys}
    account = Account("console-page", "file", FileSettings(**keys))
    return open_account(account, Opening(folder, ROME, lambda: NOON))


def row(**values: object) -> dict[str, object]:
    return {"id": "c1", "author": "anna", "text": "ciao", **values}


def jsonl(folder: Path, *rows: object) -> None:
    lines = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in rows]
    (folder / "comments.jsonl").write_bytes(b"\n".join(lines) + b"\n")


def fetch(folder: Path, **keys: Any) -> Page:
    """What a file of at most one page holds."""
    (page,) = open_file(folder, **keys).fetch(None)
    return page


def read(folder: Path, **values: object) -> Incoming:
    """The one comment of a file with this one row."""
    jsonl(folder, row(**values))
    page = fetch(folder)
    assert page.skipped == ()
    (comment,) = page.comments
    return comment


def refused(folder: Path, **values: object) -> str:
    """Why the one row of a file is skipped."""
    jsonl(folder, row(**values))
    page = fetch(folder)
    assert page.comments == ()
    (skipped,) = page.skipped
    assert skipped.where == "line 1"
    return skipped.why


class FileHarness:
    """No network, and nobody says what became of a comment, or who we are there; whatever is to be done is written down
    for a person."""

    page_size = 500
    abilities: frozenset[Ability] = frozenset({"hides", "deletes", "mutes", "bans", "reports"})

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def receive(self, comments: Sequence[Incoming]) -> None:
        with (self.folder / "comments.jsonl").open("a") as file:
            for comment in comments:
                thread = comment.thread and comment.thread.native_id
                author = {"author": comment.author.handle, "author_name": comment.author.name}
                values = {**author, "text": comment.text, "thread": thread, "written_at": str(comment.written_at)}
                file.write(json.dumps({"id": comment.native_id, **values}) + "\n")

    def open(self, length: int | None = None) -> Platform:
        return open_file(self.folder, max_length=length)

    def unreachable(self) -> Platform:
        return open_file(self.folder / "nowhere")

    def replies(self) -> list[str]:
        return [line["text"] for line in replies(self.folder)]

    def hidden(self) -> set[str]:
        return self._done("hide", "unhide", "native_id")

    def deleted(self) -> set[str]:
        return self._done("delete", "", "native_id")

    def muted(self) -> set[str]:
        return self._done("mute", "unmute", "handle")

    def banned(self) -> set[str]:
        return self._done("ban", "unban", "handle")

    def reported(self) -> list[str]:
        return [line["native_id"] for line in actions(self.folder) if line["action"] == "report"]

    def _done(self, action: str, undo: str, what: str) -> set[str]:
        """As a person finds it who goes through the lines from the top; none says twice the same."""
        done: set[str] = set()
        for line in actions(self.folder):
            if line["action"] == action:
                assert line[what] not in done
                done.add(line[what])
            elif line["action"] == undo:
                done.remove(line[what])
        return done


class TestContract(PlatformContract, HidesContract, DeletesContract, MutesContract, BansContract, ReportsContract):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> Harness:
        return FileHarness(tmp_path)


def replies(folder: Path) -> list[dict[str, Any]]:
    return lines_of(folder / "replies.jsonl")


def actions(folder: Path) -> list[dict[str, Any]]:
    return lines_of(folder / "console-page-actions.jsonl")


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


class TestReadingARow:
    def test_everything_an_export_can_say_is_read(self, tmp_path: Path) -> None:
        values = {
            "id": 4711, "author": "anna", "author_name": "Anna Rossi", "text": " Dov'è?\n", "private": True,
            "reply_to": "c0", "written_at": "2026-11-23T09:12:00+01:00", "thread": "p1", "thread_text": "Console sale",
            "url": "https://example.org/c1", "form": "review", "rating": 2, "likes": 7, "followers": 120,
            "language": "it", "attachments": ["https://example.org/1.jpg"], "sentiment": {"of no": "interest"},
        }  # fmt: skip
        assert read(tmp_path, **values) == Incoming(
            native_id="4711",
            author=Author("anna", "Anna Rossi", 120),
            text=" Dov'è?\n",
            written_at=datetime(2026, 11, 23, 8, 12, tzinfo=UTC),
            private=True,
            reply_to="c0",
            thread=Thread("p1", "Console sale"),
            url="https://example.org/c1",
            form="review",
            rating=2,
            likes=7,
            language="it",
            attachments=("https://example.org/1.jpg",),
        )

    def test_what_is_null_or_blank_is_not_there(self, tmp_path: Path) -> None:
        blank = {"thread": None, "written_at": " ", "form": "", "rating": None, "private": "", "attachments": None}
        assert read(tmp_path, **blank) == read(tmp_path)

    @pytest.mark.parametrize(
        ("written", "utc"),
        [
            ("2014-07-22T15:27:50Z", "2014-07-22T15:27:50"),
            ("2014-07-22t15:27:50z", "2014-07-22T15:27:50"),
            ("2014-07-22T15:27:50.078000+02:00", "2014-07-22T13:27:50.078000"),
            ("2014-07-22 15:27:50 -0800", "2014-07-22T23:27:50"),
            ("2014-07-22 15:27:50 UTC", "2014-07-22T15:27:50"),
            ("2014-07-22 15:27:50", "2014-07-22T13:27:50"),
            ("2014-01-22T15:27", "2014-01-22T14:27:00"),
            ("2014-07-22", "2014-07-21T22:00:00"),
        ],
    )
    def test_a_time_without_a_zone_is_the_desks(self, tmp_path: Path, written: str, utc: str) -> None:
        moment = read(tmp_path, written_at=written).written_at
        assert moment == datetime.fromisoformat(utc).replace(tzinfo=UTC)

    @pytest.mark.parametrize(
        "written",
        ["yesterday", "2014-02-30", "2014-07-22T25:00", "22/07/2014", "1406042870123", 1406042870, "0001-01-01"],
    )
    def test_a_bad_date_is_reported(self, tmp_path: Path, written: object) -> None:
        assert refused(tmp_path, written_at=written).startswith("written_at is not a d")

    @pytest.mark.parametrize(
        ("values", "why"),
        [
            ({"id": ""}, "no id"),
            ({"id": None}, "no id"),
            ({"id": ["c1"]}, "id is not text"),
            ({"id": True}, "id is not text"),
            ({"author": " "}, "no author"),
            ({"text": {"it": "ciao"}}, "text is not text"),
            ({"private": "perhaps"}, "private is neither true nor false"),
            ({"rating": 6}, "rating is 6, not 1 to 5"),
            ({"likes": "many"}, "likes is not a whole number"),
            ({"likes": 10**30}, "likes is not a whole number"),
            ({"attachments": "[1"}, "attachments is not a list of addresses"),
            ({"attachments": [1]}, "attachments is not a list of addresses"),
        ],
    )
    def test_a_value_of_the_wrong_type_is_reported_by_its_name(
        self, tmp_path: Path, values: dict[str, object], why: str
    ) -> None:
        assert refused(tmp_path, **values) == why

    def test_an_unknown_form_is_reported_with_those_there_are(self, tmp_path: Path) -> None:
        assert refused(tmp_path, form="shout").startswith("form is none of comment, mention, review")

    def test_stars_without_words_are_a_comment_and_a_row_of_something_else_is_not(self, tmp_path: Path) -> None:
        assert read(tmp_path, text=None, rating=1).text == ""
        jsonl(tmp_path, {"id": "c1", "author": "anna"})
        assert fetch(tmp_path).skipped == (Skipped("line 1", "no text"),)

    def test_lone_surrogates_and_nul_are_replaced(self, tmp_path: Path) -> None:
        jsonl(tmp_path, b'{"id": "c1", "author": "an\\u0000na", "text": "a\\ud800b\\u0000c \\ud83d\\ude00 d\x00e"}')
        (comment,) = fetch(tmp_path).comments
        assert (comment.author.handle, comment.text) == ("an\ufffdna", "a\ufffdb\ufffdc 😀 d\ufffde")

    def test_html_is_made_plain_where_the_settings_say_so(self, tmp_path: Path) -> None:
        jsonl(tmp_path, row(text="@anna, 1 &lt; 2<br>ok", thread="p1", thread_text="<p>Sale &amp; more</p>"))
        (comment,) = fetch(tmp_path, text_format="html").comments
        assert comment.text == "@anna, 1 < 2\nok"
        assert comment.thread == Thread("p1", "Sale & more")
        assert fetch(tmp_path).comments[0].text == "@anna, 1 &lt; 2<br>ok"


class TestReadingJsonLines:
    def test_each_line_that_cannot_be_read_is_reported_and_the_rest_is_read(self, tmp_path: Path) -> None:
        bad = [b"{", b"[1]", b'"c9"', b"null", b'{"id": "\xff"}', b"[" * 100_000, b'{"id": ' + b"9" * 5000 + b"}"]
        jsonl(tmp_path, row(id="c1"), *bad, b"", b"  \r", row(id="c2"))
        page = fetch(tmp_path)
        assert ids([page]) == ["c1", "c2"]
        assert [skipped.where for skipped in page.skipped] == [f"line {number}" for number in range(2, 9)]
        assert {skipped.why for skipped in page.skipped} == {"not JSON", "not a JSON object", "not UTF-8"}

    def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(self, tmp_path: Path) -> None:
        (tmp_path / "comments.jsonl").write_bytes(b"\xef\xbb\xbf" + json.dumps(row()).encode() + b"\r\n")
        assert ids([fetch(tmp_path)]) == ["c1"]

    def test_the_later_of_two_rows_with_one_id_wins(self, tmp_path: Path) -> None:
        jsonl(tmp_path, row(text="frist"), row(id="c2"), row(text="first"))
        assert [(comment.native_id, comment.text) for comment in fetch(tmp_path).comments] == [
            ("c1", "first"),
            ("c2", "ciao"),
        ]

    def test_rows_without_a_date_come_last_in_the_order_of_the_file(self, tmp_path: Path) -> None:
        jsonl(
            tmp_path,
            row(id="c3"),
            row(id="c4"),
            row(id="c2", written_at="2026-11-23"),
            row(id="c1", written_at="2026-11-22"),
        )
        assert ids([fetch(tmp_path)]) == ["c1", "c2", "c3", "c4"]

    def test_an_export_names_things_its_own_way(self, tmp_path: Path) -> None:
        jsonl(
            tmp_path, {"COMMENT_ID": "c1", "AUTHOR": "anna", "CONTENT": "ciao"}, {"AUTHOR": "bruno", "CONTENT": "ciao"}
        )
        page = fetch(tmp_path, columns={"id": "COMMENT_ID", "author": "AUTHOR", "text": "CONTENT"})
        assert ids([page]) == ["c1"]
        assert page.skipped == (Skipped("line 2", "no id (COMMENT_ID)"),)

    @given(st.binary(max_size=200).filter(lambda data: not data.startswith((b"\xff\xfe", b"\xfe\xff"))))
    @settings(max_examples=100)
    def test_no_bytes_are_a_crash(self, tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
        folder = tmp_path_factory.mktemp("odd")
        (folder / "comments.jsonl").write_bytes(data + b"\n" + json.dumps(row()).encode())
        assert "c1" in ids(list(open_file(folder).fetch(None)))


def table(folder: Path, text: str | bytes) -> None:
    (folder / "comments.csv").write_bytes(text if isinstance(text, bytes) else text.encode())


def fetch_csv(folder: Path, text: str | bytes, **keys: Any) -> Page:
    table(folder, text)
    return fetch(folder, comments="comments.csv", **keys)


class TestReadingCsv:
    def test_a_real_export_is_read_by_the_columns_it_has(self, tmp_path: Path) -> None:
        text = '\ufeffCOMMENT_ID,AUTHOR,DATE,CONTENT,CLASS\r\nz1,Anna,2014-07-22T15:27:50,"Hi, ""all""\nof you",1\r\n'
        columns = {"id": "COMMENT_ID", "author": "AUTHOR", "text": "CONTENT", "written_at": "DATE"}
        (comment,) = fetch_csv(tmp_path, text, columns=columns).comments
        assert (comment.native_id, comment.author, comment.text) == ("z1", Author("Anna"), 'Hi, "all"\nof you')
        assert comment.written_at == datetime(2014, 7, 22, 13, 27, 50, tzinfo=UTC)

    def test_values_that_are_not_text_are_read_from_text(self, tmp_path: Path) -> None:
        header = "id,author,text,private,rating,likes,followers,attachments"
        page = fetch_csv(tmp_path, f'{header}\n1,anna,ciao,1,4.0,,12,a; b\n2,bruno,ciao,no,,3,,"[""a;b"", ""c""]"\n')
        first, second = page.comments
        assert (first.private, first.rating, first.likes, first.author.followers) == (True, 4, None, 12)
        assert (second.private, second.rating, second.likes, second.author.followers) == (False, None, 3, None)
        assert (first.attachments, second.attachments) == (("a", "b"), ("a;b", "c"))

    def test_bad_rows_are_reported_by_the_line_they_begin_on_and_the_rest_is_read(self, tmp_path: Path) -> None:
        lines = [
            b"id,author,text",
            b"c1,anna,ciao",
            b'c2,bruno,"over\ntwo lines"',
            b"c3,carla",
            b"c4,dino,caf\xe9",
            b",elio,ciao",
            b"c6,fabia,ciao,with,commas",
            b'c7,gina,"she said "no""',
            b"c8,hugo,N\x00UL",
            b"",
            b",,",
            b'c9,ines,"never closed',
            b"c10,lia,ciao",
        ]
        page = fetch_csv(tmp_path, b"\n".join(lines))
        assert ids([page]) == ["c1", "c2", "c8", "c10"]
        assert [(skipped.where, skipped.why.split(" (")[0]) for skipped in page.skipped] == [
            ("line 5", "2 values for 3 columns"),
            ("line 6", "not UTF-8"),
            ("line 7", "no id"),
            ("line 8", "5 values for 3 columns"),
            ("line 9", "a quote is not closed or not doubled, or a line ends oddly"),
            ("line 13", "a quote is not closed or not doubled, or a line ends oddly"),
        ]

    def test_a_quote_that_is_not_closed_costs_no_row_but_its_own(self, tmp_path: Path) -> None:
        rows = [f'c{number},anna,"ciao, {number}"' for number in range(5)]
        rows[1] = 'c1,anna,"ciao'
        assert ids([fetch_csv(tmp_path, "\n".join(["id,author,text", *rows]))]) == ["c0", "c2", "c3", "c4"]

    def test_a_field_of_a_megabyte_is_read(self, tmp_path: Path) -> None:
        (comment,) = fetch_csv(tmp_path, f'id,author,text\nc1,anna,"{"ciao, " * 200_000}"\n').comments
        assert len(comment.text) == 1_200_000

    @pytest.mark.parametrize(("mark", "end"), [(";", "\r\n"), ("\t", "\n"), (",", "\r")])
    def test_what_spreadsheets_write_is_read(self, tmp_path: Path, mark: str, end: str) -> None:
        text = end.join(
            mark.join(cells) for cells in (("id", "author", "text"), ("c1", "anna", "ciao"), ("c2", "b", "c"))
        )
        assert ids([fetch_csv(tmp_path, text + end)]) == ["c1", "c2"]

    def test_a_missing_column_is_one_clear_line_with_the_nearest(self, tmp_path: Path) -> None:
        with pytest.raises(PlatformFailed) as failure:
            fetch_csv(tmp_path, "Id,writer,text,txet\nc1,anna,ciao,x\n")
        assert str(failure.value) == (
            'comments.csv has no column "id" (did you mean "Id"?) and no "author": its columns are Id, writer, text, '
            'txet; say which is which in accounts.toml, as in columns = { id = "COMMENT_ID" }'
        )

    def test_a_column_the_settings_name_must_be_there(self, tmp_path: Path) -> None:
        with pytest.raises(PlatformFailed, match='no column "DAET" \\(did you mean "DATE"\\?\\)'):
            fetch_csv(tmp_path, "id,author,text,DATE\n", columns={"written_at": "DAET"})

    def test_two_columns_of_one_name_are_not_guessed_between(self, tmp_path: Path) -> None:
        with pytest.raises(PlatformFailed, match='more than one column is called "text"'):
            fetch_csv(tmp_path, "id,author,text,text\n")

    @pytest.mark.parametrize("text", ["", "\n\n", "id,author,text\n"])
    def test_an_empty_export_holds_nothing(self, tmp_path: Path, text: str) -> None:
        page = fetch_csv(tmp_path, text)
        assert (page.comments, page.skipped) == ((), ())

    @pytest.mark.parametrize("text", ['"id,author,text\nc1,anna,ciao\n', ",,\n\xe9;\n"])
    def test_a_header_that_cannot_be_read_is_no_empty_export(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(PlatformFailed, match="has no column"):
            fetch_csv(tmp_path, text)

    def test_utf_16_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(PlatformFailed, match=r"comments\.csv is UTF-16: save it as UTF-8"):
            fetch_csv(tmp_path, "id,author,text\n".encode("utf-16"))

    @given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=6))
    @settings(max_examples=100)
    def test_what_a_spreadsheet_wrote_comes_back(
        self, tmp_path_factory: pytest.TempPathFactory, texts: list[str]
    ) -> None:
        out = io.StringIO(newline="")
        writer = csv.writer(out, quoting=csv.QUOTE_ALL)
        writer.writerow(["id", "author", "text"])
        writer.writerows([number, "anna", text] for number, text in enumerate(texts))
        page = fetch_csv(tmp_path_factory.mktemp("csv"), out.getvalue())
        assert [comment.text for comment in page.comments] == [text.replace("\0", "\ufffd") for text in texts]
        assert page.skipped == ()


class TestBookmark:
    def test_what_could_not_be_read_is_told_once(self, tmp_path: Path) -> None:
        jsonl(tmp_path, b"{", *(row(id=f"c{number}") for number in range(501)))
        first, second = open_file(tmp_path).fetch(None)
        assert (len(first.skipped), len(second.skipped)) == (1, 0)
        (rest,) = open_file(tmp_path).fetch(first.bookmark)
        assert (ids([rest]), rest.skipped) == (["c500"], ())

    def test_the_same_export_again_is_not_a_page(self, tmp_path: Path) -> None:
        jsonl(tmp_path, b"{")
        page = fetch(tmp_path)
        assert list(open_file(tmp_path).fetch(page.bookmark)) == []

    def test_another_export_is_read_whole(self, tmp_path: Path) -> None:
        jsonl(tmp_path, row(id="c1"))
        page = fetch(tmp_path)
        jsonl(tmp_path, row(id="c1"), row(id="c2"))
        assert ids(list(open_file(tmp_path).fetch(page.bookmark))) == ["c1", "c2"]

    def test_the_same_export_read_another_way_is_read_again(self, tmp_path: Path) -> None:
        jsonl(tmp_path, row(CONTENT="ciao"))
        page = fetch(tmp_path)
        platform = open_file(tmp_path, columns={"text": "CONTENT"})
        assert ids(list(platform.fetch(page.bookmark))) == ["c1"]

    @pytest.mark.parametrize("bookmark", ["", "113425", '{"since": 4}'])
    def test_a_bookmark_of_another_platform_is_none(self, tmp_path: Path, bookmark: str) -> None:
        jsonl(tmp_path, row())
        assert ids(list(open_file(tmp_path).fetch(bookmark))) == ["c1"]

    def test_a_missing_export_says_where_to_put_it(self, tmp_path: Path) -> None:
        with pytest.raises(PlatformFailed) as failure:
            fetch(tmp_path)
        assert str(failure.value) == (
            f"comments.jsonl is not there: put the export at {tmp_path}/comments.jsonl, "
            "or correct accounts.console-page.comments in accounts.toml"
        )

    def test_an_export_that_cannot_be_read_is_a_failure(self, tmp_path: Path) -> None:
        (tmp_path / "comments.jsonl").mkdir()
        with pytest.raises(PlatformFailed, match="cannot be read"):
            fetch(tmp_path)


def post_many(folder: Path, name: str, count: int, together: Barrier) -> None:
    """Post from a process in which the system writes little at a time, as it may."""
    write = os.write
    os.write = lambda descriptor, data: write(descriptor, memoryview(data)[:100])
    platform = open_file(folder)
    for number in range(count):
        together.wait()
        platform.post(reply(f"{name}{number}", f"{name}{number} " * 2000))


def full_disk(*_: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


class TestPosting:
    def test_a_line_says_what_was_answered_to_whom_and_when(self, tmp_path: Path) -> None:
        open_file(tmp_path).post(reply("k1", "Buongiorno è", to=("c1", "c2")))
        open_file(tmp_path).post(replace(reply("k2", to=("c3",)), private=True, thread=None))
        assert replies(tmp_path) == [
            {"id": "reply-k1", "to": ["c1", "c2"], "thread": "post1", "text": "Buongiorno è", "private": False,
             "posted_at": "2026-11-23T12:00:00Z", "key": "k1"},
            {"id": "reply-k2", "to": "c3", "thread": None, "text": "Buongiorno, sono Dario.", "private": True,
             "posted_at": "2026-11-23T12:00:00Z", "key": "k2"},
        ]  # fmt: skip
        assert "Buongiorno è" in (tmp_path / "replies.jsonl").read_text()

    def test_a_reply_is_one_line_to_every_reader_of_lines(self, tmp_path: Path) -> None:
        text = "uno\ndue\r\ntre\x85quattro\u2028cinque\u2029sei\x0bsette\x1cotto"
        open_file(tmp_path).post(reply(text=text))
        assert [line["text"] for line in replies(tmp_path)] == [text]

    def test_odd_characters_do_not_stop_a_reply(self, tmp_path: Path) -> None:
        open_file(tmp_path).post(reply(text="ciao \ud800"))
        assert [line["text"] for line in replies(tmp_path)] == ["ciao \ufffd"]

    def test_two_processes_posting_at_once_keep_every_line_whole(self, tmp_path: Path) -> None:
        context = multiprocessing.get_context("spawn")
        together = context.Barrier(2)
        writers = [context.Process(target=post_many, args=(tmp_path, name, 40, together)) for name in ("a", "b")]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert [writer.exitcode for writer in writers] == [0, 0]
        assert sorted(line["key"] for line in replies(tmp_path)) == sorted(f"{n}{i}" for n in "ab" for i in range(40))

    def test_a_line_that_somebody_else_is_writing_is_waited_for(self, tmp_path: Path) -> None:
        with (tmp_path / "replies.jsonl").open("ab", buffering=0) as other, ThreadPoolExecutor(1) as pool:
            fcntl.flock(other, fcntl.LOCK_EX)
            other.write(b'{"id": "reply-k0", ')
            posting = pool.submit(open_file(tmp_path).post, reply("k1"))
            with pytest.raises(TimeoutError):
                posting.result(timeout=0.1)
            other.write(b'"key": "k0"}\n')
            fcntl.flock(other, fcntl.LOCK_UN)
        assert [line["key"] for line in replies(tmp_path)] == ["k0", "k1"]

    @pytest.mark.parametrize("cut", [1, 5, 12, 60, 5000])
    def test_half_a_line_that_a_crash_left_goes_before_the_next_is_written(self, tmp_path: Path, cut: int) -> None:
        path = tmp_path / "replies.jsonl"
        open_file(tmp_path).post(reply("k1"))
        whole = path.read_bytes()
        open_file(tmp_path).post(reply("k2", "ciao " * 2000))
        path.write_bytes(path.read_bytes()[: len(whole) + cut])
        assert open_file(tmp_path).find(reply("k2")) is None
        open_file(tmp_path).post(reply("k3"))
        assert [line["key"] for line in replies(tmp_path)] == ["k1", "k3"]

    def test_a_whole_line_that_lacks_only_its_end_is_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "replies.jsonl"
        open_file(tmp_path).post(reply("k1"))
        path.write_bytes(path.read_bytes().removesuffix(b"\n"))
        assert open_file(tmp_path).find(reply("k1")) is not None
        open_file(tmp_path).post(reply("k2"))
        assert [line["key"] for line in replies(tmp_path)] == ["k1", "k2"]

    def test_what_a_person_wrote_into_the_file_is_never_cut(self, tmp_path: Path) -> None:
        path = tmp_path / "replies.jsonl"
        path.write_bytes(b"pasted up to here")
        open_file(tmp_path).post(reply("k1"))
        first, second = path.read_bytes().splitlines()
        assert first == b"pasted up to here"
        assert json.loads(second)["key"] == "k1"
        assert open_file(tmp_path).find(reply("k1")) is not None

    def test_a_time_a_person_spoilt_is_that_of_the_reply(self, tmp_path: Path) -> None:
        (tmp_path / "replies.jsonl").write_text('{"key": "k1", "posted_at": "this morning"}\n')
        found = open_file(tmp_path).find(replace(reply("k1"), created_at=NOON + timedelta(hours=1)))
        assert found is not None
        assert found.posted_at == NOON + timedelta(hours=1)

    def test_a_full_disk_leaves_nothing_of_the_reply(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        open_file(tmp_path).post(reply("k1"))
        before = (tmp_path / "replies.jsonl").read_bytes()
        write, calls = os.write, iter(range(9))

        def half_then_full(descriptor: int, data: memoryview) -> int:
            return write(descriptor, data[:20]) if next(calls) == 0 else full_disk()

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", half_then_full)
            with pytest.raises(PlatformBusy, match=r"nothing was written .*No space left on device"):
                open_file(tmp_path).post(reply("k2"))
        assert (tmp_path / "replies.jsonl").read_bytes() == before
        assert open_file(tmp_path).find(reply("k2")) is None

    def test_a_disk_that_does_not_confirm_leaves_the_reply_unsure(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full_disk)
            with pytest.raises(AnswerLost):
                open_file(tmp_path).post(reply("k1"))
        assert open_file(tmp_path).find(reply("k1")) is not None

    def test_a_folder_that_is_not_there_is_a_failure(self, tmp_path: Path) -> None:
        with pytest.raises(PlatformBusy, match="nothing was written"):
            open_file(tmp_path / "nowhere").post(reply())

    def test_replies_that_cannot_be_read_are_not_replies_that_are_not_there(self, tmp_path: Path) -> None:
        (tmp_path / "replies.jsonl").mkdir()
        with pytest.raises(PlatformFailed, match="cannot be read"):
            open_file(tmp_path).find(reply())


class TestSettings:
    def test_replies_have_a_file_of_the_accounts_own(self, tmp_path: Path) -> None:
        open_file(tmp_path, replies=None).post(reply())
        assert (tmp_path / "console-page-replies.jsonl").exists()

    def test_an_export_may_lie_elsewhere(self, tmp_path: Path) -> None:
        jsonl(tmp_path, row())
        assert ids([fetch(tmp_path / "workspace", comments=str(tmp_path / "comments.jsonl"))]) == ["c1"]

    def test_what_a_person_can_paste_can_also_be_sent_in_private(self, tmp_path: Path) -> None:
        limits = open_file(tmp_path, max_length=500, together="mentions").limits
        assert (limits.length, limits.together, limits.private_replies) == (500, "mentions", True)
        assert open_file(tmp_path).limits.together == "names"

    @pytest.mark.parametrize(
        ("keys", "message"),
        [
            ({"comments": "comments.xlsx"}, r"comments\.xlsx should end in \.jsonl or \.ndjson or \.csv"),
            ({"replies": "./comments.jsonl"}, "replies would be written into the comments"),
            ({"columns": {"body": "CONTENT"}}, "Input should be 'id', 'author'"),
            ({"max_length": 0}, "greater than or equal to 1"),
            ({"colums": {}}, "Extra inputs are not permitted"),
        ],
    )
    def test_what_cannot_work_does_not_load(self, keys: dict[str, Any], message: str) -> None:
        with pytest.raises(ValidationError, match=message):
            FileSettings(**{"comments": "comments.jsonl", **keys})
