"""Exports of a video platform, as people download them: fetched whole, folded, and what is wrong told by its line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from caretool import workspace
from caretool.desk import fetching, listing
from caretool.desk.desk import Desk
from tests.desk.stage import MONDAY, lay_shop

_HEADER = ("COMMENT_ID", "AUTHOR", "DATE", "CONTENT", "CLASS")
_ACCOUNT = """
[accounts.video{n}]
platform = "file"
comments = "video{n}.csv"
columns = {{ id = "COMMENT_ID", author = "AUTHOR", text = "CONTENT", written_at = "DATE" }}
text_format = "html"
"""
_TEXTS = (
    "Il pacco non è ancora arrivato &#39;mannaggia&#39;<br />quando arriva?",
    "<b>bellissimo</b>, lo adoro &lt;3",
    'Check out my channel, "subscribe", please http://a.example/?a=1&amp;b=2',
    "due righe\nin una cella",
    "x; y, z",
    "",
)


@dataclass(frozen=True)
class Export:
    """A workspace with five exports: how many rows, distinct ids and rows without a date they hold."""

    folder: Path
    rows: int
    distinct: int
    undated: int


def _cells(video: int, number: int) -> list[str]:
    date = "" if number % 8 == 0 else f"2015-05-{1 + number % 28:02}T2{number % 4}:15:{number % 60:02}.{number:06}"
    return [f"z{video}-{number:04}", f"Autore {number % 17}", date, _TEXTS[number % len(_TEXTS)], str(number % 2)]


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Export:
    monkeypatch.setenv("CARETOOL_NOW", MONDAY.isoformat())
    people = '[agents.dario]\nname = "Dario"\nrole = "manager"\n[owners.desk]\n[owners.logistics]\n'
    folder = lay_shop(tmp_path / "shop", "".join(_ACCOUNT.format(n=n) for n in range(5)) + people)
    rows = undated = 0
    for video in range(5):
        table = [_cells(video, number) for number in range(40 + video)]
        table += [[*_cells(video, 7)[:3], "tornato a scrivere: ancora niente", "1"]] if video < 3 else []
        undated += sum(1 for cells in table if not cells[2])
        rows += len(table)
        _write(folder / f"video{video}.csv", table)
    return Export(folder, rows, rows - 3, undated)


def _write(path: Path, table: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([_HEADER, *table])
    path.write_bytes(("\ufeff" + text.getvalue()).encode())


@pytest.fixture
def desk(export: Export) -> Iterator[Desk]:
    with workspace.open_desk(export.folder, "dario", print) as desk:
        yield desk


def _count(desk: Desk, where: str = "1") -> int:
    return int(desk.store._database.statement(f"SELECT count(*) FROM comment WHERE {where}")[0][0])


def test_all_distinct_ids_are_stored_and_the_repeated_ones_folded(export: Export, desk: Desk) -> None:
    results = fetching.fetch(desk, [])
    assert sum(result.new for result in results) == export.distinct == _count(desk)
    assert _count(desk, "dated = 0") == export.undated
    told = " ".join(remark for result in results for remark in result.remarks)
    assert told.count("1 row with an id that stood before") == 3
    assert told.count("without a date") == 5
    assert _count(desk, "text = 'tornato a scrivere: ancora niente'") == 3  # the last row with an id counts
    assert fetching.failure(results) == 0


def test_a_second_fetch_says_nothing_new(export: Export, desk: Desk) -> None:
    fetching.fetch(desk, [])
    again = fetching.fetch(desk, [])
    assert [(result.new, result.edited, result.skipped) for result in again] == [(0, 0, [])] * 5
    for video in range(5):  # not even where the file was downloaded anew, with a row more
        path = export.folder / f"video{video}.csv"
        path.write_bytes(path.read_bytes() + b"new,Autore 1,,nuovo,0\r\n")
    assert [(result.new, result.edited) for result in fetching.fetch(desk, [])] == [(1, 0)] * 5


def test_markup_is_gone_and_the_inbox_is_readable(desk: Desk) -> None:
    fetching.fetch(desk, [])
    texts = [row[0] for row in desk.store._database.statement("SELECT text FROM comment")]
    assert "bellissimo, lo adoro <3" in texts
    assert not any("<br" in text or "&#39;" in text or "\ufeff" in text for text in texts)
    found = listing.inbox(desk, listing.Wanted(), MONDAY, with_comments=True)
    assert found.waiting == _count(desk, "state = 'waiting'")
    assert sum(listed.group.size for listed in found.groups) == found.waiting
    assert len({listed.group.id for listed in found.groups}) == len(found.groups) < 50


def test_what_is_wrong_with_a_row_is_told_by_its_line_and_the_rest_is_stored(export: Export, desk: Desk) -> None:
    path = export.folder / "video0.csv"
    lines = path.read_bytes().split(b"\r\n")
    at = {name: 1 + next(n for n, line in enumerate(lines) if line.startswith(name)) for name in _BROKEN}
    for name, broken in _BROKEN.items():
        lines[at[name] - 1] = broken
    path.write_bytes(b"\r\n".join(lines))
    before = export.distinct
    results = {result.account: result for result in fetching.fetch(desk, [])}
    # A cell of two lines pushes what follows it down by one.
    pushed = {name: line + b"\r\n".join(lines[: line - 1]).count(b"due righe") for name, line in at.items()}
    told = {skipped.where: skipped.why for skipped in results["video0"].skipped}
    assert told == {
        f"line {pushed[b'z0-0001']}": "3 values for 5 columns",
        f"line {pushed[b'z0-0004']}": "no id (COMMENT_ID)",
        f"line {pushed[b'z0-0010']}": "written_at (DATE) is not a date as in 2014-07-22T15:27:50Z",
        f"line {pushed[b'z0-0013']}": "not UTF-8",
    }
    assert sum(result.new for result in results.values()) == before - 4


_BROKEN = {
    b"z0-0001": b"z0-0001,Autore 1,2015-05-02T21:15:01",
    b"z0-0004": b",Autore 4,2015-05-05T20:15:04,senza nome,0",
    b"z0-0010": b"z0-0010,Autore 10,yesterday evening,quando?,0",
    b"z0-0013": b"z0-0013,Autore 13,2015-05-14T21:15:13,caff\xe8,1",
}


def test_an_export_that_is_not_there_stops_no_other(export: Export, desk: Desk) -> None:
    (export.folder / "video3.csv").unlink()
    results = {result.account: result for result in fetching.fetch(desk, [])}
    assert "video3.csv is not there" in str(results["video3"].error)
    assert all(result.new for name, result in results.items() if name != "video3")
    assert fetching.failure(list(results.values())) == 6


def test_a_big_export_is_taken_page_by_page(tmp_path: Path, export: Export, desk: Desk) -> None:
    _write(export.folder / "video0.csv", [_cells(0, number) for number in range(1203)])
    assert fetching.fetch(desk, ["video0"])[0].new == 1203
    bookmark = json.loads(desk.store.arrivals.bookmark("video0") or "{}")
    assert bookmark["done"] == bookmark["of"] == 1203
