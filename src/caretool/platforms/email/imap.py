"""A mailbox over IMAP (RFC 3501), read-only but for what is filed: nothing is ever marked as seen.

imap-tools speaks; here is what bounds it. Mails are walked by their place in the folder, so that no answer holds more
than a page: while it only FETCHes, a server may not renumber them (7.4.1), and what does so all the same is noticed.
"""

from __future__ import annotations

import imaplib
import re
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import imap_tools

from caretool import smtp
from caretool.domain.policy import Tls
from caretool.errors import CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.platforms.email.login import Login, mechanism, sasl
from caretool.platforms.email.mail import moment

_PATIENCE, _WHOLE = 20.0, 120.0  # seconds: without a byte, for one command
_MOST_SAID = 1024 * 1024  # bytes of an answer beside the mails in it
_MOST_FOLDERS = 200
_TROUBLE = (imaplib.IMAP4.error, imap_tools.ImapToolsError, OSError, ValueError, TypeError, LookupError, AttributeError)
# RFC 5530: it passes.
_PASSES = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT)\b", re.IGNORECASE)
_EXPUNGED = re.compile(rb"EXPUNGEISSUED|no longer exist", re.IGNORECASE)
_UID = re.compile(rb"\bUID (\d{1,10})\b", re.IGNORECASE)
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d{1,12})\b", re.IGNORECASE)
_ARRIVED = re.compile(rb'\bINTERNALDATE "([^"]{10,40})"', re.IGNORECASE)
_PLACE = re.compile(rb"(\d{1,10}) \(")


@dataclass(frozen=True, slots=True)
class Server:
    """Where the mailbox is, and how the connection is protected."""

    host: str
    port: int
    tls: Tls


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that was opened: what its numbers are good for, and how many mails it holds."""

    name: str
    validity: int
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """A mail in a folder: its place there, its number, its size in bytes, when it came."""

    place: int
    uid: int
    size: int
    arrived: datetime | None


class Box:
    """A mailbox, logged in. Raises TokenRefused, PlatformBusy, PlatformFailed; whose it is, `name` says."""

    def __init__(self, name: str, client: _Client, box: imap_tools.BaseMailBox, login: Login, whole: float) -> None:
        self._name = name
        self._client = client
        self._box = box
        self._login = login
        self._whole = whole

    def folder(self, name: str) -> Folder | None:
        """Open a folder, to read; None: there is none of this name."""
        with self._asking():
            try:
                self._box.folder.set(name, readonly=True)
            except imap_tools.MailboxFolderSelectError as refused:
                if _PASSES.search(_refusal(refused)):
                    raise
                return None
            validity, count = (self._client.response(what)[1] for what in ("UIDVALIDITY", "EXISTS"))
            return Folder(name, int(_data(validity) or b"0"), int(_data(count[-1:]) or b"0"))

    def names(self) -> list[tuple[str, frozenset[str]]]:
        """Every folder that can be opened, with what it is used for (`\\sent`, `\\trash`)."""
        with self._asking():
            listed = self._box.folder.list()[:_MOST_FOLDERS]
            found = [(one.name, frozenset(flag.lower() for flag in one.flags)) for one in listed]
            return [(name, flags) for name, flags in found if not flags & {"\\noselect", "\\nonexistent"}]

    def rows(self, first: int, last: int) -> list[Row]:
        """The mails in these places, in their order."""
        with self._asking():
            answer = _shown(self._client.fetch(f"{first}:{last}", "(UID RFC822.SIZE INTERNALDATE)"))
            found = {row.place: row for row in map(_row, answer) if row is not None and first <= row.place <= last}
            return [found[place] for place in sorted(found)]

    def mails(self, rows: Sequence[Row], most: int) -> dict[int, bytes]:
        """By its number, each of these mails that is handed over, or its first `most` bytes."""
        places = ",".join(str(row.place) for row in rows)
        # Some servers are a little wrong about sizes.
        with self._asking(2 * sum(min(row.size, most) for row in rows)):
            return _bodies(_shown(self._client.fetch(places, f"(UID BODY.PEEK[]<0.{most}>)")))

    def mail(self, uid: int, most: int, *, part: str = "") -> bytes | None:
        """The first `most` bytes of one mail, or of a `part` (HEADER); None: it is not there any more."""
        with self._asking(most):
            answer = self._client.uid("FETCH", str(uid), f"(UID BODY.PEEK[{part}]<0.{most}>)")
            return _bodies(_shown(answer)).get(uid)

    def having(self, header: str, text: str, *, before: int | None = None) -> list[int]:
        """The numbers of the mails whose header holds this text, up to and without the number `before`."""
        return self.having_any(header, [text], before=before)

    def having_any(self, header: str, texts: Sequence[str], *, before: int | None = None) -> list[int]:
        """The same, of those that hold one of these texts."""
        each = [f"HEADER {header} {_quoted(text)}" for text in texts]
        wanted = " ".join(["OR"] * (len(each) - 1) + each)
        return self._found(wanted if before is None else f"UID 1:{max(before - 1, 1)} {wanted}")

    def without(self, header: str) -> list[int]:
        """The numbers of the mails that have no such header."""
        return self._found(f'NOT HEADER {header} ""')

    def since(self, day: date) -> list[int]:
        """The numbers of the mails that came on this day or later, by the server's calendar."""
        months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
        return self._found(f"SINCE {day.day}-{months[day.month - 1]}-{day.year}")

    def file(self, folder: str, mail: bytes, at: datetime) -> None:
        """Put a mail into a folder, as one that was read."""
        with self._asking():
            self._box.append(mail, folder, at, [imap_tools.MailMessageFlags.SEEN])

    def leave(self) -> None:
        """Log out; nothing that goes wrong in leaving counts."""
        with suppress(CaretoolError), self._asking():
            self._client.logout()
        self._client.let_go()

    def _found(self, criteria: str) -> list[int]:
        with self._asking(3 * _MOST_SAID):
            return sorted(int(uid) for uid in self._box.uids(criteria, charset=None))

    @contextmanager
    def _asking(self, most: int = 0) -> Iterator[None]:
        with told(self._name, self._login), self._client.within(self._whole, _MOST_SAID + most):
            yield


