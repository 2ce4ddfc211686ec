from __future__ import annotations

import gzip
import json
import traceback
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis.strategies import builds, lists, recursive, sampled_from, text
from pydantic import ValidationError

from caretool.domain.comment import Author, Incoming
from caretool.errors import CaretoolError, PlatformFailed, TokenRefused
from caretool.platforms.feed.connector import FeedSettings
from caretool.platforms.feed.entries import MOST, unwrapped
from caretool.platforms.platform import Skipped
from caretool.secrets import Secret
from tests.platforms import contract
from tests.platforms.fake_feed import ALERT
from tests.platforms.feed_harness import FeedHarness


@pytest.fixture
def harness() -> FeedHarness:
    return FeedHarness()


class FeedContract(contract.ReadingContract, contract.ReadingNetworkContract, contract.SearchesContract):
    """What every connector keeps that only reads."""


class TestAtom(FeedContract):
    @pytest.fixture
    def harness(self) -> FeedHarness:
        return FeedHarness("atom")


class TestRss(FeedContract):
    @pytest.fixture
    def harness(self) -> FeedHarness:
        return FeedHarness("rss")


def fetched(harness: FeedHarness, bookmark: str | None = None, **keys: Any) -> tuple[list[Incoming], str | None]:
    """What a fetch brings, and the bookmark it leaves."""
    pages = list(harness.open(**keys).fetch(bookmark))
    return [one for page in pages for one in page.comments], pages[-1].bookmark if pages else bookmark


def read(body: str | bytes, content_type: str = "application/xml") -> list[Incoming]:
    """What is read of a document, oldest first."""
    harness = FeedHarness()
    harness.fake.body = body.encode() if isinstance(body, str) else body
    harness.fake.headers = {"Content-Type": content_type}
    return fetched(harness)[0]


def rss(inside: str, names: str = "") -> str:
    return f'<rss version="2.0" {names}><channel><title>Blog</title><link>https://shop.example/</link>{inside}</channel></rss>'


def atom(inside: str) -> str:
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title>{inside}</feed>'


# What did not change is not sent again, and not read again.


def test_what_did_not_change_is_asked_for_with_what_the_server_said_of_it(harness: FeedHarness) -> None:
    harness.fake.headers = {"Last-Modified": "Mon, 23 Nov 2026 11:00:00 GMT"}
    harness.receive([contract.comment(0)])
    _, bookmark = fetched(harness)
    assert fetched(harness, bookmark) == ([], bookmark)
    first, second = harness.fake.asked
    assert not {"if-none-match", "if-modified-since"} & set(first.headers)
    assert second.headers["if-none-match"].startswith('W/"')
    assert second.headers["if-modified-since"] == "Mon, 23 Nov 2026 11:00:00 GMT"
    assert second.headers["user-agent"].startswith("caretool")
    assert "rss" in second.headers["accept"]


def test_a_server_without_conditions_is_read_whole_and_brings_nothing_twice(harness: FeedHarness) -> None:
    harness.fake.conditional = False
    harness.receive([contract.comment(0)])
    _, bookmark = fetched(harness)
    assert fetched(harness, bookmark) == ([], bookmark)


def test_a_state_that_was_not_read_whole_is_asked_for_again(harness: FeedHarness) -> None:
    harness.receive([contract.comment(number) for number in range(150)])
    first, *_ = harness.open().fetch(None)
    assert len(fetched(harness, first.bookmark)[0]) == 50


def test_the_state_of_another_address_says_nothing(harness: FeedHarness) -> None:
    harness.receive([contract.comment(0)])
    _, bookmark = fetched(harness)
    fetched(harness, bookmark, url="https://shop.example/other")
    assert "if-none-match" not in harness.fake.asked[-1].headers


def test_a_header_that_could_not_be_sent_back_is_forgotten(harness: FeedHarness) -> None:
    harness.fake.conditional = False
    harness.fake.headers = {"Last-Modified": "x" * 500}
    harness.receive([contract.comment(0)])
    _, bookmark = fetched(harness)
    fetched(harness, bookmark)
    assert "if-modified-since" not in harness.fake.asked[-1].headers


