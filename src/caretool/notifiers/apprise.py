"""Chats, phones and everything else that apprise reaches (the extra `notify`)."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from caretool.errors import CaretoolError
from caretool.notifiers.notifier import Message


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An address of apprise's. It may hold a secret, so errors call it `name`."""

    address: str
    name: str

    def tell(self, message: Message) -> None:
        """Hand it to apprise."""
        try:
            from apprise import Apprise, AppriseAsset, NotifyFormat
        except ImportError:
            raise CaretoolError(f"{self.name} needs one more package: pip install 'caretool[notify]'") from None
        # It says what went wrong to `logging`, which ends on stderr, and the address with it.
        log = logging.getLogger("apprise")
        log.propagate = False
        log.addHandler(logging.NullHandler())
        asset = AppriseAsset(app_id="caretool", app_desc="caretool", async_mode=False, secure_logging=True)
        service = Apprise(asset=asset)
        try:
            if not service.add(self.address):
                raise CaretoolError(f"{self.name} is no address that apprise knows: see its documentation.")
            told = service.notify(body=message.short, title=message.subject, body_format=NotifyFormat.TEXT)
        except (OSError, ValueError, TypeError) as problem:
            raise CaretoolError(f"{self.name} was not told: apprise failed ({type(problem).__name__}).") from None
        if not told:
            raise CaretoolError(f"{self.name} was not told: the service behind it refused, or could not be reached.")
