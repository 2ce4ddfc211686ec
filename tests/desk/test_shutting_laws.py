"""Whatever happens in whatever order: nothing is posted after its window, and no promise runs that nobody can have
read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from caretool.errors import PlatformBusy, PlatformFailed
from caretool.platforms.platform import Looked, Outgoing, Posted
from tests.desk.stage import CALLBACK, MONDAY, FakePlatform, Stage, comment

CLOSES = MONDAY + timedelta(minutes=10)
HOLDS = {"approved": {"logged"}, "unsure": {"running"}, "posted": {"running"}, "failed": {"void"}}


@dataclass
class Watched(FakePlatform):
    """A place that remembers when each attempt to post came, and that takes its time for a look."""

    posts: list[datetime] = field(default_factory=list)
    slow: bool = False

    def look(self, native_ids: list[str]) -> Looked:  # type: ignore[override]
        if self.slow:
            self.clock.goes(minutes=4)
        return super().look(native_ids)

    def post(self, reply: Outgoing) -> Posted:
        self.posts.append(self.clock.now)
        return super().post(reply)


steps = st.lists(
    st.one_of(
        st.sampled_from(["approve", "send", "delete", "fetch", "slow", "extend"]),
        st.sampled_from(["lost before", "lost after", "busy", "no"]).map(lambda what: f"next {what}"),
        st.integers(1, 7).map(lambda minutes: f"goes {minutes}"),
    ),
    min_size=3,
    max_size=14,
)


def _step(stage: Stage, page: Watched, what: str) -> None:
    verb, _, how = what.partition(" ")
    if verb == "goes":
        stage.clock.goes(minutes=int(how))
    elif verb == "next":
        trouble = {"busy": PlatformBusy("later"), "no": PlatformFailed("no")}
        page.next_posts = [trouble.get(how, how)]
    elif verb == "approve":
        stage.reply("a", text=CALLBACK)
    elif verb == "send":
        stage.send()
    elif verb == "delete":
        page.deleted.add("a")
    elif verb == "slow":
        page.slow = True
    elif verb == "extend":
        stage.fetch(replace(comment("a"), closes_at=CLOSES + timedelta(minutes=5)))
    else:
        stage.fetch(comment("b"))


@given(steps)
@settings(max_examples=60, deadline=None)
def test_nothing_leaves_after_its_window_and_no_promise_outlives_its_reply(todo: list[str]) -> None:
    with TemporaryDirectory() as folder:
        stage = Stage(Path(folder), ":memory:")
        page = stage.page = Watched(stage.clock)
        try:
            stage.fetch(replace(comment("a"), closes_at=CLOSES))
            for what in todo:
                _step(stage, page, what)
                _holds(stage, page)
            stage.clock.goes(days=1)
            for _ in range(3):
                stage.clock.goes(minutes=2)
                stage.send()
                _holds(stage, page)
            assert not {"approved", "sending"} & set(stage.reply_states())
        finally:
            stage.store.close()


def _holds(stage: Stage, page: Watched) -> None:
    last = stage.comment("a").closes_at
    assert last is not None
    assert all(at < last for at in page.posts)
    pairs = stage.rows("SELECT r.state, p.state FROM promise p JOIN reply r ON r.id = p.reply")
    assert all(promise in HOLDS[reply] for reply, promise in pairs), pairs
    if page.wall == [] and "unsure" not in stage.reply_states():
        assert "running" not in stage.promise_states()
