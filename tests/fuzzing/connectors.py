"""Fuzzed: what the connectors read: exports, the replies that a person may have edited, a server's answers."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import stamina

from caretool.domain.policy import Account
from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed
from caretool.http import Answer, retry_after
from caretool.platforms import html
from caretool.platforms.file import connector as file_platform
from caretool.platforms.mastodon import wire
from caretool.platforms.mastodon.fetch import Bookmark
from caretool.platforms.mastodon.length import Counted, CountedAtMost
from caretool.platforms.platform import Offence, Opening, Outgoing, Posted
from tests.fuzzing import servers
from tests.fuzzing.oracles import Group, aware, calm, hold, same, steady, writable
from tests.fuzzing.pages import sound
from tests.fuzzing.servers import answers, written
from tests.platforms.fake_mastodon import TOKEN, FakeMastodon, Software
from tests.platforms.mastodon_harness import VARIABLE, Now, connect

_NOW = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)
_ROME = ZoneInfo("Europe/Rome")
_MOST_REQUESTS = 80
_COLUMNS = {"id": "COMMENT_ID", "author": "AUTHOR", "text": "CONTENT", "written_at": "DATE"}


@lru_cache(maxsize=1)
def _folder() -> Path:
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="caretool-fuzz-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _files(name: str, **keys: Any) -> file_platform.FilePlatform:
    settings = file_platform.FileSettings(comments=Path(name), **keys)
    return file_platform.open_account(Account("page", "file", settings), Opening(_folder(), _ROME, lambda: _NOW))


def _export(name: str, keys: dict[str, Any], data: bytes) -> None:
    """An export: every row a comment or a reason; handed over once."""
    (_folder() / name).write_bytes(data)
    platform = _files(name, **keys)
    try:
        pages = list(platform.fetch(None))
    except CaretoolError as problem:
        calm(str(problem))
        return
    rows = data.count(b"\n") + data.count(b"\r") + 1
    found = [comment for page in pages for comment in page.comments]
    hold(len({comment.native_id for comment in found}) == len(found), "one id twice")
    hold(len(found) + sum(len(page.skipped) for page in pages) <= rows, "more rows than lines", len(found), rows)
    sound(pages)
    same(lambda: list(platform.fetch(None)), pages)
    hold(not list(platform.fetch(pages[-1].bookmark)), "comes again")
    for remark in platform.check().remarks:
        calm(remark)


def _replies(data: bytes) -> None:
    """The replies, whatever a person or a crash made of them: ours is found again, whole lines stay as they were."""
    path = _folder() / "replies.jsonl"
    path.write_bytes(data)
    platform = _files("comments.jsonl", replies=Path("replies.jsonl"))
    ours = Outgoing("k-ours", "Buongiorno \u2028 Anna", ("c1", "c2"), "t1", private=False, created_at=_NOW)
    before = platform.find(ours)
    _posted(before)
    try:
        posted = platform.post(ours)
    except (PlatformBusy, AnswerLost, PlatformFailed) as problem:
        calm(str(problem))
        return
    _posted(platform.find(ours))
    hold(before is not None or platform.find(ours) == posted, "is not found again", posted)
    after = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    hold(after.startswith(whole), "a whole line was touched", data[:200], after[:200])
    hold(after.endswith(b"\n") and after.count(b"\n") <= data.count(b"\n") + 2, "more than one line came", after[-200:])
    last = json.loads(after.splitlines()[-1])
    hold(last["key"] == ours.key and last["text"] == ours.text, "is not what was posted", last)
    hold(not data.endswith(b"\n") or after.startswith(data), "something was cut off a sound file")
    _posted(platform.find(replace(ours, key=data.partition(b"\n")[0].decode(errors="replace"))))


def _actions(data: bytes) -> None:
    """The actions, whatever a person or a crash made of them: each stands there once, whole lines stay as they were."""
    path = _folder() / "actions.jsonl"
    path.write_bytes(data)
    platform = _files("comments.jsonl", actions=Path("actions.jsonl"))
    offence = Offence("c1", "anna\u2028", "spam", "k-ours")
    try:
        platform.hide(offence)
        once = path.read_bytes()
        platform.hide(offence)
        platform.unhide(offence)
    except (PlatformBusy, AnswerLost, PlatformFailed) as problem:
        calm(str(problem))
        return
    twice = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    hold(once.startswith(whole) and twice.startswith(once), "a whole line was touched", data[:200], twice[:200])
    told = [json.loads(line)["action"] for line in twice[len(once) :].splitlines()]
    hold(told == ["unhide"], "is not asked for once", told, once[-200:])


def _posted(posted: Posted | None) -> None:
    if posted is not None:
        hold(posted.posted_at.tzinfo, "has no zone", posted)


def _markup(data: bytes) -> None:
    """HTML: the text a reader sees."""
    source = data.decode(errors="replace")
    text = html.to_text(source)
    writable(text.replace("\x00", ""))
    hold(len(text) <= 4 * len(source) + 16, "more text than markup", len(text), len(source))
    same(lambda: html.to_text(source), text)
    for measure in (Counted(23), CountedAtMost(23)):
        size = measure(text)
        hold(0 <= size <= 24 * len(text), "is no length", size)
    hold(CountedAtMost(23)(text) >= len(text), "counts less than its kin", text)
    steady(html.to_text, source)
    steady(Counted(23), source)


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data.decode(errors="replace")


def _status(data: bytes) -> None:
    """A status, an instance, a notification's parts, as JSON."""
    value = _json(data)
    try:
        status = wire.read_status(value)
    except wire.WireError as problem:
        calm(str(problem))
    else:
        comment = status.incoming(own=False, thread=status.thread)
        hold(comment.private == (status.visibility == "direct"), "is more public than it was", status)
        hold(wire.narrowest({status.visibility, "public"}) in wire.VISIBILITIES, "nobody sees that", status)
        if comment.written_at is not None:
            aware(comment.written_at)
    written = wire.written_at(value)
    if written is not None:
        aware(written)
    facts = wire.read_instance(value)
    hold(wire.Facts.parse(str(facts)) == facts, "is not what is known", facts)
    hold(facts.longest >= 0 and facts.per_url >= 0, "is no limit", facts)
    hold(facts.asks_many in (True, False), "cannot say", facts)


