"""The requests to X, what each counts towards, and what an answer means.

https://docs.x.com/x-api/fundamentals/rate-limits and /response-codes-and-errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from caretool.dialect import Dialect, Said, Verdict
from caretool.domain.budget import Bucket, Meter
from caretool.errors import AnswerLost, PlatformFailed
from caretool.http import Answer, Client, Refused, retry_after
from caretool.platforms.renewing import Grant
from caretool.platforms.x.wire import (
    Facts,
    Names,
    Posts,
    User,
    WireError,
    identifier,
    is_id,
    number,
    problem,
    read_posts,
    read_user,
    word,
)

AT_ONCE, FEWEST_FOUND = 100, 10
_LONGEST_LIFE = 10**9  # seconds of a token: what is longer is nobody's word
TOKENS = "/2/oauth2/token"
_GONE = frozenset({404, 410})
_LATEST = 5  # the fewest that may be asked for

# Requests in 15 minutes of one user, until X says so itself; the share that a fetch leaves to what replies need, too.
_BUCKETS: tuple[tuple[str, str, Bucket], ...] = (
    ("GET", r"/2/users/[0-9]+/mentions", Bucket("mentions", 300, 0)),
    ("GET", r"/2/users/[0-9]+/tweets", Bucket("written", 900, 0.5)),
    ("GET", r"/2/tweets/search/recent", Bucket("search", 300, 0)),
    ("GET", r"/2/tweets", Bucket("lookup", 5000, 0.5)),
    ("GET", r"/2/users/me", Bucket("me", 75, 0.2)),
    ("GET", r"/2/users/by/username/[^/]+", Bucket("users", 900)),
    ("POST", r"/2/tweets", Bucket("posts", 100)),
    ("DELETE", r"/2/tweets/[0-9]+", Bucket("deletions", 50)),
    ("PUT", r"/2/tweets/[0-9]+/hidden", Bucket("hidden", 50)),
    ("POST", r"/2/users/[0-9]+/muting", Bucket("muting", 50)),
    ("DELETE", r"/2/users/[0-9]+/muting/[0-9]+", Bucket("unmuting", 50)),
)
POSTS = next(bucket for _, _, bucket in _BUCKETS if bucket.name == "posts")

_FIELDS: Mapping[Names, Mapping[str, str]] = {
    "tweet": {
        "tweet.fields": "id,text,author_id,created_at,conversation_id,referenced_tweets,lang,public_metrics,entities,"
        "attachments,note_tweet,edit_history_tweet_ids",
        "expansions": "author_id,referenced_tweets.id",
    },
    "post": {
        "post.fields": "id,text,created_at,conversation_id,lang,public_metrics,entities,attachments,note_post",
        "expansions": "author_id,referenced_posts",
    },
}
_USER = {"user.fields": "id,username,name,protected,public_metrics"}


def _price(method: str, path: str) -> tuple[Bucket, float]:
    """X counts each endpoint by itself."""
    known = (bucket for of, where, bucket in _BUCKETS if of == method and re.search(where + r"\Z", path))
    return next(known, Bucket()), 1


def _meters(headers: Mapping[str, str], bucket: Bucket, now: datetime) -> tuple[Meter, ...]:
    left, reset = _whole(headers, "x-rate-limit-remaining"), resets_at(headers)
    if left is None or reset is None:
        return ()
    return (Meter(bucket.name, left, reset, _whole(headers, "x-rate-limit-limit")),)


def _verdict(said: Said) -> Verdict | None:
    code = problem(said.body)
    if said.status == 402 or code == "usage-capped":  # what was paid for is used up: nothing was done
        return Verdict("busy", None, code)
    if said.status == 429:
        reset = resets_at(said.headers)
        seconds = retry_after(said.headers, said.now) if reset is None else (reset - said.now).total_seconds()
        return Verdict("busy", None if seconds is None else max(seconds, 0.0), code)
    if said.status == 403 and code in ("client-forbidden", "unsupported-authentication"):
        return Verdict("token", code=code)  # the app, not the post: every request would be refused
    return Verdict("refused", code=code) if said.status in (400, 403, 404) else None


DIALECT = Dialect(verdict=_verdict, meters=_meters, price=_price)


def resets_at(headers: Mapping[str, str]) -> datetime | None:
    """When the endpoint's requests begin anew: seconds since 1970."""
    seconds = _whole(headers, "x-rate-limit-reset")
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def requests_left(headers: Mapping[str, str]) -> int | None:
    """How many requests the endpoint still lets through."""
    return _whole(headers, "x-rate-limit-remaining")


