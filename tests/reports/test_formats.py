"""Every way in which a report is written, and what strangers wrote in it."""

from __future__ import annotations

import csv as reader
import io
import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from selectolax.lexbor import LexborHTMLParser

from caretool.domain.harmless import one_line, short_name
from caretool.reports import csv, ics, sheet
from caretool.reports.addresses import web_address
from caretool.reports.html import html
from caretool.reports.letter import letter
from caretool.reports.markdown import markdown
from tests.reports.promises import HOSTILE, NOW, ROME, a_promise, a_report, by_owner

URL = "https://social.example/@anna/1"
_TEXT = st.text(max_size=60) | st.sampled_from(HOSTILE)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_document_holds_only_the_tags_that_we_put_there(text: str) -> None:
    def tags(words: str) -> list[str]:
        bad = a_promise(person_name=words, text=words, kind="pickup", url=URL)
        document = LexborHTMLParser(html(sheet.of_today(by_owner(logistics=a_report(bad)), ROME)))
        return [node.tag for node in document.root.traverse()] if document.root else []

    assert tags(text) == tags("x")


def test_a_document_fetches_nothing_and_says_that_it_may_not() -> None:
    document = html(sheet.of_overdue(a_report(a_promise(url=URL)), ROME))
    assert "default-src 'none'" in document.replace("&#39;", "'")
    tree = LexborHTMLParser(document)
    assert tree.css("script, link, img, iframe, object, form, style") == []
    assert not any(name in node.attributes for node in tree.css("*") for name in ("src", "srcset", "background"))


def test_a_document_leads_to_where_it_was_said() -> None:
    known, none = a_promise("p1", url=URL), a_promise("p2", url="javascript:alert(1)")
    tree = LexborHTMLParser(html(sheet.of_today(by_owner(logistics=a_report(known, none)), ROME)))
    assert [node.attributes["href"] for node in tree.css("a")] == [URL]


@pytest.mark.parametrize(
    "url",
    [None, "", "javascript:alert(1)", "https://", "https://a b", "https://a/\"onclick=x", "https://a/>", "ftp://a/",
     "https://a/\r\nX:y", "https://a/'x", "https://a/`x", "https://a/|x", "https://a/" + "x" * 3000],
)  # fmt: skip
def test_what_could_end_an_address_early_makes_it_none(url: str | None) -> None:
    assert web_address(url) is None


