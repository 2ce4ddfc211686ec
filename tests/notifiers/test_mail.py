"""Mail, against a real server."""

from __future__ import annotations

import socket
import traceback
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from caretool.domain.policy import Mail
from caretool.errors import CaretoolError, TokenRefused
from caretool.notifiers.mail import Mailbox
from caretool.notifiers.notifier import Message
from tests.notifiers.server import CERTIFICATE, PASSWORD, Mood, Server, serving

MESSAGE = Message(
    subject="Bottega Blu: 2 overdue (magazzino)",
    text="Anna Però\n.\nconsegna\n",
    short="2 overdue",
    html="<p>Anna Però</p>\n",
    at=datetime(2026, 11, 23, 8, 12, tzinfo=UTC),
    key="k1",
)
VARIABLE = "CARETOOL_MAIL_PASSWORD"


def mailbox(server: Server, **keys: object) -> Mailbox:
    mail = Mail("127.0.0.1", server.port, "desk@bottegablu.example", tls="none")
    to = "magazzino@bottegablu.example"
    return Mailbox(replace(mail, **keys), to, "Bottega Blu", shown=to, patience=1)  # type: ignore[arg-type]


def with_password(server: Server, **keys: object) -> Mailbox:
    return mailbox(server, user="desk", password={"env": VARIABLE}, **keys)


def test_a_mail_arrives_whole_as_text_and_html() -> None:
    with serving() as server:
        mailbox(server).tell(MESSAGE)
    [mail] = server.mails
    assert server.to == [["magazzino@bottegablu.example"]]
    assert mail["From"] == "Bottega Blu <desk@bottegablu.example>"
    assert (mail["To"], mail["Subject"]) == ("magazzino@bottegablu.example", MESSAGE.subject)
    assert mail["Date"].datetime == MESSAGE.at
    assert mail["Message-ID"] == "<k1@bottegablu.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == MESSAGE.text.splitlines()
    assert html.get_content().splitlines() == MESSAGE.html.splitlines()


def test_no_word_of_a_subject_or_a_name_becomes_a_header() -> None:
    hostile = "x\r\nBcc: everybody@shop.example\n\nbody\x00\u2028Bcc: b@shop.example"
    with serving() as server:
        told = replace(mailbox(server), sender=hostile)
        told.tell(replace(MESSAGE, subject=hostile))
    [mail] = server.mails
    assert mail["Bcc"] is None
    assert server.to == [["magazzino@bottegablu.example"]]
    assert mail["Subject"].startswith("x Bcc: everybody@shop.example body")
    assert mail["From"].addresses[0].addr_spec == "desk@bottegablu.example"


@pytest.mark.parametrize(
    ("mood", "told"),
    [
        ("refuses the address", "the address is refused (550 5.1.1 no such mailbox [31mhere)"),
        ("busy", "it answers 451 4.7.1 try again later"),
        ("refuses the mail", "it answers 554 5.7.1 looks like spam"),
        ("drops it", "it broke off or took too long, so that nobody knows whether the mail was taken"),
        ("sleeps", "it broke off or took too long, so that nobody knows whether the mail was taken"),
    ],
)
def test_what_goes_wrong_is_one_sentence(mood: Mood, told: str) -> None:
    with serving() as server:
        server.mood = mood
        with pytest.raises(CaretoolError) as caught:
            mailbox(server).tell(MESSAGE)
    said = str(caught.value)
    assert said == (f"The mail server 127.0.0.1:{server.port}: {told}; magazzino@bottegablu.example was not told.")


def test_what_goes_wrong_after_the_mail_was_taken_does_not_count() -> None:
    with serving() as server:
        server.mood = "goes after it"
        mailbox(server).tell(MESSAGE)
    assert len(server.mails) == 1


def test_a_server_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(CaretoolError, match="Connection refused"):
        mailbox(Server(port=port)).tell(MESSAGE)


def test_a_password_goes_to_the_server_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    with serving() as server:
        with_password(server).tell(MESSAGE)
        assert (server.users, len(server.mails)) == (["desk"], 1)
        monkeypatch.setenv(VARIABLE, "wrong horse")
        with pytest.raises(TokenRefused) as caught:
            with_password(server).tell(MESSAGE)
        assert "535" in str(caught.value)
        assert "wrong horse" not in "".join(traceback.format_exception(caught.value))
        monkeypatch.delenv(VARIABLE)
        with pytest.raises(TokenRefused, match=f"mail.password: the environment variable {VARIABLE} is not set"):
            with_password(server).tell(MESSAGE)
    assert len(server.mails) == 1


def test_without_starttls_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    with serving() as server, pytest.raises(CaretoolError, match="STARTTLS extension not supported by server"):
        with_password(server, tls="starttls").tell(MESSAGE)
    assert (server.users, server.mails) == ([], [])


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, PASSWORD)
    with serving(tls=True) as server:
        with pytest.raises(CaretoolError, match="its certificate is not trusted"):
            with_password(server, tls="starttls").tell(MESSAGE)
        assert (server.users, server.mails) == ([], [])
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        with_password(server, tls="starttls").tell(MESSAGE)
    assert (server.users, len(server.mails)) == (["desk"], 1)


def test_a_domain_with_an_accent_is_reached_by_its_network_name() -> None:
    with serving() as server:
        replace(mailbox(server), mailbox="magazzino@caffè.example").tell(MESSAGE)
    assert server.to == [["magazzino@xn--caff-8oa.example"]]


def test_a_mailbox_that_no_ordinary_server_takes_is_told() -> None:
    with pytest.raises(CaretoolError) as caught:
        replace(mailbox(Server()), mailbox="però@shop.example", shown="owners.x.notify[1]").tell(MESSAGE)
    assert str(caught.value) == (
        "owners.x.notify[1] is no address that every mail server takes: nobody was told there."
    )
