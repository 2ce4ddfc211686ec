"""How long what strangers wrote is kept: by what it is and where it was written (R8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from caretool.domain.codes import Kind
from caretool.domain.duration import Duration


@dataclass(frozen=True, slots=True)
class Retention:
    """Lengths from the moment a comment was fetched, none of them on a calendar. None: as long as the workspace is."""

    default: Duration | None = None
    platforms: Mapping[str, Duration] = field(default_factory=dict)
    kinds: Mapping[Kind, Duration] = field(default_factory=dict)
    evidence: Duration | None = None

    @property
    def says_something(self) -> bool:
        """Whether anything is not kept for good."""
        return bool(self.default or self.platforms or self.kinds or self.evidence)

    @property
    def evidence_length(self) -> timedelta | None:
        """How long the words of moderation's evidence are kept, from the moment it was taken; None: for good."""
        return self.evidence.elapsed if self.evidence is not None else None


def kept_for(
    retention: Retention, *, platform: str, kind: Kind | None, at_most: timedelta | None = None
) -> timedelta | None:
    """How long a comment is kept: what its kind says, else the default; never longer than its platform's, nor than
    `at_most`, which the platform itself allows. None: for good."""
    own = retention.kinds.get(kind, retention.default) if kind is not None else retention.default
    lengths = [length.elapsed for length in (own, retention.platforms.get(platform)) if length is not None]
    return min([*lengths, *([at_most] if at_most is not None else [])], default=None)