def _kept(data: bytes) -> None:
    """What a connector kept, read back from a text that another one may have left there."""
    text = data.decode(errors="replace")
    mark = Bookmark.parse(text)
    hold(Bookmark.parse(str(mark)) == mark, "is another bookmark", mark)
    facts = wire.Facts.parse(text)
    hold(wire.Facts.parse(str(facts)) == facts, "is not what is known", facts)
    hold(facts.asks_many in (True, False), "cannot say", facts)
    (_folder() / "comments.jsonl").write_bytes(b'{"id": "1", "author": "anna", "text": "ciao"}\n')
    sound(_files("comments.jsonl").fetch(text))


def _headers(data: bytes) -> None:
    """A header's value as each that is read: Link, Retry-After, the rate limit, a date."""
    said = data.decode("latin-1").replace("\r", " ").replace("\n", " ")
    waits = retry_after({"retry-after": said}, _NOW)
    hold(waits is None or 0 <= waits < float("inf"), "is no while", said, waits)
    left, reset = wire.requests_left({"x-ratelimit-remaining": said}), wire.resets_at({"x-ratelimit-reset": said})
    hold(left is None or left >= 0, "is no number", said)
    for moment in (reset, wire.moment(said)):
        if moment is not None:
            aware(moment)
    seconds = wire.seconds_left({"x-ratelimit-reset": said}, _NOW)
    hold(seconds is None or 0 <= seconds < float("inf"), "is no while", said, seconds)
    answer = Answer(200, {"link": said}, b"[]", "https://social.example/api/v1/notifications", "fediverse")
    try:
        links = answer.links
    except PlatformFailed as problem:
        calm(str(problem))
        return
    for link in links.values():
        hold(httpx.URL(link).raw_host == b"social.example", "leads elsewhere", link)
        hold(httpx.URL(link).scheme == "https", "leads into the open", link)


