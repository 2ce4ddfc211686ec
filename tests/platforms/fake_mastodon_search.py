"""The fake Mastodon's pages, and what is found on it: https://docs.joinmastodon.org/methods/search/

Mastodon looks for statuses where it has a search engine: the newest first, `offset` and `limit` before what it hides is
taken out (app/services/statuses_search_service.rb). GoToSocial has no offset, it goes on before a `max_id`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import httpx

from tests.platforms.fake_mastodon import FakeMastodon, Notification, Person, Written

_Listed = TypeVar("_Listed", Notification, Written)
_MOST = 40


def search(fake: FakeMastodon, request: httpx.Request, who: Person) -> httpx.Response:
    """`/api/v2/search?type=statuses`: words as they stand in the text, in quotes or all of them."""
    asked = request.url.params
    assert asked["type"] == "statuses"
    quoted = re.fullmatch(r'"(.*)"', asked["q"])
    words = [quoted[1]] if quoted else asked["q"].split()
    found = [
        status
        for status in _newest_first(fake)
        if fake.may_see(status, who) and all(_stands_in(word, status.text) for word in words)
    ]
    if fake.software == "gotosocial":
        found = [] if int(asked.get("offset", 0)) else [status for status in found if _is_below(fake, asked, status)]
    offset = int(asked.get("offset", 0))
    chosen = found[offset : offset + min(int(asked.get("limit", 20)), _MOST)]
    shown = [fake.shown(status) for status in chosen if status.by not in fake.muted | fake.blocked]
    return httpx.Response(200, json={"accounts": [], "statuses": shown, "hashtags": []})


def tagged(fake: FakeMastodon, request: httpx.Request, hashtag: str) -> httpx.Response:
    """`/api/v1/timelines/tag/:hashtag`: public statuses only."""
    listed = [
        status
        for status in _newest_first(fake)
        if status.visibility == "public" and _stands_in(f"#{hashtag}", status.text)
    ]

    def place(native_id: str) -> int:
        return fake.statuses[native_id].order if native_id in fake.statuses else 0

    return page(request, listed, place, fake.shown, usual=20, most=_MOST)


def _newest_first(fake: FakeMastodon) -> list[Written]:
    """By id: a server makes the ids of what it hears of by when that was written."""
    standing = [status for status in fake.statuses.values() if not status.gone]
    return sorted(standing, key=lambda status: (status.at, status.order), reverse=True)


def _is_below(fake: FakeMastodon, asked: httpx.QueryParams, status: Written) -> bool:
    below = fake.statuses.get(asked.get("max_id", ""))
    return below is None or (status.at, status.order) < (below.at, below.order)


def _stands_in(words: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE) is not None


def page(
    request: httpx.Request,
    listed: Sequence[_Listed],
    place: Callable[[str], int],
    shown: Callable[[_Listed], Any],
    *,
    usual: int,
    most: int,
) -> httpx.Response:
    """Newest first. `min_id` takes those right after a place, `since_id` the newest above it, `max_id` those below."""
    asked = request.url.params
    limit = min(int(asked.get("limit", usual)), most)
    above = place(asked.get("min_id") or asked.get("since_id") or "0")
    below = place(asked["max_id"]) if "max_id" in asked else None
    fitting = sorted(
        (one for one in listed if one.order > above and (below is None or one.order < below)),
        key=lambda one: one.order,
    )
    chosen = fitting[:limit] if "min_id" in asked else fitting[-limit:] if limit else []
    items = chosen[::-1]
    headers = {}
    if items:
        base = request.url.copy_with(query=None)
        older = base.copy_merge_params({"limit": str(limit), "max_id": items[-1].id})
        newer = base.copy_merge_params({"limit": str(limit), "min_id": items[0].id})
        headers["Link"] = f'<{older}>; rel="next", <{newer}>; rel="prev"'
    return httpx.Response(200, json=[shown(one) for one in items], headers=headers)