def test_an_entry_that_reads_otherwise_comes_again_and_one_that_is_no_longer_listed_is_not_gone(
    harness: FeedHarness,
) -> None:
    harness.receive([contract.comment(0), contract.comment(1)])
    _, bookmark = fetched(harness)
    harness.fake.entries = [replace(contract.comment(1), text="All is well again.")]
    pages = list(harness.open().fetch(bookmark))
    assert [(one.native_id, one.text) for page in pages for one in page.comments] == [("c1", "All is well again.")]
    assert [page.deleted for page in pages if page.deleted] == []
    harness.fake.entries = [contract.comment(0), *harness.fake.entries]
    assert fetched(harness, pages[-1].bookmark)[0] == []


def test_what_is_remembered_is_bounded(harness: FeedHarness) -> None:
    bookmark: str | None = None
    for start in range(0, 3000, 300):
        harness.fake.entries = [contract.comment(number) for number in range(start, start + 300)]
        new, bookmark = fetched(harness, bookmark)
        assert len(new) == 300
    assert len(json.loads(bookmark or "")["seen"]) == 300 + 500


def test_of_a_feed_without_an_end_the_newest_are_read_and_it_is_told(harness: FeedHarness) -> None:
    harness.receive([contract.comment(number) for number in range(MOST + 3)])
    first, *others = list(harness.open().fetch(None))
    assert sum(len(page.comments) for page in (first, *others)) == MOST
    assert first.comments[0].native_id == "c3"
    assert first.remarks == ("The 3 oldest entries of the feed were left out: it lists too many.",)
    assert [page.remarks for page in others if page.remarks] == []


# A watch.


def test_a_fetch_and_all_its_searches_are_one_request(harness: FeedHarness) -> None:
    harness.receive([contract.comment(0)])
    platform = harness.open()
    list(platform.fetch(None))
    for _ in range(3):
        assert contract.ids(list(platform.search(contract.WATCH, None))) == ["c0"]
    assert harness.requests() == 1


def test_a_new_watch_reads_what_a_fetch_did_not_have_to(harness: FeedHarness) -> None:
    harness.receive([contract.comment(0)])
    _, bookmark = fetched(harness)
    platform = harness.open()
    assert list(platform.fetch(bookmark)) == []
    pages = list(platform.search(contract.WATCH, None))
    assert contract.ids(pages) == ["c0"]
    assert list(platform.search(contract.WATCH, pages[-1].bookmark)) == []
    assert harness.requests() == 3


def test_what_is_fetched_later_is_asked_for_anew(harness: FeedHarness) -> None:
    harness.receive([contract.comment(0)])
    platform = harness.open()
    pages = list(platform.fetch(None))
    harness.receive([contract.comment(1)])
    assert contract.ids(list(platform.fetch(pages[-1].bookmark))) == ["c1"]
    harness.receive([contract.comment(2)])
    harness.now += timedelta(minutes=2)
    assert set(contract.ids(list(platform.search(contract.WATCH, None)))) == {"c0", "c1", "c2"}


def test_only_what_is_watched_for_comes_in_where_the_settings_say_so(harness: FeedHarness) -> None:
    harness.receive([contract.comment(0), replace(contract.comment(1), text="What a sunny day.")])
    platform = harness.open(everything=False)
    assert list(platform.fetch(None)) == []
    assert harness.requests() == 0
    assert contract.ids(list(platform.search(contract.WATCH, None))) == ["c0"]


def test_a_word_is_found_in_what_the_comment_leaves_out() -> None:
    harness = FeedHarness()
    harness.fake.body = rss(f"<item><guid>1</guid><description>{'la la ' * 5000} parcel</description></item>").encode()
    (one,) = contract.comments_of(list(harness.open().search(contract.WATCH, None)))
    assert len(one.text) == 10_001
    assert one.text.endswith("…")


# Google's alerts.


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        (
            "https://www.google.com/url?rct=j&sa=t&url=https://a.example/b%3Fc%3Dd%26e&ct=ga",
            "https://a.example/b?c=d&e",
        ),
        ("https://www.google.com/url?url=https://a.example/caff%25C3%25A8", "https://a.example/caff%C3%A8"),
        ("https://www.google.co.uk/url?q=https://a.example/&sa=U", "https://a.example/"),
        ("https://google.it/url?url=http://a.example/", "http://a.example/"),
        ("https://shop.example/url?url=https://a.example/", None),
        ("https://www.google.com.evil.example/url?url=https://a.example/", None),
        ("https://evilgoogle.com/url?url=https://a.example/", None),
        ("https://www.google.com/search?url=https://a.example/", None),
        ("https://www.google.com/url?url=javascript:alert(1)", None),
        ("https://www.google.com/url?" + "&".join("a" * 99), None),
        ("https://[/url?url=https://a.example/", None),
    ],
)
def test_googles_addresses_are_unwrapped_once_and_nobody_elses(url: str, inside: str | None) -> None:
    assert unwrapped(url) == (inside or url)


