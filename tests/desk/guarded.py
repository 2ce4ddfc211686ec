"""A platform on which something can be done about what others write, and a desk with rules about that."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from caretool.desk import moderating, proposing, undoing
from caretool.desk.moderating import Moderated
from caretool.desk.proposing import Asked, Plan
from caretool.desk.undoing import Undone
from caretool.domain.comment import Incoming
from caretool.domain.moderation import Moderation
from caretool.domain.policy import Action, ModerationRule, When
from caretool.errors import AnswerLost
from caretool.platforms.platform import Offence
from tests.desk.stage import FakePlatform, Stage

SPAM = "Guadagna 300 euro al giorno da casa, clicca qui: https://soldi-facili.example"
ABUSE = "siete dei coglioni, punto"
EXPOSED = "Il mio pacco non è ancora arrivato, chiamatemi al 333 1234567"
FLOOD = "Seguite tutti il mio canale di cucina, ogni giorno una ricetta nuova"

HIDE_SPAM = ModerationRule("links", When(kind=("spam",)), "hide")
HIDE_EXPOSED = ModerationRule("exposed", When(personal_data=True), "hide")


@dataclass
class GuardedPlatform(FakePlatform):
    """Keeps what was done there. `next_actions` tells what becomes of the next: nothing special (empty), `lost before`
    and `lost after` it was done, `dies before` and `dies after` that (the whole process), or an error to raise.
    `hands_to`: the file in which it is written down for a person to carry out."""

    actions: list[tuple[str, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    next_actions: list[str | BaseException] = field(default_factory=list)
    hands_to: str | None = None

    def _act(self, action: str, about: str, key: str) -> str | None:
        trouble = (self.next_actions.pop(0) or None) if self.next_actions else None
        if isinstance(trouble, BaseException):
            raise trouble
        if trouble == "dies before":
            raise KeyboardInterrupt
        if trouble != "lost before":
            self.actions.append((action, about))
            self.keys.append(key)
        if trouble == "dies after":
            raise KeyboardInterrupt
        if trouble is not None:
            raise AnswerLost("no answer")
        return self.hands_to

    def hide(self, offence: Offence) -> str | None:
        return self._act("hide", offence.native_id, offence.key)

    def unhide(self, offence: Offence) -> str | None:
        return self._act("unhide", offence.native_id, offence.key)

    def delete(self, offence: Offence) -> str | None:
        return self._act("delete", offence.native_id, offence.key)

    def mute(self, offence: Offence) -> str | None:
        return self._act("mute", offence.handle, offence.key)

    def unmute(self, offence: Offence) -> str | None:
        return self._act("unmute", offence.handle, offence.key)

    def ban(self, offence: Offence) -> str | None:
        return self._act("ban", offence.handle, offence.key)

    def unban(self, offence: Offence) -> str | None:
        return self._act("unban", offence.handle, offence.key)

    def report(self, offence: Offence) -> str | None:
        return self._act("report", offence.native_id, offence.key)


class GuardedStage(Stage):
    """A page on which everything can be done, a fediverse on which nothing can, and a second page."""

    page: GuardedPlatform

    def __init__(self, folder: Path, database: Path | str | None = None) -> None:
        super().__init__(folder, database)
        self.page = GuardedPlatform(self.clock)
        accounts = {**self.settings.accounts, "page": replace(self.settings.accounts["page"], followers=12_000)}
        self.settings = replace(self.settings, accounts=accounts)

    def rules(self, *rules: ModerationRule) -> None:
        """Only these rules, in this order."""
        self.settings = replace(self.settings, policy=replace(self.settings.policy, moderation=rules))

    def fetch_both(self, page: list[Incoming], fediverse: list[Incoming]) -> None:
        """Let these be written on both, and fetch."""
        self.fediverse.receive(*fediverse)
        self.fetch(*page)

    def propose(self, *native_ids: str, agent: str = "dario", groups: tuple[str, ...] = (), **asked: object) -> Plan:
        """What would be done about these (none: everything that waits)."""
        ids = [*(self.comment(native_id).id for native_id in native_ids), *groups]
        return proposing.consider(self.desk(agent), ids, Asked(**asked))  # type: ignore[arg-type]

    def moderate(self, *native_ids: str, agent: str = "dario", **asked: object) -> Moderated:
        """Propose and say yes to all of it."""
        plan = self.propose(*native_ids, agent=agent, **asked)
        return moderating.moderate(self.desk(agent), [*plan.ready, *plan.to_settle], Asked(**asked))  # type: ignore[arg-type]

    def would(self, *native_ids: str, agent: str = "dario", **asked: object) -> list[tuple[Action, str]]:
        """What would be done and how each stands."""
        proposals = self.propose(*native_ids, agent=agent, **asked).proposals
        return [(proposal.action, proposal.standing) for proposal in proposals]

    def undo(self, subject: str, agent: str = "dario", *, by_hand: bool = False) -> Undone:
        """Take it back."""
        return undoing.undo(self.desk(agent), subject, "a mistake", by_hand=by_hand)

    def done(self) -> list[Moderation]:
        """All rows, oldest first."""
        found = self.store.moderations.since(None, self.clock())
        return sorted(found, key=lambda one: (one.made_at, one.id))

    def troubles(self) -> list[tuple[str, ...]]:
        """Rows without evidence, and comments about which the same is in force twice."""
        bare = self.rows("SELECT id FROM moderation WHERE id NOT IN (SELECT moderation FROM evidence)")
        twice = self.rows(
            "SELECT comment, action FROM moderation WHERE state IN ('doing', 'done', 'unsure') "
            "GROUP BY comment, action HAVING count(*) > 1"
        )
        return [*bare, *twice]
