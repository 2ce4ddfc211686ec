"""An account's requests: what leaves, what may be tried again, and what an answer means."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx
import stamina

from caretool import bodies
from caretool.bodies import Torn, Unreadable
from caretool.dialect import Dialect, Said, Verdict
from caretool.domain.budget import Bucket, Budget, Meter, Unlimited
from caretool.domain.harmless import one_line
from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.http.answer import CORRECT, UNKNOWN, Answer, NotTaken, Refused, place, retry_after, whole
from caretool.http.deadlines import Deadlines
from caretool.http.ends import agent, base, distrusted, origin, trusted

Clock = Callable[[], datetime]
Transport = httpx.BaseTransport  # what a test answers with instead of a network
Params = Mapping[str, str | int | bool | Sequence[str]]
Values = Mapping[str, Any] | None

LARGEST = 20 * 1024 * 1024
_CONNECT, _READ, _WHOLE = 10.0, 30.0, 120.0  # seconds: to connect, without a byte, for all of it
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 5.0  # seconds: what is longer is told, not waited for
_HOPS, _SAID, _SAID_BYTES = 5, 200, 64 * 1024
_MOVED = frozenset({301, 302, 303, 307, 308})
_NOT_HERE, _GAVE_UP = frozenset({301, 307, 308}), frozenset({408, 499})
_ABSOLUTE, _STEPS_BACK = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:"), re.compile(r"(?:[^?#]*/)?\.\.?(?:[/?#]|\Z)")
_CONDITIONS = frozenset({"if-none-match", "if-modified-since"})
_TOKEN = re.compile(r"[!-~]+")
_SECRETS = frozenset({"access_token", "client_secret", "input_token", "password", "refresh_token"})
_NOTHING_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_TROUBLE = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError)
_deadlines = Deadlines()
_reading = stamina.RetryingCaller(attempts=3, timeout=60.0, wait_initial=_FIRST_WAIT, wait_max=2.0, wait_jitter=0.5)


class Client:
    """One account's requests. Making it asks nothing: no request, no token, no socket.

    `name` is the account's, for errors. `clock` gives the aware moment it is now. `token` is asked before the first
    request, and again after the platform refused it; where it can be renewed, before each. `renew` makes another one of
    one that was refused (None: it cannot): the request is then made once more. Neither raises AnswerLost. `dialect` is
    the platform's own way of saying things, `budget` what counts its requests for all who share `scope` (the account).
    `patience` is how many seconds may pass without a byte. Not for several threads at once; any one thread will do.
    """

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        clock: Clock,
        token: Callable[[], str] | None = None,
        renew: Callable[[str], str | None] | None = None,
        dialect: Dialect | None = None,
        budget: Budget | None = None,
        scope: str | None = None,
        transport: Transport | None = None,
        patience: float = _READ,
    ) -> None:
        self._name = name
        self._clock = clock
        self._token = token
        self._renew = renew
        self._dialect = dialect or Dialect()
        self._budget = budget or Unlimited()
        self._scope = scope or name
        self._transport = transport
        self._patience = patience
        self._base = base(base_url)
        self._home = str(self._base).rstrip("/")
        self._place = place(self._base) if self._base else "no address"
        self._secret: str | None = None
        self._hidden: tuple[str, ...] = ()
        self._http: httpx.Client | None = None

    def __repr__(self) -> str:
        return f"Client({self._name!r}, {self._place!r})"

    def get(self, path: str, params: Params | None = None, *, headers: Values = None, fetching: bool = False) -> Answer:
        """Read `path`, or an absolute URL on our own origin; `params` join the query that is there. `fetching` leaves
        to replies what the budget keeps for them. A 304 to a condition among the
        `headers` is an answer, too, without a body.

        Raises TokenRefused, PlatformBusy, Refused (4xx), PlatformFailed.
        """
        url = self._url(path, params)
        try:
            return _reading(
                lambda attempt: isinstance(attempt, _Again) and attempt.wait, self._read, url, headers, fetching
            )
        except _Again as last:
            failure = last.failure
        raise failure

    def post(
        self, path: str, *, json: Any = None, form: Values = None, headers: Values = None, params: Params | None = None
    ) -> Answer:
        """Write once, never retried. Raises PlatformBusy, Refused, PlatformFailed, TokenRefused: it was not done;
        AnswerLost: it may have been."""
        return self._write("POST", self._url(path, params), json=json, data=form, headers=headers)

    def put(self, path: str, *, json: Any = None, headers: Values = None, params: Params | None = None) -> Answer:
        """Put once, never retried. Raises as `post` does."""
        return self._write("PUT", self._url(path, params), json=json, headers=headers)

    def delete(self, path: str, *, json: Any = None, params: Params | None = None) -> Answer:
        """Delete once, never retried. Raises as `post` does."""
        return self._write("DELETE", self._url(path, params), json=json)

    def close(self) -> None:
        """Let go of what is still open; a later request opens it again."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def _read(self, url: httpx.URL, headers: Values, fetching: bool) -> Answer:
        """One attempt, redirects followed. Raises _Again for whatever comes after the request."""
        return self._once_renewed(lambda: self._attempt(url, headers, fetching))

    def _attempt(self, url: httpx.URL, headers: Values, fetching: bool) -> Answer:
        for _ in range(_HOPS + 1):
            request = self._request("GET", url, fetching=fetching, headers=headers)
            try:
                with self._sent(request) as response:
                    location = response.headers.get("location") if response.status_code in _MOVED else None
                    if location is None:
                        return self._answer(response)
                    url = url.join(location)
            except _TROUBLE as trouble:
                failure = PlatformFailed(self._why(trouble, CORRECT))
                raise _Again(failure, not isinstance(trouble, Unreadable)) from None
            self._only_here(url, "sends us on to")
        raise PlatformFailed(f"{self._name}: {self._place} sends us on from page to page without an end: correct url")

    def _write(self, method: str, url: httpx.URL, **content: Any) -> Answer:
        return self._once_renewed(lambda: self._written(method, url, **content))

    def _once_renewed(self, attempt: Callable[[], Answer]) -> Answer:
        """The request, made a second time with a renewed token where the first one was refused: nothing was done."""
        try:
            return attempt()
        except _Expired as expired:
            failure, refused = expired.failure, self._secret
        with _nothing_sent():
            self._secret = self._renew(refused) if self._renew is not None and refused is not None else None
        if self._secret is None:
            raise failure
        try:
            return attempt()
        except _Expired as expired:
            failure = expired.failure
        raise failure

    def _written(self, method: str, url: httpx.URL, **content: Any) -> Answer:
        request = self._request(method, url, **content)
        failure: CaretoolError
        try:
            with self._sent(request) as response:
                return self._answer(response, written=True)
        except _Again as once:
            failure = once.failure
        except _NOTHING_LEFT as trouble:
            failure = PlatformBusy(self._why(trouble, "nothing was sent, try again later"))
        except _TROUBLE as trouble:
            failure = AnswerLost(self._why(trouble, UNKNOWN))
        raise failure

    @contextmanager
    def _sent(self, request: httpx.Request) -> Iterator[httpx.Response]:
        """The response, let go of by force if it goes on and on: httpx's own patience begins anew with each byte."""
        with _deadlines.within(_WHOLE, self.close), closing(self._opened().send(request, stream=True)) as response:
            yield response

    def _answer(self, response: httpx.Response, *, written: bool = False) -> Answer:
        """The answer, if it is one. Raises _Again; what reading it raises is left to the caller."""
        status = response.status_code
        headers = dict(response.headers)
        self._note(self._dialect.meters(headers, self._bucket(response.request)[0], self._clock()))
        if 200 <= status < 300 or (status == 304 and _CONDITIONS & response.request.headers.keys()):
            return Answer(status, headers, whole(response, LARGEST), str(response.url), self._name, written)
        failure, repeat = self._failure(response, written)
        again: float | bool = repeat
        if isinstance(failure, PlatformBusy) and failure.seconds is not None:
            again = max(failure.seconds, _FIRST_WAIT) if failure.seconds <= _LONGEST_WAIT else False
            if not again:
                self._rest(response.request, failure.seconds)
        raise _Again(failure, again)

    def _failure(self, response: httpx.Response, written: bool) -> tuple[CaretoolError, bool]:
        """What the answer means, and whether a read may be tried again. Of a write only what tells surely that nothing
        was done may say so: 302 and 303 are also how "done, look there" is said, and 408 and 5xx come from proxies that
        lost a server still at work. Raises _Expired."""
        status = response.status_code
        body, said = (None, "") if self._dialect.discreet else self._said(response)

        def sentence(what: str, then: str) -> str:
            return f"{self._name}: {self._place} {what} ({status}{', ' if said else ''}{said}){then and ': '}{then}"

        told = self._dialect.verdict(Said(status, dict(response.headers), body, self._clock()))
        verdict = told or self._plainly(status, response.headers, written)
        if verdict.meaning in ("token", "expired"):
            refused = NotTaken(
                sentence("does not take our token", "make a new one there, and put it in the place of the old one")
            )
            if verdict.meaning == "expired":
                raise _Expired(refused)
            self._secret = None
            return refused, False
        if verdict.meaning == "busy":
            seconds = verdict.seconds
            then = "try again later" if seconds is None else f"try again in {max(round(seconds), 1)} seconds"
            what = "is not to be had just now" if status == 503 else "asks us to slow down"
            return PlatformBusy(sentence(what, then), seconds), False
        if verdict.meaning == "refused":
            what = f"refused {'us' if self._dialect.discreet else self._shown(response.url.path, 80)}"
            return Refused(sentence(what, ""), status, said, verdict.code), False
        if not written:
            repeat = told is not None or status >= 500 or status in _GAVE_UP
            return PlatformFailed(sentence("failed", "try again later")), repeat
        if status in _NOT_HERE:
            return PlatformFailed(sentence("has moved, nothing was done", "correct url")), False
        return AnswerLost(sentence("gave no clear answer", UNKNOWN)), False

    def _plainly(self, status: int, headers: Mapping[str, str], written: bool) -> Verdict:
        """What HTTP says."""
        if status == 401:
            return Verdict("expired" if self._renew is not None else "token")
        if status == 429 or (status == 503 and not written):
            return Verdict("busy", retry_after(headers, self._clock()))
        return Verdict("refused" if 400 <= status < 500 and status not in _GAVE_UP else "failed")

    def _said(self, response: httpx.Response) -> tuple[Any, str]:
        """The value of the body, and the server's own words; none where they cannot be read: the status has told
        enough."""
        try:
            body = whole(response, _SAID_BYTES)
            if response.headers.get("content-type", "").startswith("text/plain"):
                return None, self._shown(body.decode("utf-8", "replace"), _SAID)
            value = bodies.value(body)
            return value, self._shown(bodies.words(value), _SAID)
        except _TROUBLE:
            return None, ""

    def _take(self, method: str, url: httpx.URL, *, fetching: bool) -> None:
        """Take from the budget what the request costs. Raises PlatformBusy: nothing was sent."""
        bucket, units = self._dialect.price(method, url.path)
        now = self._clock()
        with _nothing_sent():
            short = self._budget.spend(self._scope, bucket, units, now, fetching=fetching)
        if short is not None:
            seconds = max((short.resets_at - now).total_seconds(), 1.0)
            what = "what may still be asked is kept for replies" if fetching else "no more may be asked"
            raise PlatformBusy(f"{self._name}: {what} for {_soon(seconds)}: nothing was sent", seconds)

    def _rest(self, request: httpx.Request, seconds: float) -> None:
        """Whoever shares the budget leaves the platform alone for as long as it asked."""
        bucket, _ = self._bucket(request)
        self._note([Meter(bucket.name, 0, self._clock() + timedelta(seconds=seconds))])

    def _bucket(self, request: httpx.Request) -> tuple[Bucket, float]:
        return self._dialect.price(request.method, request.url.path)

    def _note(self, meters: Sequence[Meter]) -> None:
        """An answer stands, also where it cannot be counted."""
        with suppress(CaretoolError):
            self._budget.told(self._scope, meters, self._clock())

    def _shown(self, text: str, longest: int) -> str:
        """What others wrote, harmless, on one line, without what is secret (cut, it would not be known again)."""
        line = re.sub(r"^\[Errno -?\d+\] ", "", one_line(text))
        for secret in (self._secret, *self._hidden):
            line = line.replace(secret, "***") if secret is not None and len(secret) >= 8 else line
        return one_line(line, longest)

    def _why(self, trouble: Exception, then: str) -> str:
        """A sentence of our own: what httpx says may hold what the server sent."""
        slow = isinstance(trouble, httpx.TimeoutException)
        if (distrust := distrusted(trouble)) is not None:
            what = f"has a certificate that is not trusted ({self._shown(distrust.verify_message, 120)})"
        elif isinstance(trouble, _NOTHING_LEFT):
            what = f"cannot be reached ({'it took too long' if slow else self._shown(str(trouble), 120)})"
        elif slow:
            what = f"did not answer for {self._patience:g} seconds"
        elif isinstance(trouble, httpx.DecodingError | Torn):
            what = "answered with bytes that cannot be unpacked"
        else:
            what = str(trouble) if isinstance(trouble, Unreadable) else "gave no complete answer"
        return f"{self._name}: {self._place} {what}: {then}"

    def _url(self, path: str, params: Params | None = None) -> httpx.URL:
        if self._base is None:
            raise PlatformFailed(f"{self._name}: url is no web address: write it as https://social.example")
        url = None
        with suppress(httpx.InvalidURL, ValueError):
            absolute = _ABSOLUTE.match(path) is not None
            if not absolute and _STEPS_BACK.match(path):  # it would be asked for elsewhere, without a word
                raise ValueError(path)
            there = httpx.URL(path if absolute else f"{self._home}/{path.lstrip('/')}")
            url = there.copy_merge_params(params) if params else there
        if url is None:
            raise PlatformFailed(f"{self._name}: {self._shown(path, 80)} is no address: nothing was sent")
        self._only_here(url, "is not")
        return url

    def _only_here(self, url: httpx.URL, how: str) -> None:
        if self._base is None or origin(url) != origin(self._base):
            what = f"{self._place} {how} {self._shown(place(url), 80)}: nothing of ours goes there"
            raise PlatformFailed(f"{self._name}: {what}; correct url if we belong there")

    def _request(self, method: str, url: httpx.URL, *, fetching: bool = False, **content: Any) -> httpx.Request:
        if self._token is not None and (self._secret is None or self._renew is not None):
            with _nothing_sent():
                self._secret = self._token()
            if not _TOKEN.fullmatch(self._secret):
                self._secret = None
                what = "is empty, or holds a blank, a line break or a letter that no token has"
                raise TokenRefused(f"{self._name}: the token {what}: copy it again")
        http, request = self._opened(), None
        with suppress(httpx.InvalidURL, ValueError, TypeError):
            request = http.build_request(method, url, **content)
        if request is None:
            raise PlatformFailed(f"{self._name}: the request cannot be written: nothing was sent")
        if self._secret is not None:
            request.headers.update(self._dialect.authorize(self._secret))
        self._take(method, url, fetching=fetching)
        self._hidden = _secrets_in(url, content.get("json"), content.get("data"))
        return request

    def _opened(self) -> httpx.Client:
        if self._http is None:
            stamina.instrumentation.set_on_retry_hooks(())
            with suppress(ImportError, OSError, ValueError, httpx.InvalidURL):
                self._http = httpx.Client(
                    headers={"User-Agent": agent(), "Accept-Encoding": "gzip"},
                    timeout=httpx.Timeout(self._patience, connect=min(_CONNECT, self._patience)),
                    transport=self._transport,
                    verify=trusted(*map(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR"))),
                    cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),  # nobody knows us again by one
                    trust_env=self._base is None or self._base.scheme != "http",  # a proxy would read the token
                )
        if self._http is None:
            what = "what HTTPS_PROXY, ALL_PROXY or SSL_CERT_FILE says in the environment cannot be used"
            raise PlatformFailed(f"{self._name}: {what}: nothing was sent")
        return self._http


@dataclass(eq=False)
class _Again(Exception):
    """An attempt that came to nothing: `failure` is what to say if it was the last; `wait` is seconds, True for a
    growing while, False for no further attempt."""

    failure: CaretoolError
    wait: float | bool


class _Expired(Exception):
    """The token was refused, a renewed one would do, and nothing was done. `failure` says so where there is none."""

    def __init__(self, failure: TokenRefused) -> None:
        super().__init__(str(failure))
        self.failure = failure


@contextmanager
def _nothing_sent() -> Iterator[None]:
    """Whatever goes wrong before a request leaves is told as that: what was to be written may go out another time."""
    try:
        yield
    except (TokenRefused, PlatformBusy):
        raise
    except CaretoolError as problem:
        raise PlatformBusy(f"{problem} (nothing was sent)") from problem


def _soon(seconds: float) -> str:
    """A length of time as one waits for it."""
    return f"{round(seconds)} seconds" if seconds < 120 else f"{-(-seconds // 60):.0f} minutes"


def _secrets_in(url: httpx.URL, *contents: Values) -> tuple[str, ...]:
    """Those that travel inside a request: who is asked to renew one may repeat it."""
    fields = [*url.params.items(), *(field for content in contents if content for field in content.items())]
    return tuple(value for name, value in fields if name in _SECRETS and isinstance(value, str))