def test_an_alert_is_read_with_the_site_it_leads_to_as_its_author() -> None:
    harness = FeedHarness("alert")
    harness.receive([replace(contract.comment(0), url="https://www.news.example/a?b=c&d=è")])
    (one,), _ = fetched(harness)
    assert (one.native_id, one.form, one.text) == ("c0", "entry", "Where is my parcel, number 0?")
    assert (one.author, one.url) == (Author("news.example"), "https://www.news.example/a?b=c&d=è")


def test_what_google_tells_twice_comes_once_also_the_next_day(harness: FeedHarness) -> None:
    harness = FeedHarness("alert")
    harness.receive([replace(contract.comment(number), url="https://news.example/a") for number in (0, 1)])
    new, bookmark = fetched(harness)
    assert [one.native_id for one in new] == ["c0"]
    harness.fake.entries = [replace(contract.comment(2), url="https://news.example/a"), *harness.fake.entries[:1]]
    new, bookmark = fetched(harness, bookmark)
    assert new == []
    harness.receive([replace(contract.comment(3), url="https://news.example/b")])
    assert [one.native_id for one in fetched(harness, bookmark)[0]] == ["c3"]


def test_incidents_that_share_a_page_are_not_taken_for_one() -> None:
    items = "".join(
        f"<item><guid>{n}</guid><link>https://shop.example/log</link><title>v{n}</title></item>" for n in "12"
    )
    assert {one.native_id for one in read(rss(items))} == {"1", "2"}


# What an entry is.


def test_the_id_is_what_the_feed_says_or_the_address_or_made_of_the_words() -> None:
    items = (
        "<item><guid>g</guid><link>https://shop.example/1</link></item>"
        "<item><link>https://shop.example/2</link><title>b</title></item>"
        "<item><title>c</title></item><item/>"
    )
    found = {one.native_id: one.text for one in read(rss(items))}
    assert found["g"] == "https://shop.example/1"
    assert found["https://shop.example/2"] == "b"
    (made,) = (native_id for native_id, text in found.items() if text == "c")
    assert made.startswith("digest:")
    assert len(found) == 3
    long = "x" * 5000
    one, other = read(
        atom(f"<entry><id>{long}1</id><title>a</title></entry><entry><id>{long}2</id><title>b</title></entry>")
    )
    assert one.native_id != other.native_id
    assert len(one.native_id) < 600


def test_an_entry_that_says_nothing_is_told() -> None:
    harness = FeedHarness()
    harness.fake.body = rss("<item/><item><title>a</title></item>").encode()
    (page,) = harness.open().fetch(None)
    assert page.skipped == (Skipped("the feed", "1 of its entries say nothing"),)


@pytest.mark.parametrize(
    ("said", "hour"),
    [
        ("<pubDate>Mon, 23 Nov 2026 12:00:00 GMT</pubDate>", 12),
        ("<pubDate>Mon, 23 Nov 2026 12:00:00 +0100</pubDate>", 11),
        ("<pubDate>Mon, 23 Nov 26 12:00:00 EST</pubDate>", 17),
        ("<pubDate>2026-11-23T12:00:00Z</pubDate>", 12),
        ("<pubDate>2026-11-23 12:00:00</pubDate>", 11),
        ("<pubDate>Lun, 23 nov</pubDate><updated>2026-11-23T12:00:00+02:00</updated>", 10),
        ("<updated>2026-11-23T09:00:00Z</updated><published>2026-11-23T08:00:00Z</published>", 8),
        ("<pubDate>0001-01-01T00:00:00+10:00</pubDate>", None),
        ("<pubDate>yesterday</pubDate>", None),
        ("", None),
    ],
)
def test_dates_are_read_as_either_kind_writes_them(said: str, hour: int | None) -> None:
    (one,) = read(rss(f"<item><title>a</title>{said}</item>"))
    assert (one.written_at and one.written_at.astimezone(UTC).hour) == hour


