"""A provider's place for access tokens, for the mail servers here: who asks with a refresh token gets one, and Dovecot
asks whose it is (https://doc.dovecot.org/2.3/configuration_manual/authentication/oauth2/, introspection_mode auth)."""

from __future__ import annotations

import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

CLIENT, FIRST = "desk", "first-refresh-token"


class Tokens:
    """On loopback, at `port`: POST /token gives a token and another refresh token, POST /forget takes all access tokens
    back, GET /whose tells whose a token is."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.refresh, self.access = {FIRST}, set[str]()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Endpoint)
        self._server.daemon_threads = True
        self._server.tokens = self  # type: ignore[attr-defined]
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()

    def granted(self, form: dict[str, list[str]]) -> dict[str, object] | None:
        """A grant; None: not for this."""
        if form.get("client_id") != [CLIENT] or form.get("refresh_token", [""])[0] not in self.refresh:
            return None
        # As long as aiosmtpd takes them.
        access, refresh = secrets.token_urlsafe(400), secrets.token_urlsafe(400)
        self.access.add(access)
        self.refresh.add(refresh)
        return {"token_type": "Bearer", "expires_in": 3599, "access_token": access, "refresh_token": refresh}


class _Endpoint(BaseHTTPRequestHandler):
    @property
    def _tokens(self) -> Tokens:
        found: Tokens = self.server.tokens  # type: ignore[attr-defined]
        return found

    def do_POST(self) -> None:
        """A token, or none any more."""
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        if self.path == "/forget":
            self._tokens.access.clear()
            self._say(200, {})
            return
        grant = self._tokens.granted(form) if self.path == "/token" else None
        self._say(200 if grant else 400, grant or {"error": "invalid_grant"})

    def do_GET(self) -> None:
        """Whose it is."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        known = token in self._tokens.access
        # As RFC 7662 has it; what is no 200, Dovecot takes for trouble over here.
        self._say(200, {"active": True, "email": self._tokens.user} if known else {"active": False})

    def _say(self, status: int, value: dict[str, object]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""
