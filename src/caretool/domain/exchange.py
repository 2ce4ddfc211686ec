"""What was said back and forth before a comment: by who wrote it, by us, and in between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from caretool.domain.masking import Exposed, masked


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that was said: `by` is an agent's id where we said it through the desk, else what they are called.

    `exposed` is where personal data stands in what others wrote; None: nobody has looked.
    """

    at: datetime
    by: str
    own: bool
    text: str
    exposed: tuple[Exposed, ...] | None = None

    @property
    def masked(self) -> str:
        """What was said, without personal data of others."""
        return self.text if self.own else masked(self.text, self.exposed)