def test_rss_is_html_and_atom_says_what_it_is() -> None:
    (one,) = read(
        rss(
            "<item><title>AT&amp;amp;T &lt;b&gt;down&lt;/b&gt;</title><description>short</description>"
            "<content:encoded><![CDATA[<p>uno &egrave;</p><script>x</script><p>due</p>]]></content:encoded></item>",
            'xmlns:content="http://purl.org/rss/1.0/modules/content/"',
        )
    )
    assert one.text == "AT&T down\n\nuno è\n\ndue"
    xhtml = (
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>uno<br/>1 &lt; <b>2</b></p></div></content>'
    )
    for content, shown in (
        (xhtml, "uno\n1 < 2"),
        ('<content type="html">&lt;p&gt;uno&lt;/p&gt;</content>', "uno"),
        ("<content>1 &lt;b&gt; 2</content>", "1 <b> 2"),
        ('<content type="image/png">iVBORw0KGgo=</content><summary>uno</summary>', "uno"),
    ):
        (one,) = read(atom(f"<entry><id>1</id>{content}</entry>"))
        assert one.text == shown


def test_a_title_that_the_text_repeats_stands_there_once() -> None:
    (one,) = read(rss("<item><title>Outage</title><description>Outage since nine.</description></item>"))
    assert one.text == "Outage since nine."


@pytest.mark.parametrize(
    ("said", "author"),
    [
        ("<dc:creator>Anna Rossi</dc:creator>", Author("Anna Rossi", "Anna Rossi")),
        ("<author>anna@posta.example (Anna Rossi)</author>", Author("Anna Rossi", "Anna Rossi")),
        ("<author>anna@posta.example</author>", Author("blog.example")),
        ("<author><name>Anna</name><email>anna@posta.example</email></author>", Author("Anna", "Anna")),
        ("<author><name> </name></author>", Author("blog.example")),
    ],
)
def test_an_author_is_a_name_and_never_a_mail_address(said: str, author: Author) -> None:
    names = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    (one,) = read(rss(f"<item><title>a</title><link>https://www.blog.example/1</link>{said}</item>", names))
    assert one.author == author


def test_what_stands_on_our_own_site_is_ours(harness: FeedHarness) -> None:
    items = "<item><guid>1</guid><link>https://www.bottegablu/1</link></item><item><guid>2</guid><link>https://b.example/</link></item>"
    assert {one.native_id: one.own for one in read(rss(items))} == {"1": True, "2": False}


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "file:///etc/passwd", "http://[", "https://a.example/" + "x" * 3000]
)
def test_nobody_is_sent_to_what_is_no_web_address(link: str) -> None:
    for one in read(rss(f"<item><title>a</title><link>{link}</link><enclosure url='{link}'/></item>")):
        assert (one.url, one.attachments) == (None, ())


def test_addresses_are_completed_by_the_sites_and_never_by_the_feeds_own() -> None:
    (one,) = read(rss("<item><title>a</title><link>/news/1</link><enclosure url='https://shop.example/a.mp3'/></item>"))
    assert (one.url, one.attachments) == ("https://shop.example/news/1", ("https://shop.example/a.mp3",))
    (one,) = read(atom("<entry><id>1</id><link href='news/1'/></entry>"))
    assert one.url == "https://shop.example/news/1"
    (one,) = read(
        atom("<entry xml:base='https://b.example/c/'><id>1</id><link rel='self' href='x'/><link href='1'/></entry>")
    )
    assert one.url == "https://b.example/c/1"


def test_a_language_is_the_entrys_or_the_feeds_if_it_is_one() -> None:
    items = "<language>it-IT</language><item><guid>1</guid><title>a</title></item>"
    assert [one.language for one in read(rss(items))] == ["it-IT"]
    assert [one.language for one in read(rss(items.replace("it-IT", "Bottega Blu")))] == [None]


def test_rss_of_1999_and_rdf_are_read_too() -> None:
    old = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/x.dtd">'
    (one,) = read(old + rss("<item><title>caff&egrave;</title></item>").replace("2.0", "0.91"))
    assert one.text == "caffè"
    (one,) = read(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://shop.example/"><title>Blog</title></channel>'
        '<item rdf:about="https://shop.example/1"><title>a</title><dc:date>2026-11-23T12:00:00Z</dc:date></item></rdf:RDF>'
    )
    assert (one.native_id, one.text, one.written_at) == ("https://shop.example/1", "a", contract.NOON)


