"""What apprise reaches, tried with its own JSON service against a server on loopback."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from caretool.errors import CaretoolError
from caretool.notifiers.apprise import Elsewhere
from caretool.notifiers.notifier import Message

# What apprise imports on Python 3.11 and 3.12.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

MESSAGE = Message("2 overdue", "long", "pickup for Anna ＠everyone", "<p>", datetime(2026, 11, 23, tzinfo=UTC), "k")
TOKEN = "s3cr3t-t0ken"


class Listener(ThreadingHTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.came: list[dict[str, str]] = []
        self.answer = 200


class Hook(BaseHTTPRequestHandler):
    """One request."""

    server: Listener

    def do_POST(self) -> None:
        self.server.came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def elsewhere(port: int) -> Elsewhere:
    return Elsewhere(f"json://127.0.0.1:{port}/{TOKEN}", "owners.desk.notify[1]")


def test_a_message_reaches_the_service(listener: Listener) -> None:
    elsewhere(listener.server_port).tell(MESSAGE)
    [told] = listener.came
    assert (told["title"], told["message"]) == ("2 overdue", "pickup for Anna ＠everyone")


def test_a_service_that_refuses_is_told_without_its_address(
    listener: Listener, capfd: pytest.CaptureFixture[str]
) -> None:
    listener.answer = 500
    with pytest.raises(CaretoolError, match=r"owners.desk.notify\[1\] was not told: the service") as caught:
        elsewhere(listener.server_port).tell(MESSAGE)
    assert TOKEN not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_what_is_no_address_is_told_without_repeating_it() -> None:
    with pytest.raises(CaretoolError) as caught:
        Elsewhere(f"nothing://{TOKEN}", "owners.desk.notify[1]").tell(MESSAGE)
    assert str(caught.value) == "owners.desk.notify[1] is no address that apprise knows: see its documentation."


def test_without_apprise_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(CaretoolError) as caught:
        elsewhere(1).tell(MESSAGE)
    assert str(caught.value) == "owners.desk.notify[1] needs one more package: pip install 'caretool[notify]'"
