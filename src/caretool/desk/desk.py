"""What every verb of the desk works with: the store, the settings in force, the platforms, the clock, the agent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from caretool.errors import NotFound, UsageProblem

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from caretool.domain.policy import Account, Agent, Policy, PromiseKind, Settings
    from caretool.domain.promisable import Promisable
    from caretool.domain.watch import Watch
    from caretool.platforms.platform import Platform
    from caretool.store.store import Store


@dataclass(frozen=True, slots=True)
class Front:
    """What a look at the inbox needs of the settings: kept by itself, so that the whole need not be read."""

    zone: ZoneInfo
    agents: tuple[str, ...]


def agent_of(settings: Settings, agent_id: str | None) -> Agent:
    """The agent who was named, else the only one there is. NotFound, UsageProblem."""
    agents = settings.agents
    if agent_id is not None:
        if agent_id not in agents:
            raise NotFound(f"No agent is called {agent_id!r}: accounts.toml has {', '.join(agents) or 'none'}.")
        return agents[agent_id]
    if len(agents) == 1:
        return next(iter(agents.values()))
    if not agents:
        raise UsageProblem("accounts.toml names no agent: add [agents.yourname] with a name and a role.")
    raise UsageProblem(f"Who is answering? Say --as {' or --as '.join(agents)}, or set CARETOOL_AGENT.")


@dataclass
class Desk:
    """One agent at work in one workspace. Everything is opened on first use; `clock` gives aware moments.

    `agent_id` is who was named (`--as`, CARETOOL_AGENT), None where nobody was. `say` takes a sentence for stderr,
    `progress` a short one that the next takes the place of.
    """

    folder: Path
    store: Store
    load_settings: Callable[[], Settings]
    open_platform: Callable[[Account], Platform]
    clock: Callable[[], datetime]
    agent_id: str | None
    say: Callable[[str], None]
    progress: Callable[[str], None] = lambda _: None
    load_front: Callable[[], Front | None] = lambda: None
    load_promisable: Callable[[], Promisable | None] = lambda: None

    @cached_property
    def front(self) -> Front:
        """The desk's zone and its agents."""
        kept = self.load_front() if "settings" not in self.__dict__ else None
        return kept or Front(self.policy.company.zone, tuple(self.settings.agents))

    @cached_property
    def promisable(self) -> Promisable:
        """What can be promised, and who keeps it: kept by itself as well, for who only looks at the ledger."""
        kept = self.load_promisable() if "settings" not in self.__dict__ else None
        return kept or self.settings.promisable

    @cached_property
    def settings(self) -> Settings:
        """The workspace's files as they are now."""
        return self.load_settings()

    @property
    def policy(self) -> Policy:
        """The rules everyone respects."""
        return self.settings.policy

    @property
    def zone(self) -> ZoneInfo:
        """The desk's time zone."""
        return self.front.zone

    def agent(self) -> Agent:
        """Who is answering: the one named, else the only one there is."""
        return agent_of(self.settings, self.agent_id)

    def onlooker(self) -> str:
        """Who is looking: the agent's id, or an empty one where several could be and none was named."""
        agents = self.front.agents
        if self.agent_id is None:
            return agents[0] if len(agents) == 1 else ""
        return self.agent_id if self.agent_id in agents else self.agent().id

    def account(self, name: str) -> Account:
        """One of our accounts; NotFound names those there are."""
        accounts = self.settings.accounts
        if name not in accounts:
            raise NotFound(f"No account is called {name!r}: accounts.toml has {', '.join(accounts) or 'none'}.")
        return accounts[name]

    def watch(self, name: str) -> Watch:
        """A watch of the policy; NotFound names those there are."""
        watches = {watch.name: watch for watch in self.policy.watches}
        if name not in watches:
            raise NotFound(f"No [[watch]] is called {name!r}: policies.toml has {', '.join(watches) or 'none'}.")
        return watches[name]

    def topic(self, name: str) -> str:
        """A topic of the templates; NotFound says where they are shown."""
        if all(template.topic != name for template in self.settings.templates.values()):
            raise NotFound(f"No template is about {name!r}: `caretool template list` shows the topics.")
        return name

    def promise_kind(self, name: str) -> PromiseKind:
        """A kind of promise of the policy; what fits none is `other`, kept by whoever answers."""
        kinds = self.policy.promises
        if name in kinds:
            return kinds[name]
        if name == "other":
            from caretool.domain.policy import PromiseKind

            return PromiseKind(name="other", owner=self.onlooker(), zone=self.zone)
        raise NotFound(f"The policy has no promise kind {name!r}: it has {', '.join(kinds) or 'none'}.")