# Bytes.


QUOTED = rss("<item><title>“è”</title></item>")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (f'<?xml version="1.0" encoding="latin1"?>{QUOTED}'.encode("cp1252"), ""),
        (QUOTED.encode(), "text/xml; charset=ISO-8859-1"),
        (QUOTED.encode("cp1252"), "text/xml; charset=windows-1252"),
        (QUOTED.encode("cp1252"), ""),
        (QUOTED.encode("utf-16"), ""),
        (QUOTED.encode("utf-16-le"), ""),
        (QUOTED.encode("utf-8-sig"), ""),
        (f'<?xml version="1.0" encoding="utf-16"?>{QUOTED}'.encode(), ""),
        (f'<?xml version="1.0" encoding="punycode"?>{QUOTED}'.encode(), ""),
        (f"\n <?xml version='1.0'?>{QUOTED}".encode(), ""),
    ],
)  # fmt: skip
def test_bytes_are_read_as_the_document_says_or_as_they_can_only_be_meant(body: bytes, content_type: str) -> None:
    assert [one.text for one in read(body, content_type)] == ["“è”"]


def test_a_byte_that_cannot_be_is_replaced_alone() -> None:
    body = b'<?xml version="1.0" encoding="utf-8"?>' + rss("<item><title>caff\xe8 XX</title></item>").encode()
    assert [one.text for one in read(body.replace(b"XX", b"\xff"))] == ["caffè \ufffd"]


def test_what_programs_write_wrongly_is_read_as_it_is_meant() -> None:
    said = "<title>A & B&nbsp;&copy; &bogus; \x08</title><description><![CDATA[1 & 2 &lt; 3]]></description>"
    (one,) = read(rss(f"<item>{said}<dc:creator>Anna</dc:creator></item>"))
    assert one.text == "A & B © &bogus;\n\n1 & 2 < 3"
    assert one.author.name == "Anna"


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (f'<!DOCTYPE x [<!ENTITY l0 "lol">{LAUGHS}]>' + rss("<item><title>&l9;</title></item>"), "declares entities"),
        ('<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + rss("<item><title>&f;</title></item>"), "declares"),
        ('<!DOCTYPE x [<!ENTITY % f SYSTEM "file:///etc/passwd"> %f;]>' + rss(""), "declares entities"),
        (rss("<a>" * 200 + "</a>" * 200), "nested deeper"),
        (rss("<a>" * 100_000), "nested deeper"),
        (rss("<a/>" * 300_000), "holds more"),
        (rss("<item>")[:-20], "a broken one"),
        (rss("<![CDATA[" * 50_000), "a broken one"),
        ("<!doctype html><html><title>Log in</title></html>", "answered with a web page"),
        ("<html><body>Log in</body></html>", "answered with a web page"),
        ('<opml version="2.0"><body/></opml>', "neither RSS nor Atom"),
        ('{"version": "https://jsonfeed.org/version/1.1"}', "answered with no feed"),
        ("", "answered with no feed"),
    ],
)
def test_what_is_no_feed_or_a_trap_is_told_in_one_line(body: str, told: str) -> None:
    for encoding in ("utf-8", "utf-16"):
        with pytest.raises(PlatformFailed) as failure:
            read(body.encode(encoding))
        assert str(failure.value).startswith("news: shop.example answered with ")
        assert told in str(failure.value)
        assert str(failure.value).endswith(": correct url")


def test_nothing_outside_the_feed_is_asked_for(harness: FeedHarness) -> None:
    harness.fake.body = (
        '<!DOCTYPE rss SYSTEM "https://shop.example/x.dtd">' + rss("<item><title>a</title></item>")
    ).encode()
    assert len(fetched(harness)[0]) == 1
    assert harness.requests() == 1


def test_a_bomb_is_stopped_while_it_is_unpacked(harness: FeedHarness) -> None:
    packed = gzip.compress(b" " * 50_000_000)
    harness.fake.answers = lambda request: httpx.Response(
        200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(packed)
    )
    with pytest.raises(PlatformFailed, match="more than 20 MB"):
        fetched(harness)


