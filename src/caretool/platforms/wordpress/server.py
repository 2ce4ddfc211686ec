"""The requests caretool makes to a WordPress site, and what they give."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from caretool.dialect import Dialect, Said, Verdict, basic
from caretool.errors import PlatformFailed, TokenRefused
from caretool.http import Answer, Client, NotTaken, Refused
from caretool.platforms.platform import Skipped
from caretool.platforms.wordpress.wire import FIELDS, Comment, Facts, WireError, identifier, read_comment, word

A_PAGE = 100
DUPLICATE = "comment_duplicate"
_FLOOD, _NO_TRASH = "comment_flood", "rest_trash_not_supported"
# WordPress lets who may not moderate write every 15 seconds.
_BETWEEN = 15.0
_GONE = frozenset({"rest_already_trashed", "rest_comment_invalid_id"})
_NO_RIGHT = frozenset(
    {
        "rest_forbidden_context", "rest_forbidden_param", "rest_cannot_read", "rest_cannot_edit", "rest_cannot_delete",
        "rest_cannot_create", "rest_comment_invalid_status",
    }
)  # fmt: skip
_ID = re.compile(r"[1-9]\d{0,17}", re.ASCII)
# How often a list may turn out to have become shorter while its pages are read.
_MOST_RETURNS = 50
_PATIENT = frozenset({401, 408, 429, 499})  # what these mean HTTP says

Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Me:
    """Our user there: its number, its name, and whether it may moderate, or do everything."""

    facts: Facts
    moderates: bool
    rules: bool


class Server:
    """One account's site. Each method raises as `Platform.fetch` does, and `Refused` for any other no. `facts` are what
    is known of this user on this site."""

    def __init__(self, client: Client, account: str, site: str, user: str, facts: Facts) -> None:
        self._client = client
        self._account = account
        self._site = site
        self._user = user
        ours = (facts.site, facts.user) == (site, user) and facts.id is not None
        self.facts = facts if ours else Facts(site, user)

    def no(self, why: str) -> PlatformFailed:
        """That it will not be done, and why."""
        return PlatformFailed(f"{self._account}: {why}")

    def ours(self, *, fetching: bool = False) -> str:
        """Our user's number there; asked for where it is not known."""
        return self.facts.id or self.me(fetching=fetching).facts.id or ""

    def me(self, *, fetching: bool = False) -> Me:
        """Who we are there. A wrong password makes us nobody, and nobody is told of no comment that waits."""
        told = self._myself(fetching)
        native_id = identifier(told)
        if native_id is None:
            raise self.no("the site does not say who we are: is url right?")
        self.facts = Facts(self._site, self._user, native_id, word(told, "name"), self.facts.pretty)
        may = told.get("capabilities")
        rights = may if isinstance(may, dict) else {}
        return Me(self.facts, rights.get("moderate_comments") is True, rights.get("manage_options") is True)

    def listed(self, params: Params, *, fetching: bool = False) -> Iterator[tuple[list[Comment], list[Skipped]]]:
        """The comments that `params` choose, oldest first, page by page, and what was none. Each page begins with the
        last one of the page before: where it does not, something before it has gone, and no other is passed over."""
        chosen = {**params, "order": "asc", "orderby": "date_gmt", "per_page": A_PAGE}
        offset, returns, last = 0, 0, None
        while True:
            answer = self._comments({**chosen, "offset": offset}, fetching)
            items = _list(answer)
            comments, skipped = self._read(items)
            first = comments[0] if comments and comments[0].id == identifier(items[0]) else None
            if offset and first is not None and (last is None or first.key > last):
                returns += 1
                if returns > _MOST_RETURNS:
                    raise self.no("the list of comments changes faster than it can be read: try again later")
                offset = max(offset - A_PAGE + 1, 0)
                continue
            fresh = [one for one in comments if last is None or one.key > last]
            if fresh or skipped:
                yield fresh, skipped
            if fresh:
                last = fresh[-1].key
            if not (fresh or skipped) or offset + A_PAGE >= _total(answer, offset + A_PAGE + len(items)):
                return
            offset += A_PAGE - 1

    def standing(self, native_ids: Sequence[str], *, fetching: bool = False) -> dict[str, Comment]:
        """Those of these that the site still has, be it in its trash."""
        wanted = [_number(one, self._account) for one in dict.fromkeys(native_ids)]
        there: dict[str, Comment] = {}
        for start in range(0, len(wanted), A_PAGE):
            some = wanted[start : start + A_PAGE]
            answer = self._comments({"include": ",".join(some), "status": "any", "per_page": A_PAGE}, fetching)
            comments, skipped = self._read(_list(answer))
            if skipped or not {one.id for one in comments} <= set(some):
                raise self.no("the site answers with something else than the comments it was asked for")
            there |= {one.id: one for one in comments}
        return there

    def create(self, post: str, parent: str | None, content: str) -> Answer:
        """Write a comment that everybody sees."""
        body = {"post": int(post), "parent": int(parent or 0), "content": content, "status": "approved"}
        with self._allowed():
            path, params = self._at("/comments", {"_fields": "id,date_gmt,link"})
            return self._client.post(path, json=body, params=params)

    def set_status(self, native_id: str, status: str) -> None:
        """`approved` or `hold`."""
        with self._allowed():
            path, params = self._at(f"/comments/{_number(native_id, self._account)}", {"_fields": "id"})
            self._client.post(path, json={"status": status}, params=params)

    def delete(self, native_id: str) -> None:
        """Into the trash; where the site has none, for good. What is there already is no failure."""
        try:
            self._delete(native_id, {})
        except Refused as refused:
            if refused.code not in {*_GONE, _NO_TRASH}:
                raise
            if refused.code == _NO_TRASH:
                self._delete(native_id, {"force": "true"})

    def _delete(self, native_id: str, how: Params) -> None:
        with self._allowed():
            path, params = self._at(f"/comments/{_number(native_id, self._account)}", {"_fields": "id", **how})
            self._client.delete(path, params=params)

    def _comments(self, params: Params, fetching: bool) -> Answer:
        told = {"context": "edit", "_embed": "up", "_fields": FIELDS}
        self.ours(fetching=fetching)  # where the site's addresses begin is learned with who we are
        with self._allowed():
            path, given = self._at("/comments", {**told, **params})
            return self._client.get(path, params=given, fetching=fetching)

    def _myself(self, fetching: bool) -> Mapping[str, object]:
        asked = {"context": "edit", "_fields": "id,name,capabilities"}
        for pretty in (True, False):
            self.facts = Facts(self._site, self._user, pretty=pretty)
            path, params = self._at("/users/me", asked)
            try:
                told = self._client.get(path, params=params, fetching=fetching).json()
            except NotTaken as refused:
                what = "or its web server keeps the Authorization header from WordPress"
                raise NotTaken(f"{refused} ({what})") from refused
            except Refused as refused:
                # Without words of WordPress's own its web server has nothing at this address.
                if refused.code or not pretty:
                    raise
                continue
            return told if isinstance(told, dict) else {}
        return {}

    def _at(self, route: str, params: Params) -> tuple[str, dict[str, str | int]]:
        """A route of the API, as the site takes it: a number in it was checked."""
        if self.facts.pretty:
            return f"wp-json/wp/v2{route}", {**params}
        return "", {"rest_route": f"/wp/v2{route}", **params}

    @contextmanager
    def _allowed(self) -> Iterator[None]:
        """What our user has no right to."""
        try:
            yield
        except Refused as refused:
            if refused.code not in _NO_RIGHT:
                raise
            what = f"the user {self._user} may not moderate comments there: give it the role Editor"
            raise TokenRefused(f"{self._account}: {what}") from refused

    def _read(self, items: Sequence[object]) -> tuple[list[Comment], list[Skipped]]:
        comments: list[Comment] = []
        skipped: list[Skipped] = []
        for item in items:
            try:
                comments.append(read_comment(item, self._site))
            except WireError as problem:
                skipped.append(Skipped(f"comment {identifier(item) or '?'}", str(problem)))
        return comments, skipped


