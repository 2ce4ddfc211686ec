"""Where a desk stands, for what has to work even when its settings are wrong or its database is damaged or missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from caretool.errors import SettingsProblem

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from caretool.domain.policy import Settings


@dataclass(frozen=True, slots=True)
class Premises:
    """A workspace of which nothing is opened yet. `load_settings` reads the files anew (SettingsProblem); `agent_id` is
    who was named, None where nobody was; `say` and `progress` as in `Desk`."""

    folder: Path
    database: Path
    load_settings: Callable[[], Settings]
    clock: Callable[[], datetime]
    agent_id: str | None
    say: Callable[[str], None]
    progress: Callable[[str], None]

    @property
    def settings(self) -> Settings:
        """The workspace's files as they are now. SettingsProblem."""
        return self.load_settings()

    @property
    def zone(self) -> ZoneInfo | None:
        """The desk's zone; None where the settings do not load."""
        try:
            return self.settings.policy.company.zone
        except SettingsProblem:
            return None
