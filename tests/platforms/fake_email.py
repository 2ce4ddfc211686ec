"""A mailbox and its two servers on loopback: IMAP4rev1 (RFC 3501, as far as the connector speaks it) and SMTP
submission (RFC 5321, 4954), hand-written so that they can go wrong at any byte. tests/live has real ones.

Answers have the shape of Dovecot's 2.3 (a literal for each body, `UID` before it, `BODY[]<0>` for a part of it).
"""

from __future__ import annotations

import base64
import re
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import IO, Literal, cast

from tests.notifiers.server import CERTIFICATE
from tests.platforms.fake_email_tokens import FakeTokens

PASSWORD = "correct horse battery"
USER = "aiuto@bottegablu.example"

Trouble = Literal["refuse", "busy", "half", "drop", "fail"]
# Of one command: it breaks off before anything is done, after, or in the middle of its answer; the server cannot do it
# now; it lets nobody in.
Fate = Literal["before", "after", "half", "busy", "refused"]
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|\(([^)]*)\)|([^\s()"]\S*)')


class Gone(Exception):
    """The connection is broken off."""


@dataclass
class Stored:
    """A mail in a folder."""

    uid: int
    raw: bytes
    arrived: datetime
    flags: set[str] = field(default_factory=set)

    @property
    def mail(self) -> EmailMessage:
        return cast(EmailMessage, message_from_bytes(self.raw, policy=policy.default))


@dataclass
class Kept:
    """A folder."""

    validity: int = 1
    next_uid: int = 1
    flags: str = ""
    mails: list[Stored] = field(default_factory=list)

    def add(self, raw: bytes, arrived: datetime, *flags: str) -> Stored:
        self.mails.append(Stored(self.next_uid, raw, arrived, set(flags)))
        self.next_uid += 1
        return self.mails[-1]


class FakeEmail:
    """What lies there, what was sent, and what goes wrong next: `reading` at the next command that reads, `writing` at
    the next mail that is handed in. `files_itself`: the server puts what it sends into `Sent`, as some do.
    `answers_data`: what is said to a mail's last dot in the place of 250. `says_at`: the same for a command of SMTP.
    `breaks_at`: the command at which it breaks off (`content`: while the mail is handed in). `fate` says what
    becomes of each command (`SMTP CONTENT`: of the mail itself). With `tokens` nobody gets in but by one."""

    def __init__(self, now: datetime, *, files_itself: bool = False) -> None:
        self.now = now
        self.files_itself = files_itself
        self.folders = {"INBOX": Kept(), "Sent": Kept(flags="\\Sent")}
        self.password = PASSWORD
        self.tokens: FakeTokens | None = None
        self.sent: list[tuple[list[str], EmailMessage]] = []
        self.reading: Trouble | None = None
        self.writing: Trouble | None = None
        self.answers_data: bytes | None = None
        self.says_at: dict[str, bytes] = {}
        self.breaks_at: str | None = None
        self.no_append = False
        self.bodies_refused: bytes | None = None
        self.commands: list[str] = []
        self.fate: Callable[[str], Fate | None] = lambda command: None
        self.imap_port = self.smtp_port = 0

    def writes(self) -> int:
        return self.commands.count("SMTP DATA")

    def replies(self) -> list[str]:
        """The texts of what was handed in, whole."""
        return [mail.get_content().replace("\r\n", "\n").removesuffix("\n") for _, mail in self.sent]


@contextmanager
def serving(fake: FakeEmail, *, tls: bool = False) -> Iterator[FakeEmail]:
    """Both servers, until the block ends; with `tls` IMAP is encrypted from its first byte."""
    servers = []
    for talk in (_Imap, _Smtp):
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), talk)
        server.daemon_threads = True
        if tls and talk is _Imap:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.fake = fake  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
    fake.imap_port, fake.smtp_port = (server.server_address[1] for server in servers)
    try:
        yield fake
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


