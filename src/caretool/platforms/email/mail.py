"""A mail as it lies in a mailbox, read tolerantly: who wrote it, what it answers, whether a person sent it.

Headers: RFC 5322; what no person sent: RFC 3834.
"""

from __future__ import annotations

import email
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import getaddresses, parsedate_to_datetime

from caretool.domain.comment import Author, Incoming, Thread
from caretool.domain.harmless import one_line
from caretool.platforms.email import text as email_text

# What Python's parser reads in a second: its time grows with lines times nested parts.
_MOST_WORK = 1_000_000
_PLAIN_BEGINNING = 64 * 1024
_LONGEST_HEADER = 20_000
_MOST_IDS = 100
BEGINNING = 256 * 1024
"""So many bytes are read of a mail that is too large to be read whole, and at most of its headers."""
_ID = re.compile(r"<([!-;=?-~]{1,500})>")
_MADE_UP = re.compile(r"([!-;=?-~]{1,500})?#([0-9a-f]{24})")
_ANSWERED = re.compile(r"(?:(?:re|r|aw|antw|sv|rif|ref|fwd?|i|wg|tr)(?:\[\d{1,3}\])?\s{0,3}:\s{0,3})+", re.IGNORECASE)
_PASSED_ON = re.compile(r"(?:fwd?|i|wg|tr|rv|enc)(?:\[\d{1,3}\])?\s{0,3}:", re.IGNORECASE)
_BULK = frozenset({"bulk", "list", "junk"})
# Clocks of senders are off, and mails are held back on their way for some days, but no more.
_BELIEVED = timedelta(days=7)


class _Policy(Compat32):
    """Headers stay as they came (raw bytes in them are looked at here), but no longer than anybody writes them: taking
    them apart is quadratic."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """A header's name and value."""
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_HEADER]


_POLICY = _Policy()


class NoMail(ValueError):
    """Not what it should be; the message says why in a few words."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail. `id` is its Message-ID without brackets (None: it has none, or nonsense), `digest` that of its headers.
    `reply_to` is where an answer goes, `author` the same as a person; `references` are the ids above it, oldest first.
    """

    id: str | None
    digest: str
    author: Author
    sender: str
    reply_to: str
    subject: str
    text: str
    written_at: datetime | None
    references: tuple[str, ...] = ()
    answers: str | None = None
    automatic: bool = False
    listed: bool = False
    attachments: tuple[str, ...] = ()

    @property
    def native_id(self) -> str:
        """Its Message-ID; where it has none, or one like those made here, one made of its headers, which stays the same
        wherever it is found."""
        return self.other_id if self.id is None or _MADE_UP.fullmatch(self.id) else self.id

    @property
    def other_id(self) -> str:
        """What it is known by where another mail has taken its Message-ID."""
        return f"{self.id or ''}#{self.digest}"

    @property
    def thread(self) -> Thread:
        """The conversation's first mail, as far as this one names it."""
        return Thread(next(iter(self.references), self.native_id), bare(self.subject) or None)

    def incoming(self, *, own: bool, native_id: str | None = None) -> Incoming:
        """The comment it is. What we passed on to somebody else is no answer to who wrote it."""
        return Incoming(
            native_id=native_id or self.native_id,
            author=self.author,
            text=self.text,
            written_at=self.written_at,
            private=True,
            reply_to=None if own and _PASSED_ON.match(self.subject) else self.answers,
            thread=self.thread,
            form="email",
            attachments=self.attachments,
            own=own,
        )


def read_mail(raw: bytes, arrived: datetime | None, ours: str) -> Mail:
    """Raises NoMail where it is none that anybody could answer. `ours` is our own address: what is sent by it in
    somebody's name (a form on our site) is theirs."""
    beginning = raw if _work(raw) <= _MOST_WORK else raw[:_PLAIN_BEGINNING]
    if _work(beginning) > _MOST_WORK:
        raise NoMail("it has too many parts")
    try:
        return _read(email.message_from_bytes(beginning, policy=_POLICY), raw, arrived, ours)
    except RecursionError:
        raise NoMail("too many mails are packed into each other") from None


def named(native_id: str) -> tuple[str | None, str | None]:
    """The Message-ID to look for, and the digest that the headers must have (None: any)."""
    made_up = _MADE_UP.fullmatch(native_id)
    return (made_up[1], made_up[2]) if made_up else (native_id, None)


def is_id(text: str) -> bool:
    """Whether it could be a Message-ID, without its brackets."""
    return _ID.fullmatch(f"<{text}>") is not None


def digest_of(raw: bytes) -> str:
    """Of a mail's headers, however its server ends their lines."""
    headers = raw[:BEGINNING].replace(b"\r\n", b"\n").partition(b"\n\n")[0].strip()
    return hashlib.blake2b(headers, digest_size=12).hexdigest()


