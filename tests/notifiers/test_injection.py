"""Whatever is said in a mail, it goes to one mailbox, under our headers, in two parts."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from hypothesis import example, given, settings
from hypothesis import strategies as st

from caretool.domain.mailbox import is_mailbox, mailbox_of
from caretool.domain.policy import Mail
from caretool.errors import CaretoolError
from caretool.notifiers.mail import Mailbox
from tests.notifiers.test_mail import MESSAGE
from tests.reports.test_injection import WORDS

HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
_ADDRESS = st.from_regex(r"[^\s@]{1,70}@[^\s@]{1,70}", fullmatch=True) | st.from_regex(
    r"[a-zè.\"()<>,;:\\\[\]!#$%&'*+/=?^_`{|}~-]{1,12}@[a-zèü0-9._-]{1,30}", fullmatch=True
)


def written(words: str = "x", name: str = "Bottega Blu", to: str = "a@b.example", by: str = "d@b.example") -> bytes:
    server = Mail("mail.b.example", 25, by, tls="none")
    message = replace(MESSAGE, subject=words, text=words + "\n", html=f"<p>{len(words)}</p>\n")
    return Mailbox(server, to, name, shown="shown")._written(message).as_bytes()


def read(raw: bytes) -> EmailMessage:
    return cast("EmailMessage", message_from_bytes(raw, policy=policy.default))


@settings(max_examples=150, deadline=None)
@given(WORDS, WORDS)
@example("", '-1+1|cmd\r\n=HYPERLINK("https://evil.example")"><img src=x onerror=alert(1)>')
def test_no_word_adds_a_header_a_recipient_or_a_part(words: str, name: str) -> None:
    raw = written(words, name)
    assert max(map(len, raw.split(b"\n"))) < 999
    assert all(byte < 128 for byte in raw)
    mail = read(raw)
    assert mail.keys() == HEADERS
    assert [address.addr_spec for address in mail["To"].addresses] == ["a@b.example"]
    assert [address.addr_spec for address in mail["From"].addresses] == ["d@b.example"]
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert not any(part.defects for part in mail.walk())


@settings(max_examples=200, deadline=None)
@given(_ADDRESS)
def test_whatever_counts_as_a_mailbox_is_one_recipient_or_is_refused_in_one_line(address: str) -> None:
    if not is_mailbox(address):
        return
    for keys in ({"to": address}, {"by": address}):
        with suppress(CaretoolError):
            mail = read(written(**keys))
            assert mail.keys() == HEADERS
            assert len(mail["To"].addresses) == len(mail["From"].addresses) == 1


@given(WORDS)
def test_a_mailto_names_one_mailbox_and_no_header(words: str) -> None:
    for url in (f"mailto:{words}", f"mailto:a@b.example{words}", f"mailto:a@b.example?bcc={words}", "mailto:a@b,c@d"):
        mailbox = mailbox_of(url)
        assert mailbox is None or (mailbox.count("@") == 1 and not set(mailbox) & set(" ,;<>\r\n?"))