def exchanged(client: Client, name: str, client_id: str, refresh: str, now: datetime) -> Grant:
    """A grant for what renews it, which is worth nothing afterwards. Raises Refused where X says no."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": client_id}
    data = client.post(TOKENS, form=form).json()
    access = word(data, "access_token") if isinstance(data, dict) else None
    if access is None:
        raise PlatformFailed(f"{name}: X answered the renewal of the token without one")
    seconds = number(data, "expires_in")
    ends = None if seconds is None else now + timedelta(seconds=min(seconds, _LONGEST_LIFE))
    return Grant(access, word(data, "refresh_token"), ends)


class Server:
    """What an account asks of X. Each method raises as `Platform.fetch` does; `Refused` is X's no.

    `names` are those that X takes for its fields; where it takes them no more the others are tried once, unless a
    person said which (`settled`). `fetching` leaves to replies what the budget keeps for them.
    """

    def __init__(self, client: Client, name: str, names: Names, *, settled: bool) -> None:
        self._client = client
        self._name = name
        self.names = names
        self._settled = settled

    def me(self, *, fetching: bool = False) -> User:
        """Who the token belongs to."""
        answer = self._client.get("/2/users/me", _USER, fetching=fetching)
        data = answer.json()
        user = read_user(data.get("data")) if isinstance(data, dict) else None
        if user is None:
            raise PlatformFailed(f"{self._name}: X does not say who we are: is url right?")
        return user

    def latest(self, user: str) -> Answer:
        """A few mentions, to see whether they may be read."""
        return self._client.get(f"/2/users/{_id(user)}/mentions", {"max_results": _LATEST})

    def mentions(self, user: str, since: datetime | None, cursor: str | None) -> Posts:
        """Who wrote to us, newest first."""
        return self._posts(f"/2/users/{_id(user)}/mentions", _window(since, cursor), fetching=True)

    def written(self, user: str, since: datetime | None, cursor: str | None, *, fetching: bool) -> Posts:
        """What we wrote, newest first."""
        params = {"exclude": "retweets", **_window(since, cursor)}
        return self._posts(f"/2/users/{_id(user)}/tweets", params, fetching=fetching)

    def search(self, query: str, since: datetime, cursor: str | None, at_once: int) -> Posts:
        """What was written in the last seven days, newest first."""
        params = {"query": query, **_window(since, cursor), "max_results": at_once}
        return self._posts("/2/tweets/search/recent", params, fetching=True)

    def standing(self, native_ids: Sequence[str], *, fetching: bool = False) -> Posts:
        """How these stand now, each in its latest version."""
        found = [self._by_id(native_ids, fetching)]
        newer = [post.latest for post in found[0].posts if post.latest != post.id]
        if newer:
            found.append(self._by_id(newer, fetching))
        renewed = {post.native_id for part in found[1:] for post in part.posts}
        return Posts(
            tuple(p for number, part in enumerate(found) for p in part.posts if number or p.native_id not in renewed),
            {known: user for part in found for known, user in part.users.items()},
            {known: post for part in found for known, post in part.others.items()},
            gone=found[0].gone & frozenset(native_ids),
        )

    def create(self, text: str, parent: str) -> str:
        """Post it, once; its id. Raises AnswerLost too."""
        answer = self._client.post("/2/tweets", json={"text": text, "reply": {"in_reply_to_tweet_id": _id(parent)}})
        data = answer.json()
        found = data.get("data") if isinstance(data, dict) else None
        post_id = identifier(found, "id") if isinstance(found, dict) else None
        if post_id is None:
            raise AnswerLost(f"{self._name}: the reply was taken, but X does not say under which id")
        return post_id

    def delete(self, post_id: str) -> None:
        """Delete our own; one that is gone is no failure."""
        try:
            self._client.delete(f"/2/tweets/{_id(post_id)}")
        except Refused as refused:
            if refused.status not in _GONE:
                raise

    def hide(self, post_id: str, hidden: bool) -> bool:
        """Hide a reply in a conversation of ours, or show it; whether it is hidden now."""
        return self._done(self._client.put(f"/2/tweets/{_id(post_id)}/hidden", json={"hidden": hidden}), "hidden")

    def mute(self, ours: str, user: str) -> bool:
        """Whether we see nothing more of them now."""
        path = f"/2/users/{_id(ours)}/muting"
        return self._done(self._client.post(path, json={"target_user_id": _id(user)}), "muting")

    def unmute(self, ours: str, user: str) -> bool:
        """Whether we still see nothing of them."""
        return self._done(self._client.delete(f"/2/users/{_id(ours)}/muting/{_id(user)}"), "muting")

    def user_called(self, handle: str) -> User | None:
        """Who is called so; None: nobody."""
        try:
            answer = self._client.get(f"/2/users/by/username/{quote(handle, safe='', errors='replace')}", _USER)
        except Refused as refused:
            if refused.status not in (400, *_GONE):
                raise
            return None
        data = answer.json()
        return read_user(data.get("data")) if isinstance(data, dict) else None

    def facts(self, user: User) -> Facts:
        """What is known of us, to be kept."""
        return Facts(user.id, user.author.handle, self.names)

    def _by_id(self, native_ids: Sequence[str], fetching: bool) -> Posts:
        parts = []
        wanted = [one for one in dict.fromkeys(native_ids) if is_id(one)]
        for first in range(0, len(wanted), AT_ONCE):
            params = {"ids": ",".join(wanted[first : first + AT_ONCE])}
            parts.append(self._posts("/2/tweets", params, fetching=fetching))
        return Posts(
            tuple(post for part in parts for post in part.posts),
            {known: user for part in parts for known, user in part.users.items()},
            {known: post for part in parts for known, post in part.others.items()},
            gone=frozenset(gone for part in parts for gone in part.gone),
        )

    def _posts(self, path: str, params: Mapping[str, str | int], *, fetching: bool) -> Posts:
        try:
            return self._read(path, params, self.names, fetching)
        except Refused as refused:
            if self._settled or refused.status != 400:
                raise
            first, other, self._settled = refused, self._other(), True
        try:
            found = self._read(path, params, other, fetching)
        except Refused:
            raise first from None
        self.names = other
        return found

    def _other(self) -> Names:
        return "post" if self.names == "tweet" else "tweet"

    def _read(self, path: str, params: Mapping[str, str | int], names: Names, fetching: bool) -> Posts:
        answer = self._client.get(path, {**params, **_FIELDS[names], **_USER}, fetching=fetching)
        try:
            return read_posts(answer.json())
        except WireError as odd:
            raise PlatformFailed(f"{self._name}: X answered {path} with nonsense ({odd}): try again later") from odd

    def _done(self, answer: Answer, key: str) -> bool:
        data = answer.json()
        state = data.get("data", {}).get(key) if isinstance(data, dict) and isinstance(data.get("data"), dict) else None
        if not isinstance(state, bool):
            raise AnswerLost(f"{self._name}: X answered with nonsense: it may have been done or not")
        return state


def _window(since: datetime | None, cursor: str | None) -> dict[str, str | int]:
    params: dict[str, str | int] = {"max_results": AT_ONCE}
    if since is not None:
        params["start_time"] = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if cursor is not None:
        params["pagination_token"] = cursor
    return params


def _id(value: str) -> str:
    """An id as one step of a path; another platform's is none."""
    if not is_id(value):
        raise PlatformFailed(f"{value[:40]!r} is no id that X gives")
    return value


def _whole(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