@given(_TEXT, _TEXT)
def test_a_csv_is_read_back_as_it_was_and_holds_no_formula(name: str, text: str) -> None:
    written = csv.of_overdue(a_report(a_promise(person_name=name, text=text)))
    assert written.endswith("\r\n")
    heading, row = list(reader.reader(io.StringIO(written, newline="")))
    assert tuple(heading) == csv.COLUMNS
    assert all(not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝")) for cell in row)
    assert row[4].replace("'", "") == one_line(name).replace("'", "")
    assert (row[0], row[1], row[2], row[5]) == ("overdue", "logistics", "p1", "2026-11-23T09:12:00Z")


def test_a_csv_by_owner_names_the_stage_of_each() -> None:
    report = by_owner(
        desk=a_report(a_promise("p1", owner="desk"), due_next=(a_promise("p2", owner="desk"),)),
        logistics=a_report(at_risk=(a_promise("p3"),)),
    )
    rows = [line.split(",")[:3] for line in csv.of_today(report).splitlines()[1:]]
    assert rows == [["overdue", "desk", "p1"], ["due-next", "desk", "p2"], ["at-risk", "logistics", "p3"]]


@given(_TEXT, _TEXT)
def test_no_text_of_a_stranger_adds_a_line_to_a_calendar(name: str, text: str) -> None:
    written = ics.calendar([a_promise(person_name=name, text=text, url=URL)], "Bottega Blu", NOW, ROME)
    unfolded = written.decode().replace("\r\n ", "").replace("\r\n\t", "")
    assert unfolded.count("BEGIN:VEVENT\r\n") == unfolded.count("END:VEVENT\r\n") == 1
    assert not re.search(r"(?<!\r)\n|\r(?!\n)", unfolded)
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    [event] = Calendar.from_ical(written).events
    assert str(event["SUMMARY"]) == f"pickup for {short_name(name)}"


def test_an_event_is_what_a_phone_needs() -> None:
    review = NOW + timedelta(minutes=20)
    promise = a_promise(url=URL, review_at=review)
    [event] = Calendar.from_ical(ics.calendar([promise], "Bottega Blu", NOW, ROME)).events
    assert str(event["UID"]) == "p1@promise.caretool"
    assert (event.start, event["SEQUENCE"], str(event["URL"])) == (promise.due_at, 1, URL)
    assert event.DTSTAMP == event.LAST_MODIFIED == promise.made_at
    [alarm] = event.alarms.times
    assert alarm.trigger == review


def test_what_changes_in_an_event_is_told_by_its_time() -> None:
    promise = a_promise(review_at=NOW + timedelta(minutes=20))
    for later, changed in ((30, promise.review_at), (90, promise.due_at)):
        moment = NOW + timedelta(minutes=later)
        [event] = Calendar.from_ical(ics.calendar([promise], "x", moment, ROME)).events
        assert changed == event.LAST_MODIFIED
    [event] = Calendar.from_ical(ics.calendar([a_promise(overdue=True, state="logged")], "x", NOW, ROME)).events
    assert (str(event["SUMMARY"]), event["SEQUENCE"]) == ("OVERDUE: pickup for Anna Neri", 0)


def test_a_calendar_without_a_promise_is_still_one() -> None:
    feed = Calendar.from_ical(ics.calendar([], "Bottega Blu\r\nX-EVIL:1", NOW, ROME))
    assert feed.events == []
    assert [str(zone["TZID"]) for zone in feed.timezones] == ["Europe/Rome"]
    assert (str(feed["VERSION"]), str(feed["X-WR-CALNAME"])) == ("2.0", "Bottega Blu X-EVIL:1")
    assert "X-EVIL" not in feed


def test_a_feed_is_the_same_whenever_nothing_changed() -> None:
    first, second = (ics.calendar([a_promise()], "Bottega Blu", NOW, ROME) for _ in range(2))
    assert first == second
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in first
    assert b"X-PUBLISHED-TTL:PT1H\r\n" in first


def test_markdown_names_each_owner_and_links_where_it_was_said() -> None:
    text = markdown(sheet.of_today(by_owner(desk_a=a_report(a_promise(url=URL, text="| x"))), ROME))
    assert "## desk\\_a\n" in text
    assert "### Overdue (1)\n" in text
    assert f"| \\| x | <{URL}> |" in text


def test_with_nothing_to_say_each_format_says_so() -> None:
    nothing = sheet.of_today(by_owner(), ROME)
    for written in (markdown(nothing), html(nothing)):
        assert "Nobody has anything overdue, at risk or due within 24 h." in written
    assert csv.of_today(by_owner()).splitlines() == [",".join(csv.COLUMNS)]


def test_a_letter_says_the_numbers_and_no_more_than_is_new() -> None:
    news, known = a_report(a_promise("p1"), at_risk=(a_promise("p2"),)), a_report(a_promise("p3"))
    said = letter("logistics", "Bottega Blu", news, known, ROME)
    assert said.subject == "Bottega Blu: 1 overdue, 1 at risk (logistics)"
    for part in (said.text, said.html):
        assert "p1" in part
        assert "p2" in part
        assert "p3" not in part
        assert "Told before and still open: 1 overdue." in part


def test_a_chat_is_told_nothing_that_calls_somebody_or_is_markup() -> None:
    said = letter(
        "x", "B", a_report(a_promise(person_name="@everyone <!channel> *b* https://e.example")), a_report(), ROME
    )
    assert not set(said.short) & set("@<>*_`~|")
    assert "://" not in said.short