class _Talk(socketserver.StreamRequestHandler):
    """What both servers have in common."""

    disable_nagle_algorithm = True
    rfile: IO[bytes]  # type: ignore[assignment]

    def setup(self) -> None:
        self.fake: FakeEmail = self.server.fake  # type: ignore[attr-defined]
        self.offered = self.fake.tokens.mechanisms if self.fake.tokens is not None else ("PLAIN",)
        super().setup()

    def handle(self) -> None:
        try:
            self.talk()
        except (Gone, OSError):
            return

    def talk(self) -> None:
        raise NotImplementedError

    def met(self, command: str) -> Fate | None:
        """What becomes of it; where that is nothing at all, it is broken off."""
        fate = self.fake.fate(command)
        if fate == "before" or command == f"SMTP {self.fake.breaks_at}":
            raise Gone
        return fate

    def lets_in(self, how: str, plus: bytes) -> bool:
        """Whether a login that is said after a `plus` is the right one."""

        def ask(question: bytes) -> bytes:
            self.say(plus + b" " + question)
            return self.line()

        if self.fake.tokens is not None:
            return self.fake.tokens.lets_in(how, ask(b""), ask)
        return self.knows(base64.b64decode(ask(b"")).split(b"\0")[1:])

    def knows(self, who: list[bytes]) -> bool:
        """Whether it is the right user with the right password, where there is one."""
        return self.fake.tokens is None and [one.decode() for one in who] == [USER, self.fake.password]

    def end(self, line: bytes, fate: Fate | None) -> None:
        """The last line of an answer, as far as it comes."""
        if fate == "half":
            self.wfile.write(line[: len(line) // 2])
        if fate in ("half", "after"):
            raise Gone
        self.say(line)

    def line(self) -> bytes:
        line = self.rfile.readline()
        if not line.endswith(b"\n"):  # half a line is none
            raise Gone
        return line.rstrip(b"\r\n")

    def say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


class _Imap(_Talk):
    folder: Kept | None = None

    def talk(self) -> None:
        self.say(b"* OK fake ready.")
        while True:
            tag, _, rest = self.line().partition(b" ")
            name, _, args = rest.partition(b" ")
            if name.upper() == b"UID":
                verb, _, args = args.partition(b" ")
                name = b"UID_" + verb
            self.fake.commands.append(f"IMAP {name.decode().upper()}")
            if name.upper() == b"LOGOUT":
                self.say(b"* BYE")
                self.say(tag + b" OK bye")
                raise Gone
            fate = self.met(f"IMAP {name.decode().upper()}")
            if fate == "busy":
                self.say(tag + b" NO [UNAVAILABLE] come back later")
            elif fate == "refused":
                self.say(tag + b" NO [AUTHENTICATIONFAILED] Authentication failed.")
            else:
                answer = getattr(self, f"do_{name.decode().lower()}", self._unknown)(args)
                self.end(tag + b" " + answer, fate)

    def _unknown(self, _: bytes) -> bytes:
        return b"BAD what?"

    def do_capability(self, _: bytes) -> bytes:
        self.say(" ".join(["* CAPABILITY IMAP4rev1", *(f"AUTH={one}" for one in self.offered)]).encode())
        return b"OK done"

    def do_login(self, args: bytes) -> bytes:
        return self._entered(self.knows(_tokens(args)))

    def do_authenticate(self, how: bytes) -> bytes:
        return self._entered(self.lets_in(how.decode(), b"+"))

    def _entered(self, right: bool) -> bytes:
        if self.fake.reading == "busy":
            return b"NO [UNAVAILABLE] come back later"
        if self.fake.reading == "refuse" or not right:
            return b"NO [AUTHENTICATIONFAILED] Authentication failed."
        return b"OK Logged in"

    def do_list(self, _: bytes) -> bytes:
        for name, kept in self.fake.folders.items():
            self.say(f'* LIST (\\HasNoChildren {kept.flags}) "/" "{name}"'.encode())
        return b"OK done"

    def do_examine(self, args: bytes) -> bytes:
        self.folder = self.fake.folders.get(_tokens(args)[0].decode())
        if self.folder is None:
            return b"NO [NONEXISTENT] Mailbox doesn't exist"
        self.say(f"* {len(self.folder.mails)} EXISTS".encode())
        self.say(f"* OK [UIDVALIDITY {self.folder.validity}] UIDs valid".encode())
        return b"OK [READ-ONLY] Examine completed"

    def do_select(self, args: bytes) -> bytes:
        raise AssertionError("a folder is only ever examined")

    def do_fetch(self, args: bytes) -> bytes:
        wanted, _, what = args.partition(b" ")
        return self._fetched(_numbers(wanted), what, by_uid=False)

    def do_uid_fetch(self, args: bytes) -> bytes:
        wanted, _, what = args.partition(b" ")
        return self._fetched(_numbers(wanted), what, by_uid=True)

    def _fetched(self, wanted: list[tuple[int, int]], what: bytes, *, by_uid: bool) -> bytes:
        assert self.folder is not None
        if self.fake.reading == "fail":
            return b"NO [SERVERBUG] Internal error"
        if self.fake.reading == "drop":
            raise Gone
        if self.fake.bodies_refused and b"BODY" in what:
            return self.fake.bodies_refused
        for place, stored in enumerate(self.folder.mails, start=1):
            number = stored.uid if by_uid else place
            if any(first <= number <= last for first, last in wanted):
                self._show(place, stored, what)
        return b"OK Fetch completed"

    def _show(self, place: int, stored: Stored, what: bytes) -> None:
        body = re.search(rb"BODY\.PEEK\[(\w*)\](?:<0\.(\d+)>)?", what)
        start = f"* {place} FETCH (UID {stored.uid}"
        if body is None:
            arrived = stored.arrived.strftime("%d-%b-%Y %H:%M:%S %z")
            self.say(f'{start} RFC822.SIZE {len(stored.raw)} INTERNALDATE "{arrived}")'.encode())
            return
        raw = stored.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if body[1] == b"HEADER" else stored.raw
        part = raw[: int(body[2])] if body[2] else raw
        self.say(f"{start} BODY[{body[1].decode()}]<0> {{{len(part)}}}".encode())
        if self.fake.reading == "half":
            self.wfile.write(part[: len(part) // 2])
            raise Gone
        self.wfile.write(part)
        self.say(b")")

    def do_uid_search(self, args: bytes) -> bytes:
        assert self.folder is not None
        tokens = _tokens(args)
        found = [stored.uid for stored in self.folder.mails if _matches(stored, list(tokens))]
        self.say(b"* SEARCH " + " ".join(map(str, found)).encode())
        return b"OK Search completed"

    def do_append(self, args: bytes) -> bytes:
        found = re.fullmatch(rb'"?(.+?)"? \((.*)\) "(.*)" \{(\d+)\}', args)
        assert found is not None, args
        self.say(b"+ go")
        raw = self.rfile.read(int(found[4]))
        self.line()
        if self.fake.no_append:
            return b"NO [OVERQUOTA] full"
        arrived = datetime.strptime(found[3].decode().strip(), "%d-%b-%Y %H:%M:%S %z")
        self.fake.folders[found[1].decode()].add(raw, arrived, *found[2].decode().split())
        return b"OK Append completed"


class _Smtp(_Talk):
    def talk(self) -> None:
        self.say(b"220 fake ready")
        to: list[str] = []
        while True:
            verb, _, args = self.line().partition(b" ")
            name = verb.decode().upper()
            self.fake.commands.append(f"SMTP {name}")
            fate = self.met(f"SMTP {name}")
            if fate in ("busy", "refused"):
                self.say(b"451 4.3.0 come back later" if fate == "busy" else b"535 5.7.8 Error: authentication failed")
            elif fate is not None and name not in ("DATA", "QUIT"):
                self.end(b"250 ok", fate)
            elif name in self.fake.says_at:
                self.say(self.fake.says_at[name])
            elif name == "EHLO":
                self.say(b"250-fake")
                self.say(b"250 AUTH " + " ".join(self.offered).encode())
            elif name == "AUTH":
                self.say(self._entered(args))
            elif name == "RCPT":
                to.append(args.decode().partition("<")[2].rstrip(">"))
                self.say(b"250 ok")
            elif name == "DATA":
                self.say(b"354 go")
                self._taken(to)
                to = []
            elif name == "QUIT":
                self.say(b"221 bye")
                raise Gone
            else:
                self.say(b"250 ok")

    def _entered(self, args: bytes) -> bytes:
        how, _, first = args.decode().partition(" ")
        right = self.knows(base64.b64decode(first).split(b"\0")[1:]) if first else self.lets_in(how, b"334")
        if self.fake.writing == "busy":
            return b"454 4.7.0 Temporary authentication failure"
        return b"235 welcome" if right and self.fake.writing != "refuse" else b"535 5.7.8 Error: authentication failed"

    def _taken(self, to: list[str]) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line or self.fake.breaks_at == "content":
                raise Gone
            lines.append(line[1:] if line.startswith(b".") else line)
        raw = b"".join(lines)
        fate = self.met("SMTP CONTENT")
        if self.fake.answers_data is not None or fate == "busy":
            self.say(b"451 4.3.0 come back later" if fate == "busy" else self.fake.answers_data or b"")
            return
        self.fake.sent.append((to, cast(EmailMessage, message_from_bytes(raw, policy=policy.default))))
        if self.fake.files_itself:
            self.fake.folders["Sent"].add(raw, self.fake.now, "\\Seen")
        if self.fake.writing == "drop":
            raise Gone
        if self.fake.writing == "half":
            self.wfile.write(b"25")
            raise Gone
        self.end(b"999 what" if self.fake.writing == "fail" else b"250 2.0.0 taken", fate)


def _tokens(args: bytes) -> list[bytes]:
    return [
        re.sub(rb"\\(.)", rb"\1", found[1]) if found[1] is not None else found[2] or found[3] or b""
        for found in _TOKEN.finditer(args)
    ]


def _numbers(text: bytes) -> list[tuple[int, int]]:
    ranges = [part.partition(b":") for part in text.split(b",")]
    return [(int(first), int(last) if last else int(first)) for first, _, last in ranges]


def _matches(stored: Stored, tokens: list[bytes]) -> bool:
    """Whether a mail is what all of these keys of a search ask for."""
    matches = True
    while tokens:
        matches = _key(stored, tokens) and matches
    return matches


def _key(stored: Stored, tokens: list[bytes]) -> bool:
    key = tokens.pop(0).upper()
    if key == b"NOT":
        return not _key(stored, tokens)
    if key == b"OR":
        one, other = _key(stored, tokens), _key(stored, tokens)
        return one or other
    if key == b"UID":
        return any(first <= stored.uid <= last for first, last in _numbers(tokens.pop(0)))
    if key == b"SINCE":
        return stored.arrived.date() >= datetime.strptime(f"{tokens.pop(0).decode()} +0000", "%d-%b-%Y %z").date()
    assert key == b"HEADER", key
    name, text = tokens.pop(0).decode(), tokens.pop(0).decode().lower()
    headers = message_from_bytes(stored.raw)
    return any(text in str(value).lower() for value in headers.get_all(name, []))
