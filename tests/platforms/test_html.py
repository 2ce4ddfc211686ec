from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.platforms.html import to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("@anna, 5 &gt; 3 &amp; &quot;ok&quot; &egrave;", '@anna, 5 > 3 & "ok" è'),
        ("I <3 you >.<", "I <3 you >.<"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<p>one</p>\n<p>two <b>bold</b></p>", "one\n\ntwo bold"),
        ("<ul><li>one</li><li>two</li></ul>", "one\n\ntwo"),
        ("a\n  line   of\tmarkup", "a line of markup"),
        ("ciao<script>alert('x')</script><style>p {}</style> a tutti", "ciao a tutti"),
        ('<span class="h-card"><a href="https://example.org/@anna">@<span>anna</span></a></span>, ciao', "@anna, ciao"),
        ("<!-- hidden -->shown", "shown"),
        ("<frameset>still here", "still here"),
        ("<title>still</title> here", "still here"),
        ("&#0;&#xD800;", "\ufffd\ufffd"),
        ("", ""),
        ("<p></p>", ""),
    ],
)
def test_what_a_reader_sees_is_what_is_kept(html: str, text: str) -> None:
    assert to_text(html) == text


def test_a_flood_of_nested_tags_does_not_hold_up_the_desk() -> None:
    began = time.process_time()
    assert to_text("<div>" * 200_000 + "help") == "help"
    assert time.process_time() - began < 5


@given(st.text(st.characters(exclude_characters="<>&\r", codec="utf-8", exclude_categories=["Cc"])))
@settings(max_examples=100)
def test_plain_words_stay_as_they_are(text: str) -> None:
    assert to_text(text) == re.sub(" +", " ", text).strip()