def _server(data: bytes) -> None:
    """A server that answers one request after the other like this: pages, or one sentence; our token stays here."""
    asked = 0

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        hold(request.url.host == "social.example" and request.url.scheme == "https", "went elsewhere", request.url)
        if asked > _MOST_REQUESTS:
            raise httpx.ConnectError("enough")
        said = answers(data)
        return said[min(asked, len(said)) - 1]

    os.environ[VARIABLE] = TOKEN
    fake = FakeMastodon(clock=Now())
    ours = Outgoing("key1", "Buongiorno", ("101",), None, private=False, created_at=_NOW)
    with stamina.set_testing(True, attempts=2, cap=True):
        for act in (
            lambda platform: sound(platform.fetch(sound(platform.fetch(None)))),
            lambda platform: sound(platform.fetch('{"mentions": "7", "written": "8", "watched": {"101": null}}')),
            lambda platform: platform.look(["101", "102"]),
            lambda platform: _posted(platform.post(ours)),
            lambda platform: _posted(platform.find(ours)),
            lambda platform: [calm(remark) for remark in platform.check().remarks],
        ):
            asked = 0
            _tried(act, connect(fake, handle=handle))


def _tried(act: Callable[[Any], object], platform: object) -> None:
    try:
        act(platform)
    except CaretoolError as problem:
        calm(str(problem))
        hold(TOKEN not in str(problem), "tells our token", str(problem))


def _recorded(software: Software) -> Iterator[bytes]:
    """What a server of the fake's says while it is fetched from, looked at, and answered."""
    fake = FakeMastodon(software=software, clock=Now())
    first = fake.write(
        "anna@far.example", "@bottegablu quando arriva?", language="it", media=("https://x.example/1.png",)
    )
    fake.write("carlo", "@bottegablu **mi è** arrivato rotto", visibility="direct", reply_to=first, warning="rotto")
    ours = fake.write("bottegablu", "Le console sono in negozio.", tells_us=False)
    fake.write("zoe", "@bottegablu where is it?", reply_to=ours, language="en")
    fake.notify(raw={"status": None})
    told: list[httpx.Response] = []

    def handle(request: httpx.Request) -> httpx.Response:
        told.append(fake.handle(request))
        return told[-1]

    os.environ[VARIABLE] = TOKEN
    platform = connect(fake, handle=handle)
    pages = list(platform.fetch(None))
    yield b"m" + written(told)
    told.clear()
    fake.edit(first, "@bottegablu quando arriva il mio pacco?")
    list(connect(fake, handle=handle, facts=pages[0].facts).fetch(pages[-1].bookmark))
    yield b"m" + written(told)
    told.clear()
    platform.post(Outgoing("key1", "Buongiorno @anna@far.example", (first,), None, False, _NOW))
    yield b"m" + written(told)
    yield from (b"s" + json.dumps(fake.shown(status)).encode() for status in fake.statuses.values())


_ROW = {
    "id": "c1", "author": "anna", "author_name": "Anna Rossi", "text": "Ordine 4711: dov'è?", "private": False,
    "reply_to": "p1", "written_at": "2026-11-23T08:30:00+01:00", "thread": "p1", "thread_text": "Saldi",
    "url": "https://shop.example/1", "form": "review", "rating": 2, "likes": 3, "followers": 7, "language": "it",
    "attachments": ["https://shop.example/1.png"],
}  # fmt: skip


