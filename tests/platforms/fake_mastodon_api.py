"""The fake Mastodon's own calls: https://docs.joinmastodon.org/methods/"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from tests.platforms import fake_mastodon_search
from tests.platforms.fake_mastodon import Failure, FakeMastodon, Notification, Person, Written, values_of
from tests.platforms.fake_mastodon_search import page as _page


def route(fake: FakeMastodon, request: httpx.Request) -> httpx.Response:
    """The answer. Raises Failure."""
    parts = request.url.path.strip("/").split("/")
    answer = _about_statuses(fake, request, parts) if "statuses" in parts else _about_us(fake, request, parts)
    if answer is None:
        raise Failure(404, error="Not found")
    return answer


def _about_us(fake: FakeMastodon, request: httpx.Request, parts: list[str]) -> httpx.Response | None:
    match request.method, parts:
        case "GET", ["api", "v1", "instance"]:
            return httpx.Response(200, json=_old_instance(fake))
        case "GET", ["api", "v2", "instance"] if fake.software != "pleroma":
            return httpx.Response(200, json=_instance(fake))
        case "GET", ["api", "v1", "accounts", "verify_credentials"]:
            return httpx.Response(200, json=fake.account(fake.whose(request, "read:accounts")))
        case "GET", ["api", "v1", "notifications"]:
            fake.whose(request, "read:notifications")
            return _notifications(fake, request)
        case "GET", ["api", "v2", "search"]:
            return fake_mastodon_search.search(fake, request, fake.whose(request, "read:search"))
        case "GET", ["api", "v1", "timelines", "tag", hashtag]:
            return fake_mastodon_search.tagged(fake, request, hashtag)
    return _about_others(fake, request, parts)


def _about_others(fake: FakeMastodon, request: httpx.Request, parts: list[str]) -> httpx.Response | None:
    match request.method, parts:
        case "GET", ["api", "v1", "accounts", "lookup"]:
            return _looked_up(fake, request)
        case "POST", ["api", "v1", "accounts", person, "mute" | "unmute" as verb]:
            fake.whose(request, "write:mutes")
            return _related(fake, person, fake.muted, add=verb == "mute")
        case "POST", ["api", "v1", "accounts", person, "block" | "unblock" as verb]:
            fake.whose(request, "write:blocks")
            return _related(fake, person, fake.blocked, add=verb == "block")
        case "POST", ["api", "v1", "reports"]:
            return _report(fake, request)
    return None


def _looked_up(fake: FakeMastodon, request: httpx.Request) -> httpx.Response:
    for person in fake.people.values():
        if person.acct.casefold() == request.url.params.get("acct", "").casefold():
            return httpx.Response(200, json=fake.account(person))
    raise Failure(404, error="Record not found")


def _related(fake: FakeMastodon, person: str, among: set[str], *, add: bool) -> httpx.Response:
    if person not in fake.people:
        raise Failure(404, error="Record not found")
    (among.add if add else among.discard)(person)
    return httpx.Response(200, json=fake.relationship(fake.people[person]))


def _report(fake: FakeMastodon, request: httpx.Request) -> httpx.Response:
    """https://docs.joinmastodon.org/methods/reports/: each call makes one more."""
    who, report = fake.whose(request, "write:reports"), values_of(request)
    if report["account_id"] not in fake.people:
        raise Failure(404, error="Record not found")
    if len(report["comment"]) > 1000 or report["category"] not in ("spam", "legal", "violation", "other"):
        raise Failure(422, error="Validation failed")
    for status_id in report["status_ids"]:
        if fake.seen(status_id, who).by != report["account_id"]:
            raise Failure(422, error="Validation failed: Status is of somebody else")
    fake.reports.append(report)
    return httpx.Response(200, json={"id": str(len(fake.reports)), "action_taken": False, **report})


def _about_statuses(fake: FakeMastodon, request: httpx.Request, parts: list[str]) -> httpx.Response | None:
    if parts[-1] in ("favourite", "unfavourite"):
        return _favoured(fake, fake.whose(request, "write:favourites"), parts[3], add=parts[-1] == "favourite")
    who = fake.whose(request, "read:statuses" if request.method == "GET" else "write:statuses")
    match request.method, parts:
        case "GET", ["api", "v1", "accounts", whose, "statuses"]:
            return _statuses_of(fake, request, who, whose)
        case "GET", ["api", "v1", "statuses"] if fake.software == "mastodon":
            return _several(fake, request, who)
        case "POST", ["api", "v1", "statuses"]:
            key = request.headers.get("idempotency-key", "")
            return httpx.Response(200, json=fake.create(who, key, values_of(request)))
        case "GET", ["api", "v1", "statuses", status_id]:
            return httpx.Response(200, json=fake.shown(fake.seen(status_id, who)))
        case "GET", ["api", "v1", "statuses", status_id, "context"]:
            return _context(fake, who, status_id)
        case "DELETE", ["api", "v1", "statuses", status_id]:
            return _delete(fake, who, status_id)
    return None