@contextmanager
def opened(
    name: str, server: Server, login: Login, *, patience: float = _PATIENCE, whole: float = _WHOLE
) -> Iterator[Box]:
    """The mailbox of who logs in, until the block ends. Raises TokenRefused, PlatformBusy, PlatformFailed."""
    with told(name, login):
        box = _Connection(server, patience, whole)
    client = box.bounded
    try:
        with told(name, login), client.within(whole):
            _log_in(box, server, login)
        opened_box = Box(name, client, box, login, whole)
        yield opened_box
        opened_box.leave()
    finally:
        client.let_go()


@contextmanager
def told(name: str, login: Login) -> Iterator[None]:
    """What goes wrong with a mailbox, as one of our errors, in one line without what is secret."""
    try:
        yield
    except CaretoolError:
        raise
    except _TROUBLE as problem:
        refused = isinstance(problem, imap_tools.UnexpectedCommandStatusError)
        said = login.left_out(_refusal(problem) if refused else _unheard(problem)).rstrip(".")
        if _PASSES.search(said):
            raise PlatformBusy(f"{name}: the mailbox is busy ({said})") from None
        if isinstance(problem, imap_tools.MailboxLoginError):
            raise TokenRefused(f"{name}: the mailbox does not take {login.what} ({said})") from None
        raise PlatformFailed(f"{name}: the mailbox {'says no' if refused else 'cannot be read'} ({said})") from None


class _Client(imaplib.IMAP4):
    """A talk in which each command takes `whole` seconds at most, and its answer so many bytes: imaplib would wait, and
    read, for ever."""

    def __init__(self, whole: float, *where: Any, **how: Any) -> None:
        self._left = 0
        self.sock: Any = None
        with self.within(whole):
            super().__init__(*where, **how)

    @contextmanager
    def within(self, whole: float, most: int = _MOST_SAID) -> Iterator[None]:
        """Bounds for what is said in the block."""
        self._left = most
        end = threading.Timer(whole, self._hang_up)
        end.daemon = True
        end.start()
        try:
            yield
        finally:
            end.cancel()

    def read(self, size: int) -> bytes:
        """Bytes of a mail."""
        self._count(size)
        return super().read(size)

    def readline(self) -> bytes:
        """A line."""
        line = super().readline()
        self._count(len(line))
        return line

    def let_go(self) -> None:
        """Close it, whatever state it is in."""
        with suppress(OSError, AttributeError):
            self.shutdown()

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise self.abort("it says too much")

    def _hang_up(self) -> None:
        smtp.hang_up(self.sock)