@given(recursive(text(max_size=20), lambda inside: builds(
    lambda name, parts: f"<{name}>{''.join(parts)}</{name}>",
    sampled_from(["item", "entry", "title", "link", "guid", "id", "author", "content", "pubDate", "channel", "b"]),
    lists(inside, max_size=4),
), max_leaves=20))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_whatever_a_feed_holds_is_a_comment_or_is_told(inside: str) -> None:
    for body in (rss(inside), atom(inside)):
        try:
            found = read(body.encode("utf-8", "replace"))
        except PlatformFailed:
            found = []
        assert all(one.native_id and one.text for one in found)


# An address that is a secret.

SECRET = f"https://www.google.com{ALERT}?token=s3cret"


@pytest.fixture
def alert(monkeypatch: pytest.MonkeyPatch) -> FeedHarness:
    monkeypatch.setenv("ALERT", SECRET)
    return FeedHarness("alert")


def test_a_secret_address_is_kept_elsewhere_and_left_in_nothing(alert: FeedHarness) -> None:
    alert.receive([contract.comment(0)])
    platform = alert.open(url=Secret(env="ALERT"))
    pages = list(platform.fetch(None))
    assert str(alert.fake.asked[0].url) == SECRET
    left = f"{pages} {platform.check()} {platform!r}"
    for part in ("s3cret", "16238552362102351050", "9754827799645039711"):
        assert part not in left


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 500, 503, 302])
def test_no_error_tells_a_secret_address(alert: FeedHarness, status: int) -> None:
    elsewhere = {"Location": f"https://elsewhere.example{ALERT}"} if status == 302 else {}
    alert.fake.answers = lambda request: httpx.Response(status, text=f"{request.url} is wrong", headers=elsewhere)
    with pytest.raises(CaretoolError) as failure:
        list(alert.open(url=Secret(env="ALERT")).fetch(None))
    told = "".join(traceback.format_exception(failure.value)).replace("tests/", "")
    for part in ("s3cret", "16238552362102351050", "9754827799645039711"):
        assert part not in told, told
    assert "www.google.com" in str(failure.value)


@pytest.mark.parametrize(
    "kept", ["", "s3cret", "ftp://shop.example/s3cret", "https://u:s3cret@shop.example/", "https://x/s3cret y"]
)
def test_a_secret_that_is_no_address_is_not_repeated(
    alert: FeedHarness, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    monkeypatch.setenv("ALERT", kept)
    with pytest.raises(TokenRefused) as failure:
        list(alert.open(url=Secret(env="ALERT")).fetch(None))
    assert str(failure.value).startswith("accounts.news.url: ")
    assert "s3cret" not in "".join(traceback.format_exception(failure.value))


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"https://www.google.com{ALERT}", "is a secret"),
        (f"https://google.it{ALERT}", "is a secret"),
        ("https://anna:s3cret@shop.example/feed", "holds a password"),
        ("shop.example/feed", "must be the address of a feed"),
        ("file:///etc/passwd", "must be the address of a feed"),
        ("https://shop.example/a b", "must be the address of a feed"),
        ("https://[/", "must be the address of a feed"),
        ("", "must be the address of a feed"),
    ],
)
def test_an_address_that_will_not_do_is_refused_when_it_is_loaded(url: str, told: str) -> None:
    with pytest.raises(ValidationError) as failure:
        FeedSettings(url=url)
    assert told in failure.value.errors()[0]["msg"]


def test_a_feed_that_moved_to_another_host_is_not_followed_there(harness: FeedHarness) -> None:
    harness.fake.answers = lambda request: httpx.Response(301, headers={"Location": "https://elsewhere.example/feed"})
    with pytest.raises(PlatformFailed, match=r"sends us on to elsewhere\.example: .* correct url"):
        fetched(harness)
    assert harness.requests() == 1


def test_a_feed_that_moved_on_its_host_is_read_there(harness: FeedHarness) -> None:
    moved = httpx.Response(301, headers={"Location": "/rss"})
    harness.fake.answers = lambda request: moved if request.url.path == "/feed" else None
    harness.receive([contract.comment(0)])
    assert len(fetched(harness)[0]) == 1


def test_asked_on_purpose_it_says_what_it_is(harness: FeedHarness) -> None:
    harness.receive([contract.comment(0)])
    checked = harness.open(everything=False).check()
    assert checked.remarks == (
        "“Blog” (Atom): 1 entry, the newest of 2026-11-23 13:00.",
        "everything = false: only what a [[watch]] of the policy finds comes in.",
    )
