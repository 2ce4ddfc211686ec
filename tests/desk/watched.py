"""A made-up place that can be searched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from caretool.domain.comment import Incoming
from caretool.domain.watch import Watch
from caretool.platforms.platform import Page
from tests.desk.stage import FakePlatform, Stage, comment

PARCELS = Watch("parcels", ("pacco",), without=("pacco regalo",))
LAMPS = Watch("lamps", ("lampada nilo",))
OVERHEARD = "Qualcuno sa quando arriva un pacco di Bottega Blu? Il mio pacco non è ancora arrivato."


@dataclass
class SearchablePlatform(FakePlatform):
    """`hits` are handed over page by page to a watch that finds something in them, the bookmark being how many pages
    were; an error among them breaks that search off there. `searches` are who searched from where."""

    hits: list[Page | Exception] = field(default_factory=list)
    searches: list[tuple[str, str | None]] = field(default_factory=list)

    def overhear(self, *comments: Incoming) -> None:
        """One more page."""
        self.hits.append(Page(comments, str(len(self.hits) + 1)))

    def search(self, watch: Watch, bookmark: str | None) -> Iterator[Page]:
        self.searches.append((watch.name, bookmark))
        for number, page in enumerate(self.hits[int(bookmark or 0) :], int(bookmark or 0)):
            if isinstance(page, Exception):
                self.hits[number] = Page((), str(number + 1))
                raise page
            found = tuple(one for one in page.comments if watch.finds(one.text, one.language))
            yield replace(page, comments=found, bookmark=str(number + 1))


def watching(folder: Path, *watches: Watch) -> Stage:
    """A stage whose page can be searched, for these."""
    stage = Stage(folder)
    stage.page = SearchablePlatform(stage.clock)
    watch(stage, *watches)
    return stage


def watch(stage: Stage, *watches: Watch) -> None:
    """Let the policy have these watches."""
    stage.settings = replace(stage.settings, policy=replace(stage.settings.policy, watches=watches))


def searched(stage: Stage) -> SearchablePlatform:
    """The page of a stage that watches."""
    assert isinstance(stage.page, SearchablePlatform)
    return stage.page


def overheard(native_id: str, text: str = OVERHEARD, **more: object) -> Incoming:
    """What somebody writes to nobody of us, opening a thread of their own."""
    return comment(native_id, text, **{"thread": native_id, "form": "post", **more})  # type: ignore[arg-type]