def _favoured(fake: FakeMastodon, who: Person, status_id: str, *, add: bool) -> httpx.Response:
    """https://docs.joinmastodon.org/methods/statuses/#favourite"""
    status = fake.seen(status_id, who)
    (fake.liked.add if add else fake.liked.discard)(status_id)
    return httpx.Response(200, json=fake.shown(status) | {"favourited": add})


def _instance(fake: FakeMastodon) -> dict[str, Any]:
    limits = {"max_characters": fake.longest, "characters_reserved_per_url": 23}
    return {"domain": "social.example", "title": "A fake", **fake.about(), "configuration": {"statuses": limits}}


def _old_instance(fake: FakeMastodon) -> dict[str, Any]:
    old = {"uri": "social.example", "title": "A fake", "version": fake.about()["version"]}
    if fake.software == "pleroma":
        return old | {"max_toot_chars": fake.longest}
    return old | {"configuration": _instance(fake)["configuration"]}


def _notifications(fake: FakeMastodon, request: httpx.Request) -> httpx.Response:
    asked = request.url.params
    wanted = asked.get_list("types[]")
    all_of_them = fake.software != "mastodon" or asked.get("include_filtered") == "true"
    listed = [
        one for one in fake.notifications if (all_of_them or not one.filtered) and (not wanted or _type(one) in wanted)
    ]

    def shown(one: Notification) -> Any:
        if one.raw is not None:
            return {"id": one.id, "type": "mention", **one.raw} if isinstance(one.raw, dict) else one.raw
        status = fake.statuses[one.status or ""]
        account = fake.account(fake.people[status.by])
        return {"id": one.id, "type": "mention", "account": account, "status": fake.shown(status)}

    return _page(request, listed, _place_of_notification(fake), shown, usual=40, most=80)


def _type(one: Notification) -> str:
    return str(one.raw.get("type", "mention")) if isinstance(one.raw, dict) else "mention"


def _place_of_notification(fake: FakeMastodon) -> Callable[[str], int]:
    width = max((len(one.id) for one in fake.notifications), default=1)
    places = {one.id: one.order for one in fake.notifications}

    def place(native_id: str) -> int:
        # One that was deleted still has its place: ids are compared, as numbers or as letters.
        if native_id in places:
            return places[native_id]
        before = [order for known, order in places.items() if known.rjust(width) <= native_id.rjust(width)]
        return max(before, default=0)

    return place


def _statuses_of(fake: FakeMastodon, request: httpx.Request, who: Person, whose: str) -> httpx.Response:
    listed = [
        status
        for status in fake.statuses.values()
        if status.by == whose and not status.gone and fake.may_see(status, who)
    ]

    def place(native_id: str) -> int:
        return fake.statuses[native_id].order if native_id in fake.statuses else 0

    return _page(request, listed, place, fake.shown, usual=20, most=40)


def _several(fake: FakeMastodon, request: httpx.Request, who: Person) -> httpx.Response:
    ids = request.url.params.get_list("id[]")
    if len(ids) > 20:
        raise Failure(422, error="Validation failed: too many ids")
    found = [fake.statuses[one] for one in ids if one in fake.statuses]
    return httpx.Response(200, json=[fake.shown(one) for one in found if not one.gone and fake.may_see(one, who)])


def _context(fake: FakeMastodon, who: Person, status_id: str) -> httpx.Response:
    above: list[Written] = []
    status = fake.seen(status_id, who)
    while status.parent is not None:
        try:
            status = fake.seen(status.parent, who)
        except Failure:
            break
        above.insert(0, status)
    return httpx.Response(200, json={"ancestors": [fake.shown(one) for one in above], "descendants": []})


def _delete(fake: FakeMastodon, who: Person, status_id: str) -> httpx.Response:
    status = fake.seen(status_id, who)
    if status.by != who.id:
        raise Failure(404, error="Record not found")
    fake.delete(status_id)
    return httpx.Response(200, json=fake.shown(status) | {"text": status.text})
