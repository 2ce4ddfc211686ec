"""Dovecot for IMAP, and aiosmtpd before its LMTP for SMTP with a login: two mailboxes, encrypted or not, on loopback.

aiosmtpd stands for the many servers that take mail in: it speaks RFC 5321 and 4954, and hands each mail to Dovecot,
which takes it or does not. Debian's dovecot-imapd and dovecot-lmtpd, started in the foreground as a child; needs root,
since Dovecot wants users of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import pwd
import shutil
import smtplib
import subprocess
import tempfile
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.live.mail_tokens import Tokens
from tests.live.servers import Unavailable, ended, free_port, listening, packages
from tests.notifiers.server import CERTIFICATE

USERS = {"aiuto@bottegablu.example": "correct horse battery", "anna@posta.example": "another horse"}

_CONF = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
mail_location = maildir:~/Maildir
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""

_OAUTH = """
introspection_mode = auth
introspection_url = http://127.0.0.1:{tokens}/whose
username_attribute = email
active_attribute = active
active_value = true
"""


class Live:
    """Two mailboxes on real servers."""

    name = "mail"

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._dovecot: subprocess.Popen[bytes] | None = None
        self._smtp: Controller | None = None
        self._tokens: Tokens | None = None

    @property
    def version(self) -> str:
        """Of both."""
        shown = subprocess.run([_dovecot(), "--version"], capture_output=True, text=True, check=True).stdout.strip()
        return f"Dovecot {shown}, aiosmtpd {version('aiosmtpd')}"

    def start(self) -> Mapping[str, str]:
        """Both servers; their ports."""
        packages(["dovecot", "lmtp"], ["dovecot-imapd", "dovecot-lmtpd"])
        if os.geteuid() != 0:
            raise Unavailable("Dovecot is started as root")
        self._tokens = Tokens(next(iter(USERS)))
        ports = {"tokens": self._tokens.port, **{name: free_port() for name in ("imap", "imaps", "lmtp", "smtp")}}
        # Dovecot's own users must be able to enter.
        self._folder = tempfile.TemporaryDirectory(prefix="caretool-live-mail-", ignore_cleanup_errors=True)
        Path(self._folder.name).chmod(0o755)
        self._start_dovecot(Path(self._folder.name), ports)
        # It says on stderr what it thinks of a login without encryption, at every connection.
        warnings.simplefilter("ignore", UserWarning)
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self._smtp = Controller(
            _Submission(ports["lmtp"], self._tokens),
            hostname="127.0.0.1",
            port=ports["smtp"],
            authenticator=_authenticated,
            auth_require_tls=False,
            auth_required=True,
        )
        self._smtp.start()
        return {name: str(port) for name, port in ports.items()}

    def stop(self) -> None:
        """End them all."""
        if self._tokens is not None:
            self._tokens.stop()
            self._tokens = None
        if self._smtp is not None:
            self._smtp.stop()
            self._smtp = None
        ended(self._dovecot)
        if self._folder is not None:
            self._folder.cleanup()

    def _start_dovecot(self, folder: Path, ports: Mapping[str, int]) -> None:
        nobody = pwd.getpwnam("nobody")
        for name in ("run", "state", "home"):
            (folder / name).mkdir(mode=0o755)
        os.chown(folder / "home", nobody.pw_uid, nobody.pw_gid)
        lines = [f"{user}:{{PLAIN}}{password}::::::\n" for user, password in USERS.items()]
        (folder / "users").write_text("".join(lines), encoding="utf-8")
        (folder / "users").chmod(0o644)
        certificate = shutil.copy(CERTIFICATE, folder / "localhost.pem")
        who = {"uid": nobody.pw_uid, "gid": nobody.pw_gid, "user": "dovecot", "group": "dovecot"}
        conf = _CONF.format(folder=folder, certificate=certificate, **who, **ports)
        (folder / "dovecot.conf").write_text(conf, encoding="utf-8")
        (folder / "oauth2.conf").write_text(_OAUTH.format(tokens=ports["tokens"]), encoding="utf-8")
        self._dovecot = subprocess.Popen(
            [_dovecot(), "-F", "-c", str(folder / "dovecot.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            for port in ("imap", "imaps", "lmtp"):
                listening(ports[port], self._dovecot)
        except Unavailable as problem:
            ended(self._dovecot)
            said = self._dovecot.stderr.read().decode() if self._dovecot.stderr else ""
            with contextlib.suppress(OSError):
                said += (folder / "dovecot.log").read_text(encoding="utf-8")
            raise Unavailable(f"{problem}: {said.strip()[-300:]}") from None


class _Submission:
    """Takes mail from who has logged in, for the mailboxes there are."""

    def __init__(self, lmtp: int, tokens: Tokens) -> None:
        self._lmtp = lmtp
        self._tokens = tokens

    async def auth_XOAUTH2(self, server: SMTP, _: Any) -> AuthResult:  # noqa: N802
        """A login by an access token; of a wrong one it is told first what is wrong, as Google's server does."""
        said = await server.challenge_auth("")
        user, _, token = said.decode().removesuffix("\1\1").partition("\1auth=Bearer ")
        right = user == f"user={self._tokens.user}" and token in self._tokens.access
        if not right:
            await server.challenge_auth(json.dumps({"status": "401", "schemes": "bearer", "scope": "mail"}))
        return AuthResult(success=right, handled=False, auth_data=user)

    async def handle_RCPT(self, _: SMTP, __: Any, envelope: Any, address: str, ___: Any) -> str:  # noqa: N802
        """The recipient."""
        if address.lower() not in USERS:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Any, envelope: Any) -> str:  # noqa: N802
        """The mail."""

        def deliver() -> None:
            with smtplib.LMTP("127.0.0.1", self._lmtp) as dovecot:
                dovecot.sendmail(envelope.mail_from, envelope.rcpt_tos, envelope.original_content)

        try:
            await asyncio.to_thread(deliver)
        except (smtplib.SMTPException, OSError) as problem:
            return f"451 4.3.0 {str(problem)[:80]}"
        return "250 2.0.0 delivered"


def _authenticated(_: SMTP, __: Any, ___: Any, ____: str, data: LoginPassword) -> AuthResult:
    right = USERS.get(data.login.decode("utf-8", "replace"), "").encode() == data.password
    return AuthResult(success=right, handled=right)


def _dovecot() -> str:
    return shutil.which("dovecot", path=f"{os.defpath}:/usr/sbin") or "dovecot"
