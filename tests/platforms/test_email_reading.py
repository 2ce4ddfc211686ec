"""A mail, read: its author, its words, what it answers; whatever bytes it has."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from caretool.domain.comment import Author
from caretool.platforms.email.mail import Mail, NoMail, bare, named, read_mail
from caretool.platforms.email.text import own_words
from tests.platforms.contract import NOON
from tests.platforms.email_harness import mail
from tests.platforms.fake_email import USER


def read(raw: bytes, arrived: datetime | None = NOON) -> Mail:
    return read_mail(raw, arrived, USER)


def multipart(*parts: str, kind: str = "alternative") -> bytes:
    body = "".join(f"--b\n{part}\n" for part in parts) + "--b--"
    return mail(body, Content_Type=f'multipart/{kind}; boundary="b"')


class TestWhoWroteIt:
    def test_an_author_is_an_address_whose_domain_is_in_small_letters(self) -> None:
        found = read(mail(sender='"Rossi, Anna" <Anna.Rossi@Posta.EXAMPLE>'))
        assert found.author == Author("Anna.Rossi@posta.example", "Rossi, Anna")

    def test_a_name_is_decoded_after_the_address_was_taken_apart(self) -> None:
        found = read(mail(sender="=?utf-8?q?Anna_=3Cevil=40x.example=3E=2C?= <anna@posta.example>"))
        assert found.author == Author("anna@posta.example", "Anna <evil@x.example>,")

    def test_raw_letters_in_a_name_are_read(self) -> None:
        assert read(mail(sender="Nicolò Però <n@posta.example>")).author.name == "Nicolò Però"

    def test_who_gets_the_answer_is_who_is_shown(self) -> None:
        """Nobody is led to write to Mallory under Anna's name without seeing it."""
        found = read(mail(Reply_To="mallory@evil.example"))
        assert (found.reply_to, found.author) == ("mallory@evil.example", Author("mallory@evil.example", "Anna Rossi"))

    def test_a_form_on_our_site_speaks_for_who_filled_it_in(self) -> None:
        found = read(mail(sender=f"Sito <{USER}>", Reply_To="Anna Rossi <anna@posta.example>"))
        assert found.author == Author("anna@posta.example", "Anna Rossi")
        assert read(mail(Reply_To=USER)).author.handle == "anna@posta.example"

    @pytest.mark.parametrize("sender", ["", "Anna", "<>", "a b@x.example <>", "\x1b[31m", "a@" + "b" * 300])
    def test_without_an_address_it_is_no_mail_that_anybody_could_answer(self, sender: str) -> None:
        with pytest.raises(NoMail):
            read(mail(sender=sender))


class TestWhenItWasWritten:
    @pytest.mark.parametrize(
        ("said", "believed"),
        [
            (NOON - timedelta(hours=2), NOON - timedelta(hours=2)),
            (NOON + timedelta(hours=2), NOON),
            (datetime(1970, 1, 1, tzinfo=UTC), NOON),
        ],
    )
    def test_a_senders_clock_is_believed_within_a_week_before_it_came(self, said: datetime, believed: datetime) -> None:
        assert read(mail(at=said)).written_at == believed

    def test_without_a_date_it_was_written_when_it_came(self) -> None:
        assert read(mail().replace(b"Date:", b"X-Date:")).written_at == NOON
        assert read(mail(), None).written_at == NOON


class TestWhatItAnswers:
    def test_its_thread_is_the_first_mail_it_names(self) -> None:
        found = read(mail(subject="RE: R: Fwd: Il mio pacco", above=("first@x", "second@x")))
        thread = found.incoming(own=False).thread
        assert thread is not None
        assert (thread.native_id, thread.text) == ("first@x", "Il mio pacco")
        assert found.answers == "second@x"

    def test_a_mail_that_answers_none_begins_a_thread(self) -> None:
        assert read(mail(id="c0@x")).thread.native_id == "c0@x"

    def test_in_reply_to_alone_will_do(self) -> None:
        found = read(mail(In_Reply_To="Your message of Monday <first@x> (Dario)"))
        assert (found.thread.native_id, found.answers) == ("first@x", "first@x")

    def test_without_an_id_of_its_own_it_is_known_by_its_headers_wherever_it_lies(self) -> None:
        raw = mail(id=None)
        found = read(raw)
        assert found.native_id == read(raw.replace(b"\r\n", b"\n")).native_id
        assert found.native_id != read(mail(id=None, subject="Altro")).native_id
        assert named(found.native_id) == (None, found.digest)
        assert named("c0@x") == ("c0@x", None)
        other = read(mail(id="c0@x"))
        assert named(other.other_id) == ("c0@x", other.digest)

    @pytest.mark.parametrize(
        ("subject", "rest"),
        [
            ("Re: a", "a"), ("R: RE: Fwd: a", "a"), ("AW[2]: a", "a"), ("Re:a", "a"), ("Rosso: a", "Rosso: a"),
            ("Reso", "Reso"), ("", ""), ("Re:", ""), ("I: a", "a"),
        ],
    )  # fmt: skip
    def test_a_subject_is_shown_without_what_says_that_it_answers(self, subject: str, rest: str) -> None:
        assert bare(subject) == rest

    def test_a_header_longer_than_anybody_writes_is_cut_before_it_is_taken_apart(self) -> None:
        found = read(mail(References=" ".join(f"<{number}@x>" for number in range(5000))))
        assert found.thread.native_id == "0@x"
        assert int(found.references[-1].removesuffix("@x")) < 3000


