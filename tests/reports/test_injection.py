"""Whatever strangers, agents and settings say: a report keeps its shape, and none of it acts."""

from __future__ import annotations

import csv as reader
import io
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar
from selectolax.lexbor import LexborHTMLParser

from caretool.domain.harmless import block, one_line, short_name
from caretool.reports import csv, ics, sheet
from caretool.reports.addresses import web_address
from caretool.reports.html import html
from caretool.reports.letter import letter
from caretool.reports.sheet import WHERE, Section, Sheet
from tests.reports.promises import HOSTILE, NOW, ROME, a_promise, a_report, by_owner

ENDS = ("\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\r\n ", "\n\t")
_PIECE = st.sampled_from(
    [*ENDS, *HOSTILE, ";", ",", ":", '"', "'", "\\", "\\n", "\\N", "^n", "END:VCALENDAR", "ATTACH:https://evil.example",
     "</title>", "<svg/onload=alert(1)>", "-->", "&lt;", "è" * 80, "x" * 200, "👨‍👩‍👧‍👦", "\u202e", "\x00", "\ud800"]
)  # fmt: skip
WORDS = st.lists(_PIECE | st.text(max_size=20), max_size=6).map("".join)
URLS = st.sampled_from(
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>", "vbscript:x", " https://a/",
     "https://a/\u2028", "//evil.example", "\\\\evil", "https://a/#\" onmouseover=\"x", "https://bank.example@evil.example/",
     "https://a/?q=%22%3E", "https://social.example/@anna/1", "file:///etc/passwd", "http:evil", "https:///x"]
) | WORDS  # fmt: skip


def promise(name: str, text: str, url: str | None) -> Any:
    return a_promise(person_name=name, text=text, url=url)


@settings(max_examples=150)
@given(WORDS, WORDS, URLS, WORDS, WORDS)
def test_a_document_has_the_tags_attributes_and_addresses_that_we_put_there(
    name: str, text: str, url: str, title: str, note: str
) -> None:
    def shape(said: str, where: str, heading: str, last: str) -> list[tuple[str, tuple[str, ...]]]:
        columns = ("for", "said", WHERE)
        table = Section(heading, 1, columns, ((said, said, web_address(where) or ""),))
        tree = LexborHTMLParser(html(Sheet(heading, (table,), said), last))
        assert tree.root is not None
        return [(node.tag or "", tuple(sorted(node.attributes))) for node in tree.root.traverse()]

    ours = "https://social.example/" if web_address(url) else ""
    assert shape(name + text, url, title, note) == shape("x", ours, "x", "x" if note else "")


@settings(max_examples=150)
@given(URLS)
def test_an_address_that_is_shown_leads_to_the_web_and_nowhere_else(url: str) -> None:
    tree = LexborHTMLParser(html(sheet.of_today(by_owner(logistics=a_report(promise("Anna", "x", url))), ROME)))
    for node in tree.css("a"):
        address = node.attributes["href"] or ""
        assert address == url
        assert re.match(r"https?://[A-Za-z0-9\[]", address)
        assert not set(address) & set("\"'<>`\\ \r\n\t")
        assert "@" not in re.split(r"[/?#]", address)[2]


def test_a_document_allows_itself_nothing_but_style_in_its_tags() -> None:
    tree = LexborHTMLParser(html(sheet.of_overdue(a_report(a_promise()), ROME)))
    [security] = [node for node in tree.css("meta") if "http-equiv" in node.attributes]
    rules = dict(rule.strip().split(" ", 1) for rule in (security.attributes["content"] or "").split(";"))
    assert rules == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    styles = {node.attributes["style"] or "" for node in tree.css("[style]")}
    assert styles
    assert not any("url(" in style or "expression" in style or "@import" in style for style in styles)
    assert not any(name.startswith("on") for node in tree.css("*") for name in node.attributes)


def _lines(written: bytes) -> list[str]:
    """Content lines as RFC 5545 unfolds them."""
    return re.sub(r"\r\n[ \t]", "", written.decode()).split("\r\n")


@settings(max_examples=150)
@given(WORDS, WORDS, URLS, WORDS)
def test_a_calendar_has_the_lines_that_we_put_there(name: str, text: str, url: str, company: str) -> None:
    def properties(written: bytes) -> list[str]:
        return [re.split(r"[;:]", line, maxsplit=1)[0] for line in _lines(written)]

    ours = "https://social.example/" if web_address(url) else None
    written = ics.calendar([promise(name, text, url)], company, NOW, ROME)
    assert properties(written) == properties(ics.calendar([promise("x", "x", ours)], "x", NOW, ROME))
    assert not any(end in written.decode().replace("\r\n", "") for end in ENDS)
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    [event] = Calendar.from_ical(written).events
    assert str(event["SUMMARY"]) == f"pickup for {short_name(name)}".replace("\\N", "\n")
    said = [part for part in (block(text), "logistics: p1", web_address(url)) if part]
    # The library takes a written "\\N" for the end of a line, too.
    assert str(event["DESCRIPTION"]) == "\n".join(said).replace("\\N", "\n")


@settings(max_examples=150)
@given(WORDS, WORDS, URLS, WORDS)
def test_a_letter_keeps_its_lines_and_its_subject_is_one(name: str, text: str, url: str, company: str) -> None:
    def written(said: str, words: str, where: str | None, shop: str) -> tuple[int, int]:
        told = letter("logistics", shop, a_report(promise(said, words, where)), a_report(), ROME)
        assert told.subject.isprintable() or not told.subject.isascii()
        assert not any(end in told.subject for end in ENDS)
        assert not set(told.short) & set("@<>*_`~|")
        assert "://" not in told.short
        return len(told.text.splitlines()), len(told.short.splitlines())

    filled = "x" if one_line(text) else ""
    assert written(name, text, url, company) == written("x", filled, None, "x")


@settings(max_examples=150)
@given(WORDS, WORDS)
@example('Anna;=HYPERLINK("https://evil.example")', "-1;-1+1|cmd")
@example('Anna ;"+1', "x; '@SUM(A1)")
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_spreadsheet_finds_no_formula_however_it_takes_the_lines_apart(separator: str, name: str, text: str) -> None:
    """Where a comma is a decimal sign a spreadsheet takes a line apart at semicolons."""
    written = csv.of_overdue(a_report(promise(name, text, None)))
    assert len(written.split("\r\n")) == 3
    for row in reader.reader(io.StringIO(written, newline=""), delimiter=separator):
        for cell in row:
            assert not re.match(r"[ \"]*([=+@＝＋＠]|[-－][\w(])", cell), row