_EXPORTS = (
    b'o{"COMMENT_ID": "1", "AUTHOR": "a", "CONTENT": "<p>a &amp; b<br>c", "DATE": "23/11/2026"}\n',
    b'cid,author,text,written_at,rating\n1,anna,"so ""bad""\n, twice",2026-11-23 08:30,1\n2,b,c,,9\n3,"\n',
    b"eCOMMENT_ID;AUTHOR;CONTENT;DATE\n1;anna;ciao;2014-07-22T15:27:50Z\n\n2;b\n",
    b"c\xef\xbb\xbfid\tauthor\ttext\r\n1\t\xc3\xa8\t=1+1\r\n",
    b'r{"id": "reply-k1", "to": "c1", "text": "ciao", "posted_at": "2026-11-23T08:12:00Z", "key": "k1"}\n',
    b'rk-ours\n{"id": "reply-k-ours", "key": "k-ours", "posted_at": "yesterday"}\n{"id": "half',
    b'r{"id": "',
    b'a{"action": "hide", "native_id": "c1", "handle": "anna", "ground": "spam", "at": "x", "key": "k-ours"}\n',
    b'a{"action": "ban"}\n{"action": "hide", "native_id": "c1"',
)
_MARKUPS = (
    b'h<p>Ciao <a href="x">@<span>anna</span></a></p><ul><li>uno<li>due</ul><script>x</script>I <3 you &nbsp;&#x1b;',
    b"hhttps://shop.example/a?b=c @anna@far.example \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80 http://x.it.",
)
_SERVERS = (
    b's{"version": "4.5.2", "configuration": {"statuses": {"max_characters": 500}}, "source_url": "x"}',
    b's{"version": "2.7.2 (compatible; Pleroma 2.9.1)", "max_toot_chars": 5000}',
    b'k{"sha256": "00", "done": 1, "of": null}',
    b"l120",
    b"lMon, 23 Nov 2026 08:12:00 GMT",
    b"l2026-11-23T08:12:00.123Z",
    b"l1795507920",
    b"""l<https://social.example/api?max_id=7>; rel="next", </api?min_id=9>; rel=prev; title*=utf-8''x""",
    b'm401\n\n{}\n---\n429\nretry-after: 30\n\n{"error": "slow"}\n---\n302\nlocation: //x\n\n',
    b"m200\ncontent-encoding: gzip\n\n\x1f\x8b\x08\0\0\0\0\0\x02\xff\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0",
)


def _seeds() -> Iterator[bytes]:
    line = json.dumps(_ROW, ensure_ascii=False).encode()
    odd = b'{"id": 3, "author": "b", "text": ""}\n[]\nnull\n{\n\xff\n'
    yield b"j" + line + b"\n" + line.replace(b"c1", b"c2") + b"\n" + odd
    yield from (*_EXPORTS, *_MARKUPS, *_SERVERS)
    yield b"k" + str(Bookmark("7", "8", {"101": None, "102": "2026-11-23T08:12:00Z"})).encode()
    yield b"k" + str(wire.Facts("mastodon", "4.5.2", 500, 23, "1000", "bottegablu")).encode()
    for software in ("mastodon", "gotosocial", "pleroma"):
        yield from _recorded(software)
    yield from servers.seeds()


_KEYS = """
    content account acct display_name created_at visibility status direct public in_reply_to_id spoiler_text
    notification media_attachments edited_at ancestors mention null true NaN 1e999 \\ud800 \\u0000
    0001-01-01T00:00:00+14:00 9999-12-31 24:00 99999999999999999999 &#x1b; <br> <p> content-encoding: link:
    location: retry-after: x-ratelimit-reset: gzip
"""


def _words() -> Iterable[str]:
    odd = ['"', "\r\n", '>; rel="next"', "\n---\n", "\n\n", 'id": "', ": {", ": ["]
    return sorted({*_ROW, *_COLUMNS.values(), *_KEYS.split(), *odd, *servers.words()})


GROUP = Group(
    name="connectors",
    readers={
        "j": partial(_export, "comments.jsonl", {}),
        "o": partial(_export, "odd.jsonl", {"columns": _COLUMNS, "text_format": "html"}),
        "c": partial(_export, "comments.csv", {}),
        "e": partial(_export, "odd.csv", {"columns": _COLUMNS, "text_format": "html"}),
        "r": _replies,
        "a": _actions,
        "h": _markup,
        "s": _status,
        "k": _kept,
        "l": _headers,
        "m": _server,
        **servers.READERS,
    },
    seeds=_seeds,
    words=_words,
    longest=8_000,
)
