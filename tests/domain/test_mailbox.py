from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caretool.domain.mailbox import is_mailbox, is_mailto, mailbox_of


@pytest.mark.parametrize("text", ["desk@shop.example", "a+b@localhost", "però@città.example", "x@127.0.0.1"])
def test_a_mailbox_is_one(text: str) -> None:
    assert mailbox_of(f"mailto:{text}") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "desk",
        "@shop.example",
        "a@",
        "a@b@c",
        "a@b,c@d",
        "A <a@b>",
        "a b@c",
        "a@b\nBcc: c@d",
        "a@-b",
        "a@b.",
        "a@b?c",
    ],
)
def test_what_a_mail_program_would_read_more_into_is_none(text: str) -> None:
    assert not is_mailbox(text)
    assert mailbox_of(f"mailto:{text}") is None


def test_an_escape_is_undone_before_it_is_looked_at() -> None:
    assert mailbox_of("mailto:a%2Bb@shop.example") == "a+b@shop.example"
    assert mailbox_of("mailto:a@b%0ABcc:c@d") is None


def test_an_address_with_a_server_of_its_own_is_apprises() -> None:
    assert is_mailto("MAILTO:desk@shop.example")
    assert not is_mailto("mailto://desk@shop.example")
    assert mailbox_of("slack://a@b") is None


@given(st.text(max_size=30))
def test_no_mailbox_holds_the_end_of_a_header(text: str) -> None:
    assert not (is_mailbox(text) and set(text) & set("\r\n\x00 ,<>"))