def bare(subject: str) -> str:
    """Without what says that it answers or passes on another."""
    return _ANSWERED.sub("", subject, count=1).strip() if _ANSWERED.match(subject) else subject


def normal(address: str) -> str:
    """An address as we know it: its domain in small letters."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local}{at}{domain.lower()}"


def _work(raw: bytes) -> int:
    return (1 + raw.count(b"\n")) * (1 + raw.lower().count(b"boundary"))


def _read(mail: Message, raw: bytes, arrived: datetime | None, ours: str) -> Mail:
    sender = _address(mail, "From") or _address(mail, "Sender")
    answered = [one for one in (_address(mail, "Reply-To"), sender) if one is not None]
    if not answered:
        raise NoMail("it does not say who wrote it")
    others = [one for one in answered if one[1].casefold() != ours.casefold()]
    name, address = (others or answered)[0]
    text = email_text.words_of(mail)
    subject = _line(mail, "Subject")
    answers = _ids(mail, "In-Reply-To")
    references = _ids(mail, "References")
    return Mail(
        id=next(iter(_ids(mail, "Message-ID")), None),
        digest=digest_of(raw),
        author=Author(address, name or next((known for known, _ in answered if known), None)),
        sender=(sender or answered[0])[1],
        reply_to=address,
        subject=subject,
        text=text or bare(subject),
        written_at=_written_at(mail, arrived),
        references=references or answers[:1],
        answers=next(iter(answers), None) or next(reversed(references), None),
        automatic=_is_automatic(mail, sender),
        listed=_is_listed(mail),
        attachments=email_text.attachments_of(mail),
    )


def _address(mail: Message, header: str) -> tuple[str | None, str] | None:
    """The first one in a header, with its name; taken apart before it is decoded, so that no name becomes one."""
    written = " ".join(_readable(value) for value in _values(mail, header)[:1])
    try:
        found = getaddresses([" ".join(written.split())])
    except (ValueError, IndexError, TypeError, RecursionError):
        return None
    for name, address in found:
        known = normal(address)
        if "@" in known and len(known) <= 254 and known.isprintable() and " " not in known:
            shown = one_line(_decoded(name), 120)
            return (shown if shown and shown != known else None), known
    return None


def _is_automatic(mail: Message, sender: tuple[str | None, str] | None) -> bool:
    """RFC 3834, section 2: sent by no person, or to none."""
    said = _line(mail, "Auto-Submitted").partition(";")[0].strip().lower()
    returned = [value.strip() for value in _values(mail, "Return-Path")]
    bounced = "<>" in returned or mail.get_content_type() == "multipart/report"
    return said not in ("", "no") or bounced or (sender or ("", ""))[1].lower().startswith("mailer-daemon")


def _is_listed(mail: Message) -> bool:
    """Sent to many: through a list, or in bulk."""
    precedence = _line(mail, "Precedence").strip().lower()
    return precedence in _BULK or any(name.lower().startswith("list-") for name in mail.keys())  # noqa: SIM118


def _written_at(mail: Message, arrived: datetime | None) -> datetime | None:
    """What its sender says, if that can be: not after it came, nor long before."""
    said = moment(_line(mail, "Date"))
    if said is None or arrived is None:
        return said or arrived
    return said if arrived - _BELIEVED <= said <= arrived else arrived


def moment(text: str) -> datetime | None:
    """A date of a mail or of IMAP, in UTC; None: it is none."""
    try:
        said = parsedate_to_datetime(text[:100])
        return said.replace(tzinfo=said.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _ids(mail: Message, header: str) -> tuple[str, ...]:
    """The first ones and the last: in between nobody looks."""
    found: Iterable[str] = dict.fromkeys(_ID.findall(" ".join(_values(mail, header))[:100_000]))
    ids = tuple(found)
    return ids if len(ids) <= _MOST_IDS else (*ids[:1], *ids[1 - _MOST_IDS :])


def _line(mail: Message, header: str) -> str:
    """A header as it reads, on one line."""
    return one_line(_decoded(next(iter(_values(mail, header)), "")), 500)


def _values(mail: Message, header: str) -> list[str]:
    """A header as it came, bytes beyond ASCII as surrogates."""
    wanted = header.lower()
    return [str(value) for name, value in mail.raw_items() if name.lower() == wanted]


def _readable(value: str) -> str:
    """Raw bytes beyond ASCII as letters."""
    return email_text.decoded(value[:10_000].encode("utf-8", "surrogateescape"), "utf-8")


def _decoded(value: str) -> str:
    """Encoded words in their letters; what cannot be read stays as it stands."""
    text = _readable(value)
    try:
        return "".join(
            piece if isinstance(piece, str) else email_text.decoded(piece, charset)
            for piece, charset in decode_header(text)
        )
    except (MessageError, ValueError, LookupError, TypeError):
        return text
