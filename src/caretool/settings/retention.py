"""[retention] of policies.toml: how long what strangers wrote is kept."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from caretool.domain.codes import Kind
from caretool.domain.duration import Duration
from caretool.domain.retention import Retention
from caretool.settings.values import Elapsed, PlatformName, Table


def _a_day_at_least(length: Duration) -> Duration:
    minutes = length.amount * {"minutes": 1, "hours": 60}.get(length.unit, 24 * 60)
    if minutes < 24 * 60:
        raise ValueError(f"'{length}' is less than a day: what was read must be there until it is answered")
    return length


Kept = Annotated[Elapsed, AfterValidator(_a_day_at_least)]


class RetentionTable(Table):
    """How long comments are kept after they were fetched; `caretool purge` erases what is older. What still waits, or
    has a promise or a case that runs, is never erased."""

    default: Kept | None = Field(default=None, description="everything else; left out: for good")
    kinds: dict[Kind, Kept] = Field(default={}, description="by what was read in it, instead of the default")
    platforms: dict[PlatformName, Kept] = Field(
        default={}, description="nothing of this platform is kept longer, whatever its kind"
    )
    evidence: Kept | None = Field(
        default=None, description="the words of moderation's evidence; ground and hash stay. Left out: for good"
    )


def retention_in_force(table: RetentionTable) -> Retention:
    """The table as the domain's value."""
    return Retention(table.default, dict(table.platforms), dict(table.kinds), table.evidence)


def retention_table(retention: Retention) -> dict[str, Any]:
    """Back, for `policy show`."""
    return {
        "default": retention.default,
        "kinds": retention.kinds,
        "platforms": retention.platforms,
        "evidence": retention.evidence,
    }
