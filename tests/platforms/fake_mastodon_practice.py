"""The fake Mastodon on a real socket of this machine: for tests, and to try caretool on by hand."""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import get_args

import httpx

from tests.platforms.fake_mastodon import FakeMastodon, Software


@contextmanager
def serve(fake: FakeMastodon, port: int = 0) -> Iterator[str]:
    """The address at which the fake answers until the block ends."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body leave together

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", 0)))
            url = f"http://{self.headers.get('host')}{self.path}"
            request = httpx.Request(self.command, url, headers=dict(self.headers.items()), content=content)
            try:
                with lock:
                    answer = fake.handle(request)
            except httpx.ReadError:
                self.close_connection = True
                return
            whole = answer.headers.pop("x-whole", str(len(answer.content)))
            self.send_response(answer.status_code)
            for name in ("content-type", "link", *(name for name in answer.headers if name.startswith("x-"))):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("content-length", whole)
            self.end_headers()
            self.wfile.write(answer.content)
            self.close_connection = self.close_connection or whole != str(len(answer.content))

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the names the library calls

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a test has no use for it, and a newcomer neither."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def furnish(fake: FakeMastodon) -> None:
    """A morning of invented mentions: some of a thread, one unlisted, one direct, one with a content warning; and what
    is said of the shop elsewhere."""
    now = fake.clock()

    def ago(minutes: int) -> datetime:
        return now - timedelta(minutes=minutes)

    for acct, name in {
        "anna": "Anna Rossi",
        "bruno@posta.example": "Bruno Neri",
        "carla": "Carla Bianchi",
        "emma@toots.example": "Emma Clarke",
        "giulio@posta.example": "Giulio Verdi",
        "lucy": "Lucy Hill",
        "piero": "Piero Gallo",
    }.items():
        fake.person(acct, name, followers=120)
    sale = fake.write("bottegablu", "Da oggi le console sono di nuovo in negozio.", at=ago(180), tells_us=False)
    asked = {"anna": 95, "bruno@posta.example": 80, "carla": 61}
    for acct, minutes in asked.items():
        text = (
            f"@bottegablu il mio pacco non è ancora arrivato, doveva essere qui {'ieri' if minutes > 70 else 'lunedì'}!"
        )
        fake.write(acct, text, reply_to=sale, at=ago(minutes))
    fake.write("lucy", "@bottegablu do you have the blue lamp in the shop in Bologna?", at=ago(50))
    fake.write("giulio@posta.example", "@bottegablu a che ora chiudete il sabato?", visibility="unlisted", at=ago(42))
    fake.write(
        "piero",
        "@bottegablu il vaso è arrivato in mille pezzi e mi sono tagliato aprendo il pacco.",
        warning="sangue",
        at=ago(30),
    )
    fake.write(
        "emma@toots.example",
        "@bottegablu my order never came and nobody answers the phone. Can you look into it?",
        visibility="direct",
        at=ago(12),
    )
    _furnish_beyond(fake, ago)


def _furnish_beyond(fake: FakeMastodon, ago: Callable[[int], datetime]) -> None:
    """What is said of the shop and not to it, for a watch word to find: by name, by hashtag, and of a namesake."""
    for acct, name in {
        "dario.r@posta.example": "Dario Ricci",
        "marta": "Marta Ferri",
        "nadia@posta.example": "Nadia Conti",
        "oliver@toots.example": "Oliver Shaw",
    }.items():
        fake.person(acct, name, followers=60)
    for acct, minutes, text, language in (
        ("marta", 11, "Le lampade di #bottegablu sono bellissime, ne ho prese due. Grazie!", "it"),
        ("nadia@posta.example", 9, "Ordinato da Bottega Blu dieci giorni fa e il pacco non è ancora arrivato.", "it"),
        ("oliver@toots.example", 7, "Does anybody know whether Bottega Blu ships to Ireland?", "en"),
        ("dario.r@posta.example", 5, "Cena ottima da Bottega Blu Milano, il risotto era perfetto.", "it"),
    ):
        fake.write(acct, text, at=ago(minutes), language=language, tells_us=False)


def main() -> None:
    """Serve until Ctrl-C, or until the minutes are over."""
    parser = argparse.ArgumentParser(prog="python -m tests.platforms.fake_mastodon", description=__doc__)
    parser.add_argument("--port", type=int, default=3000, help="where it listens on 127.0.0.1 (3000)")
    parser.add_argument("--minutes", type=float, default=30, help="after how long it stops by itself (30)")
    parser.add_argument("--software", choices=get_args(Software), default="mastodon", help="what it plays (mastodon)")
    chosen = parser.parse_args()
    fake = FakeMastodon(software=chosen.software, clock=lambda: datetime.now(UTC))
    fake.tokens.clear()
    furnish(fake)
    with serve(fake, chosen.port) as address, suppress(KeyboardInterrupt):
        print(  # noqa: T201 - this is what it is for
            f"A practice server that plays {chosen.software} is at {address}.\n"
            f"It stops by itself in {chosen.minutes:g} minutes, or now with Ctrl-C. Nothing in it is real.",
            flush=True,
        )
        time.sleep(chosen.minutes * 60)