class TestWhatProgramsSend:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Auto_Submitted": "auto-replied"},
            {"Auto_Submitted": "auto-generated; owner-email=x"},
            {"Return_Path": "<>"},
            {"sender": "MAILER-DAEMON@posta.example"},
            {"Content_Type": "multipart/report; boundary=b"},
        ],
    )
    def test_it_is_known_as_such(self, headers: dict[str, str]) -> None:
        assert read(mail(**headers)).automatic  # type: ignore[arg-type]

    @pytest.mark.parametrize("headers", [{"Precedence": "Bulk"}, {"Precedence": "list"}, {"List_Id": "<x.y>"}])
    def test_what_came_through_a_list_is_known_as_such(self, headers: dict[str, str]) -> None:
        found = read(mail(**headers))  # type: ignore[arg-type]
        assert (found.listed, found.automatic) == (True, False)

    @pytest.mark.parametrize("headers", [{}, {"Auto_Submitted": "no"}, {"Return_Path": "<anna@posta.example>"}])
    def test_what_a_person_sends_is_not(self, headers: dict[str, str]) -> None:
        found = read(mail(**headers))  # type: ignore[arg-type]
        assert (found.listed, found.automatic) == (False, False)


class TestItsWords:
    def test_plain_text_is_preferred(self) -> None:
        raw = multipart(
            "Content-Type: text/html\n\n<b>HTML</b>", "Content-Type: text/plain; charset=utf-8\n\nÈ in ritardo."
        )
        assert read(raw).text == "È in ritardo."

    def test_html_is_read_where_there_is_no_plain_text_without_what_it_quotes(self) -> None:
        raw = multipart(
            "Content-Type: text/plain\n\n \n",
            'Content-Type: text/html; charset=utf-8\n\n<p>Mai arrivato &amp; basta</p><script>x</script>'
            '<div class="gmail_quote">Il 3 nov Dario ha scritto:<blockquote>Domani</blockquote></div>',
        )  # fmt: skip
        assert read(raw).text == "Mai arrivato & basta"

    def test_html_that_is_all_quoted_is_kept(self) -> None:
        assert read(mail("<blockquote>Mai</blockquote>", Content_Type="text/html")).text == "Mai"

    def test_a_mail_without_words_says_its_subject(self) -> None:
        raw = multipart('Content-Type: image/jpeg; name="pacco.jpg"\n\nxx', kind="mixed")
        found = read(raw)
        assert (found.text, found.attachments) == ("Il mio pacco", ("pacco.jpg",))

    def test_attachments_are_names_and_nothing_else(self) -> None:
        raw = multipart(
            "Content-Type: text/plain\n\nVedi foto.",
            "Content-Type: text/plain\nContent-Disposition: attachment; filename*=utf-8''..%2Fpacco%0D%0Arotto%1B.txt"
            "\n\nSEGRETO",
            kind="mixed",
        )
        found = read(raw)
        assert (found.text, found.attachments) == ("Vedi foto.", ("../pacco rotto.txt",))

    def test_a_mail_inside_of_it_is_not_its_words(self) -> None:
        raw = multipart(
            "Content-Type: text/plain\n\nInoltro.",
            "Content-Type: message/rfc822\n\nSubject: x\n\nAltro",
            kind="mixed",
        )
        assert read(raw).text == "Inoltro."

    @pytest.mark.parametrize(
        ("charset", "data", "text"),
        [
            ("iso-8859-15", "perché €".encode("iso-8859-15"), "perché €"),
            ("iso-8859-1", "perché €".encode("windows-1252"), "perché €"),
            ("us-ascii", "perché".encode(), "perché"),
            ("utf-8", "perché".encode("latin-1"), "perché"),
            ("klingon", "perché".encode(), "perché"),
            ("punycode", b"abc-", "abc-"),
            ("utf-16", b"a", "a"),
            ('"', b"a\0b", "a\ufffdb"),
        ],
    )
    def test_a_charset_that_is_wrong_is_not_believed(self, charset: str, data: bytes, text: str) -> None:
        raw = mail("BODY", Content_Type=f"text/plain; charset={charset}").replace(b"BODY", data)
        assert read(raw).text == text


