"""A server that takes its time: `python -m bench.slow_server ACCOUNTS PAGES SECONDS` prints its port.

As much of Mastodon's API as fetching mentions needs. Each account has its own mentions, forty a page, each a
conversation of its own; every answer takes as long as it was told. It ends with its stdin.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PAGE = 40
_BEGAN = datetime(2026, 11, 20, tzinfo=UTC)
_TEXT = "<p>@bottegablu il pacco non è ancora arrivato, quando arriva? L'ordine è di due settimane fa.</p>"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body in one piece: else each answer waits for an acknowledgement
    server: SlowServer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        body = self.server.answer(self.headers.get("Authorization", ""), url.path, parse_qs(url.query))
        time.sleep(self.server.seconds)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class SlowServer(ThreadingHTTPServer):
    """Answers are made before it begins, so that it costs next to nothing while others are measured."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, accounts: int, pages: int, seconds: float) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seconds = seconds
        self.pages = {
            f"Bearer token-{account}": [self._page(account, page) for page in range(pages)]
            for account in range(accounts)
        }

    def answer(self, token: str, path: str, asked: dict[str, list[str]]) -> bytes:
        """The body for a path."""
        if path == "/api/v1/notifications":
            pages = self.pages[token]
            place = int(asked.get("min_id", ["0"])[0]) // PAGE
            return pages[place] if place < len(pages) else b"[]"
        if path.endswith("/verify_credentials"):
            return b'{"id": "1", "acct": "bottegablu", "display_name": "Bottega Blu"}'
        if path == "/api/v2/instance":
            return b'{"version": "4.5.2", "source_url": "https://github.com/mastodon/mastodon"}'
        if path == "/api/v1/statuses":
            wanted = [divmod(int(one), 10**8) for one in asked["id[]"]]
            return json.dumps([_notification(account - 1, number)["status"] for account, number in wanted]).encode()
        return b"[]"

    @staticmethod
    def _page(account: int, page: int) -> bytes:
        """Newest first, as Mastodon lists them."""
        numbers = range(page * PAGE + 1, (page + 1) * PAGE + 1)
        return json.dumps([_notification(account, number) for number in reversed(numbers)]).encode()


def _notification(account: int, number: int) -> dict[str, Any]:
    at = (_BEGAN + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
    who = {
        "id": f"9{number}",
        "acct": f"anna{number % 700}",
        "display_name": f"Anna {number % 700}",
        "followers_count": 7,
    }
    status = {
        "id": f"{account + 1}{number:08}", "created_at": at, "account": who, "content": f"{_TEXT} {number}",
        "visibility": "public", "spoiler_text": "", "in_reply_to_id": None, "language": "it", "edited_at": None,
        "url": f"https://social.example/@anna/{number}", "favourites_count": 0, "media_attachments": [], "mentions": [],
    }  # fmt: skip
    return {"id": str(number), "type": "mention", "created_at": at, "account": who, "status": status}


def main() -> None:
    """Serve until stdin ends."""
    server = SlowServer(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