class _EncryptedClient(_Client, imaplib.IMAP4_SSL):
    """The same, encrypted from its first byte."""


class _Connection(imap_tools.BaseMailBox):
    """As imap-tools talks, through a client of ours."""

    def __init__(self, server: Server, patience: float, whole: float) -> None:
        self._server, self._patience, self._whole = server, patience, whole
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        host, port, patience = self._server.host, self._server.port, self._patience
        if self._server.tls == "tls":
            context = ssl.create_default_context()
            self.bounded: _Client = _EncryptedClient(self._whole, host, port, ssl_context=context, timeout=patience)
            return self.bounded
        self.bounded = _Client(self._whole, host, port, timeout=patience)
        if self._server.tls == "starttls":
            try:
                with self.bounded.within(self._whole):
                    self.bounded.starttls(ssl.create_default_context())
            except BaseException:
                self.bounded.let_go()
                raise
        return self.bounded


def _log_in(box: imap_tools.BaseMailBox, server: Server, login: Login) -> None:
    user, password = login.user, login.secret
    if not (user.isprintable() and password.isprintable()):
        raise TokenRefused("user and password of a mailbox are one line each")
    if not login.by_token and user.isascii() and password.isascii():
        box.login(user, password, initial_folder=None)
        return
    try:
        if login.by_token:
            _say_token(box.client, server, login)
        else:
            box.login_utf8(user, password, initial_folder=None)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as refused:  # `authenticate` raises where `login` answers
        raise imap_tools.MailboxLoginError(("NO", [str(refused).encode()]), "OK") from None


def _say_token(client: imaplib.IMAP4, server: Server, login: Login) -> None:
    how = mechanism(one.removeprefix("AUTH=") for one in client.capabilities if one.startswith("AUTH="))
    if how is None:
        raise ValueError("it takes no access tokens: it offers neither XOAUTH2 nor OAUTHBEARER")
    answers = iter(sasl(how, login, server.host, server.port))
    client.authenticate(how, lambda _: next(answers, None))


def _refusal(problem: Any) -> str:
    return smtp.words(_data(problem.command_result[1]))


def _unheard(problem: Exception) -> str:
    # Python's own words for a line that did not come or not to its end, and for a command that could not leave.
    if isinstance(problem, imaplib.IMAP4.abort) and "socket error" in str(problem):
        return "it broke off or took too long"
    return smtp.unheard(problem)


def _shown(answer: tuple[str, Sequence[Any]]) -> Sequence[Any]:
    """What was asked for. A NO may say that some of it was deleted meanwhile; the rest came all the same."""
    typ, data = answer
    if typ != "OK" and not _EXPUNGED.search(_data(data[-1:])):
        raise imap_tools.MailboxFetchError(command_result=answer, expected="OK")
    return data


def _data(answer: Sequence[object] | None) -> bytes:
    """The first thing an answer holds."""
    first = next(iter(answer or ()), None)
    return first if isinstance(first, bytes) else b""


def _row(item: object) -> Row | None:
    """A mail in a list; None where it is something else that the server says meanwhile."""
    line = item[0] if isinstance(item, tuple) else item
    if not isinstance(line, bytes):
        return None
    place, uid, size, arrived = _PLACE.match(line), _UID.search(line), _SIZE.search(line), _ARRIVED.search(line)
    if place is None or uid is None:
        return None
    came = moment(arrived[1].decode("ascii", "replace")) if arrived else None
    return Row(int(place[1]), int(uid[1]), int(size[1]) if size else 0, came)


def _bodies(answer: Sequence[object]) -> dict[int, bytes]:
    """The mails of an answer by their numbers, which stand before or after them."""
    found: dict[int, bytes] = {}
    for at, item in enumerate(answer):
        if isinstance(item, tuple) and len(item) == 2:
            after = answer[at + 1] if at + 1 < len(answer) else b""
            uid = _UID.search(item[0]) or (_UID.search(after) if isinstance(after, bytes) else None)
            if uid is not None:
                found[int(uid[1])] = bytes(item[1])
    return found


def _quoted(text: str) -> str:
    """As a string of a command. What is quoted is printable ASCII."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
