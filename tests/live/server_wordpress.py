"""A real WordPress on this machine: Debian's packages, PHP's own web server, MariaDB without a port.

It listens on 127.0.0.1 only, is a new site at each start, and ends nothing but what it began.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.live.servers import Unavailable, ended, free_port, listening, packages

SITE = Path(__file__).with_name("wordpress_site.php")
_PACKAGES = (
    "wordpress", "php-cli", "php-mysql", "php-curl", "php-xml", "php-mbstring", "mariadb-server",
)  # fmt: skip
_WORDPRESS = Path("/usr/share/wordpress")
_SQL = "create database wp; create user wp@localhost identified by 'wp'; grant all on wp.* to wp@localhost"
# Application passwords want HTTPS, save where a site says that it is somebody's own.
_CONFIG = """<?php
define('DB_NAME', 'wp'); define('DB_USER', 'wp'); define('DB_PASSWORD', 'wp');
define('DB_HOST', 'localhost:{socket}'); define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
define('WP_ENVIRONMENT_TYPE', 'local'); define('WP_HTTP_BLOCK_EXTERNAL', true); define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true); define('AUTH_SALT', 'local'); define('NONCE_SALT', 'local');
define('WP_HOME', '{url}'); define('WP_SITEURL', '{url}');
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""
# Without a file of that name it is one of WordPress's own addresses.
_ROUTER = """<?php
$root = __DIR__ . '/www';
if (is_file($root . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH))) return false;
$_SERVER['SCRIPT_NAME'] = '/index.php'; chdir($root); require "$root/index.php";
"""


class WordPress:
    """`start` gives its address, where it lies, and the application password of its editor `desk`."""

    name = "wordpress"

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._database: subprocess.Popen[bytes] | None = None
        self._php: subprocess.Popen[bytes] | None = None
        self._version = "?"

    @property
    def version(self) -> str:
        """Of WordPress, PHP and MariaDB."""
        php = subprocess.run(["php", "-r", "echo PHP_VERSION;"], capture_output=True, text=True, check=True).stdout
        said = subprocess.run([_mariadbd(), "--version"], capture_output=True, text=True, check=True).stdout
        database = said.partition("Ver ")[2].partition("-")[0]
        return f"WordPress {self._version}, PHP {php}, MariaDB {database}"

    def start(self) -> Mapping[str, str]:
        """Install what is missing, begin a new site."""
        if not (_WORDPRESS / "wp-includes").is_dir():
            packages(["no such program"], _PACKAGES)
        packages(["php", "mariadbd", "mariadb-install-db"], _PACKAGES)
        self._folder = tempfile.TemporaryDirectory(prefix="caretool-live-wordpress-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        folder.chmod(0o755)  # the database's own user must be able to enter
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        self._start_database(folder)
        shutil.copytree(_WORDPRESS, folder / "www", ignore=shutil.ignore_patterns("wp-config.php"))
        config = _CONFIG.format(socket=folder / "socket", url=url)
        (folder / "www" / "wp-config.php").write_text(config, encoding="utf-8")
        (folder / "router.php").write_text(_ROUTER, encoding="utf-8")
        site(folder / "www", "install")
        prepared = site(folder / "www", "prepare")
        self._version = prepared["version"]
        with (folder / "php.log").open("wb") as log:
            words = ["php", "-S", f"127.0.0.1:{port}", "-t", "www", "router.php"]
            self._php = subprocess.Popen(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        listening(port, self._php)
        secrets = {name: prepared[name]["password"] for name in ("desk", "writer")}
        return {"url": url, "www": str(folder / "www"), "me": str(prepared["desk"]["id"]), **secrets}

    def stop(self) -> None:
        """End what was begun."""
        ended(self._php)
        ended(self._database)
        if self._folder is not None:
            self._folder.cleanup()

    def _start_database(self, folder: Path) -> None:
        data, who = folder / "data", ["--user=mysql"] if os.geteuid() == 0 else []
        data.mkdir()
        if who:
            shutil.chown(data, "mysql")
            shutil.chown(folder, "mysql")
        own = ["--no-defaults", *who, f"--datadir={data}"]
        _run(["mariadb-install-db", *own, "--auth-root-authentication-method=normal", "--skip-test-db"])
        with (folder / "database.log").open("wb") as log:
            self._database = subprocess.Popen(
                [
                    _mariadbd(), *own, f"--socket={folder / 'socket'}", f"--pid-file={data / 'pid'}",
                    "--skip-networking", "--innodb-flush-log-at-trx-commit=0",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        there = ["--no-defaults", "-uroot", "-S", str(folder / "socket")]
        _run(["mariadb-admin", *there, "--wait=300", "--connect-timeout=1", "ping"])
        _run(["mariadb", *there, "-e", _SQL])


def site(www: str | Path, action: str, given: object = None) -> Any:
    """Do something to a site from behind (wordpress_site.php); what it says. Raises Unavailable."""
    said = _run(["php", str(SITE), str(www), action], json.dumps(given))
    return json.loads(said) if said.strip() else None


def _run(words: list[str], given: str = "") -> str:
    done = subprocess.run(words, input=given, capture_output=True, text=True)
    if done.returncode != 0:
        raise Unavailable(f"{words[0]}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def _mariadbd() -> str:
    return shutil.which("mariadbd", path=f"{os.defpath}:/usr/sbin") or "mariadbd"