def dialect(user: str) -> Dialect:
    """WordPress's own: `user` has an application password."""
    return Dialect(authorize=basic(user), verdict=_verdict)


def when(at: datetime) -> str:
    """A moment as `after` takes it. With a Z it is turned into the site's own time; without, it is taken for that."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _verdict(said: Said) -> Verdict | None:
    code = said.body.get("code") if isinstance(said.body, dict) else None
    if not isinstance(code, str):
        return None
    if code == _FLOOD:
        return Verdict("busy", _BETWEEN)
    refused = (400 <= said.status < 500 and said.status not in _PATIENT) or code == _NO_TRASH
    return Verdict("refused", code=code) if refused else None


def _number(native_id: str, account: str) -> str:
    if not _ID.fullmatch(native_id):
        raise PlatformFailed(f"{account}: {native_id[:80]!r} is no id of this platform: nothing was asked")
    return native_id


def _list(answer: Answer) -> list[object]:
    found = answer.json()
    if not isinstance(found, list):
        raise PlatformFailed(f"{answer.account}: the site answers with something that is no list of comments")
    return found


def _total(answer: Answer, otherwise: int) -> int:
    """How many there are in all; where no header says so, `otherwise`."""
    said = answer.headers.get("x-wp-total", "")
    return int(said) if re.fullmatch(r"\d{1,12}", said, re.ASCII) else otherwise
