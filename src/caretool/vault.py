"""Where what a platform renews is kept: a file for each account in `.secrets`, beside no database and in no backup."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from caretool import paths
from caretool.errors import CaretoolError, TokenRefused

FOLDER = ".secrets"
LOCKS = ".locks"


class FileVault:
    """The vault (`domain.vault.Vault`) of one account of a workspace. Making it touches nothing. Its file is known by a
    digest of the account's name: a name may be longer, and of other letters, than a file's may."""

    def __init__(self, folder: Path, account: str) -> None:
        name = hashlib.sha256(account.encode()).hexdigest()[:32]
        self._account = account
        self._locks = folder / LOCKS
        self._folder = folder / FOLDER
        self._file = self._folder / f"{name}.token"
        self._lock = name

    def read(self) -> str | None:
        """What was kept last. TokenRefused where it is damaged, CaretoolError where it cannot be read."""
        try:
            _no_link(self._folder)
            return paths.read_own(self._file).decode()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            what = f"{FOLDER}/{self._file.name}, which holds its token, is damaged"
            raise TokenRefused(f"{self._account}: {what}: delete it, and put in a new token") from None
        except OSError as error:
            raise self._problem("read", error) from error

    def write(self, text: str) -> None:
        """Keep it in the place of what was there, whole or not at all. CaretoolError."""
        with self._locked("written"):
            try:
                paths.own_folder(self._folder)
                paths.put(self._file, text.encode())
            except OSError as error:
                raise self._problem("written", error) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else renews this account's token; waits for whoever does. Dies with its process. CaretoolError."""
        with self._locked("renewed"):
            yield

    @contextmanager
    def _locked(self, how: str) -> Iterator[None]:
        try:
            paths.own_folder(self._locks)
            handle = paths.own_file(self._locks / f"token-{self._lock}-{how}")
        except OSError as error:
            raise self._problem("locked", error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _problem(self, how: str, error: OSError) -> CaretoolError:
        where = Path(error.filename).name if error.filename else self._file.name
        return CaretoolError(f"{self._account}: its token cannot be {how} ({where}: {error.strerror})")


def _no_link(folder: Path) -> None:
    if folder.is_symlink():
        raise OSError(errno.ELOOP, "it is a link", str(folder))