class TestWhatIsTheirOwn:
    @pytest.mark.parametrize(
        "older",
        [
            "Il giorno lun 23 nov 2026 alle ore 09:12 Dario <aiuto@bottegablu.example> ha scritto:\n> Domani.\n> Dario",
            "Il giorno lun 23 nov 2026 alle ore 09:12 Dario\n<aiuto@bottegablu.example> ha scritto:\n\n> Domani.",
            "On Mon, 23 Nov 2026 at 09:12, Dario <aiuto@bottegablu.example> wrote:\nTomorrow.\nDario",
            "Am 23.11.26 um 09:12 schrieb Dario:\n> Morgen",
            "-----Messaggio originale-----\nDa: Dario\nDomani.",
            "-----Original Message-----\nTomorrow.",
            "________________\nDa: Dario\nInviato: lunedì 23 novembre 2026\nA: Anna\nOggetto: Pacco\n\nX",
            "From: Dario\nSent: Monday\nTo: Anna\nSubject: Parcel\n\nTomorrow.",
            "-- \nAnna Rossi\nvia Roma 1",
            "Inviato da iPhone",
            "Sent from my Galaxy\n\n",
        ],
    )
    def test_what_is_quoted_or_signed_is_left_out(self, older: str) -> None:
        assert own_words(f"Mai arrivato!\n\n{older}") == "Mai arrivato!"

    def test_an_answer_below_what_it_quotes_is_kept(self) -> None:
        assert own_words("Il 3 nov Dario ha scritto:\n> Domani?\n\nNo, oggi.\n> Ore 9?\nSì.") == "No, oggi.\nSì."

    @pytest.mark.parametrize(
        "text",
        [
            "> solo citato", "-- \nAnna", "Inviato da iPhone", "On Monday I wrote:", "From: qui non arriva niente",
            "Da: Roma\nA: Milano\nil pacco è fermo", "On monday you wrote to me\nand then: nothing",
        ],
    )  # fmt: skip
    def test_something_is_always_left(self, text: str) -> None:
        assert own_words(text) == text

    @given(st.text(st.sampled_from("> -_\nabc:Il ha scritto on wrote From: Sent: To:"), max_size=200))
    @settings(max_examples=150, deadline=None)
    def test_nothing_is_made_up_and_something_stays(self, text: str) -> None:
        own = own_words(text)
        assert bool(own) == bool(text.strip())
        assert all(line.strip() in text for line in own.split("\n"))


_HEADERS = st.sampled_from(
    ["From", "Reply-To", "Subject", "Date", "Message-ID", "References", "In-Reply-To", "Content-Type",
     "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version", "Auto-Submitted", "List-Id", "Return-Path"]
)  # fmt: skip
_VALUES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [b"anna@posta.example", b"multipart/mixed; boundary=b", b"multipart/alternative; boundary*0*=b", b"text/html",
         b"message/rfc822", b"base64", b"quoted-printable", b"x-uuencode", b"=?utf-8?b?====?=", b"=?x?q?a?=", b"<a@b>",
         b"attachment; filename*0*=utf-8''%ff; filename*1=x", b"text/plain; charset*=''%00",
         b"Mon, 99 Nov 99999 99:99 +9999", b"Mon, 01 Jan 0001 00:00 +1400",
         b"text/plain; charset=utf-8; format=flowed", b"=?utf-8?q?" + b"=0A" * 9 + b"?="]
    ),
)  # fmt: skip
_LINES = st.lists(st.one_of(st.binary(max_size=40), st.sampled_from([b"--b", b"--b--", b"", b"> x", b"begin 644 x"])))


@given(st.lists(st.tuples(_HEADERS, _VALUES), max_size=8), _LINES)
@example([("From", b"a@b"), ("Content-Transfer-Encoding", b"x-uuencode")], [b"begin 644 x", b"M"])
@settings(max_examples=200, deadline=None)
def test_whatever_bytes_it_has_it_is_a_mail_or_it_is_said_why_not(
    headers: list[tuple[str, bytes]], lines: list[bytes]
) -> None:
    raw = b"\r\n".join([*(name.encode() + b": " + value for name, value in headers), b"", *lines])
    try:
        found = read(raw)
    except NoMail:
        return
    shown = found.incoming(own=False)
    assert shown.native_id
    assert shown.author.handle.isprintable()
    assert shown.thread is not None
    assert "\n" not in "".join([shown.author.name or "", shown.thread.text or "", *shown.attachments])
    (shown.text + shown.native_id + (shown.author.name or "")).encode()


_START = b"From: anna@posta.example\r\nMessage-ID: <a@x>\r\nSubject: s\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(2000)),
        b"Content-Type: message/rfc822\r\n\r\n" * 50_000,
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\nX: y\r\n\r\nhi\r\n" * 10_000,
        b"\r\n" + b"\n" * 1_900_000,
        b"Content-Type: text/plain; " + b"; ".join(b"a%d=b" % n for n in range(100_000)) + b"\r\n\r\nhi",
        b"Reply-To: " + b"a@b," * 500_000 + b"\r\n\r\nhi",
        b"References: " + b"<a" * 500_000 + b"\r\n\r\nhi",
        b"\r\nhi\r\n" + b"\r\n" * 190_000,
        b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000 + b"hi",
        b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a" * 300_000,
    ],
    ids=["nested", "packed", "parts", "lines", "parameters", "addresses", "ids", "blanks", "tags", "punycode"],
)  # fmt: skip
def test_a_mail_that_is_built_to_take_long_does_not(raw: bytes) -> None:
    """By bounds and not by the clock: the whole file takes some seconds; without them one of these takes minutes."""
    with suppress(NoMail):
        assert len(read(_START + raw).text) <= 200_000
