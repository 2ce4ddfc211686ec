"""What every connector that speaks HTTP stands on: the only importer of httpx.

A connector asks a `Client` for an `Answer` and hears of failures in the words of `caretool.errors`. Reads are retried
by themselves, a few times and for seconds only; writes never, and a write that may have reached its server without an
answer is `AnswerLost`. A token goes to the account's own origin (scheme, host, port), nowhere else, and into no text.
"""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import httpx
import stamina

from caretool import bodies
from caretool.bodies import Torn, Unreadable
from caretool.domain.harmless import one_line
from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed, TokenRefused

Clock = Callable[[], datetime]
Transport = httpx.BaseTransport  # what a test answers with instead of a network
Params = Mapping[str, str | int | bool | Sequence[str]]
Values = Mapping[str, Any] | None
Busy = Callable[[Mapping[str, str], datetime], float | None]

LARGEST = 20 * 1024 * 1024
_CONNECT, _READ, _WHOLE = 10.0, 30.0, 120.0  # seconds: to connect, without a byte, for all of it
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 5.0  # seconds: what is longer is told, not waited for
_HOPS, _SAID, _SAID_BYTES = 5, 200, 64 * 1024
_MOVED = frozenset({301, 302, 303, 307, 308})
_NOT_HERE, _GAVE_UP = frozenset({301, 307, 308}), frozenset({408, 499})
_CORRECT, _UNKNOWN = "try again later; if it stays so, correct url", "it may have been done or not"
_TOKEN, _SECONDS = re.compile(r"[!-~]+"), re.compile(r"\d{1,9}", re.ASCII)
_NOTHING_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_TROUBLE = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError, ValueError)
_reading = stamina.RetryingCaller(attempts=3, timeout=60.0, wait_initial=_FIRST_WAIT, wait_max=2.0, wait_jitter=0.5)


class Refused(PlatformFailed):
    """The platform said no, and nothing was done: `status` is 4xx, `said` its own words on one line (may be empty)."""

    def __init__(self, message: str, status: int, said: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.said = said


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful (2xx) response, wholly read. The names of `headers` are in lower case; `url` is where it came from.

    `account` is whose answer it is, `written` whether the request changed something: for what is said of nonsense.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str
    account: str = ""
    written: bool = False

    def json(self) -> Any:
        """The body's value. Raises PlatformFailed if it is no JSON, AnswerLost if the request changed something."""
        try:
            return bodies.value(self.body)
        except Unreadable as trouble:
            why = "answered with a web page" if "html" in self.headers.get("content-type", "") else str(trouble)
        what = f"{self.account}: {_place(httpx.URL(self.url))} {why}"
        raise AnswerLost(f"{what}: {_UNKNOWN}") if self.written else PlatformFailed(f"{what}: {_CORRECT}")

    @property
    def links(self) -> Mapping[str, str]:
        """rel → absolute URL, from the Link header, only those at our own host (a wrong scheme or port is put right).

        Raises PlatformFailed if the next or previous page is at another host: left out, its comments would be missed.
        """
        own = httpx.URL(self.url)
        links: dict[str, str] = {}
        header = {b"link": self.headers.get("link", "").encode("utf-8", "replace")}
        for rels, link in httpx.Response(self.status, headers=header).links.items():
            try:
                url = own.join(link.get("url", ""))
            except (httpx.InvalidURL, ValueError):
                continue
            for rel in (rels or "").lower().split():
                if url.raw_host == own.raw_host and not url.userinfo:
                    links.setdefault(rel, str(url.copy_with(scheme=own.scheme, port=own.port)))
                elif rel in ("next", "prev"):
                    what = f"{_place(own)} keeps its next page at {_place(url)}"
                    raise PlatformFailed(f"{self.account}: {what}: correct url if we belong there")
        return links


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by the Retry-After header (seconds or an HTTP date); None: it says nothing, or nonsense."""
    said = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(said):
        return float(said)
    try:
        then = parsedate_to_datetime(said)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max((then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - now.timestamp(), 0.0)


class Client:
    """One account's requests. Making it asks nothing: no request, no token, no socket.

    `name` is the account's, for errors. `clock` gives the aware moment it is now. `token` is asked before the first
    request, and again after the platform refused it. `busy` reads from the headers of a 429 how many seconds to wait.
    `patience` is how many seconds may pass without a byte. Not for several threads at once; any one thread will do.
    """

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        clock: Clock,
        token: Callable[[], str] | None = None,
        busy: Busy = retry_after,
        transport: Transport | None = None,
        patience: float = _READ,
    ) -> None:
        self._name = name
        self._clock = clock
        self._token = token
        self._busy = busy
        self._transport = transport
        self._patience = patience
        self._base = _base(base_url)
        self._place = _place(self._base) if self._base else "no address"
        self._secret: str | None = None
        self._http: httpx.Client | None = None

    def __repr__(self) -> str:
        return f"Client({self._name!r}, {self._place!r})"

    def get(self, path: str, params: Params | None = None) -> Answer:
        """Read `path`, or an absolute URL on our own origin; `params` join the query that is there.

        Raises TokenRefused, PlatformBusy, Refused (4xx), PlatformFailed.
        """
        url = self._url(path, params)
        try:
            return _reading(lambda attempt: isinstance(attempt, _Again) and attempt.wait, self._read, url)
        except _Again as last:
            failure = last.failure
        raise failure

    def post(self, path: str, *, json: Any = None, form: Values = None, headers: Values = None) -> Answer:
        """Write once, never retried. Raises PlatformBusy, Refused, PlatformFailed, TokenRefused: it was not done;
        AnswerLost: it may have been."""
        return self._write("POST", path, json=json, data=form, headers=headers)

    def delete(self, path: str) -> Answer:
        """Delete once, never retried. Raises as `post` does."""
        return self._write("DELETE", path)

    def close(self) -> None:
        """Let go of what is still open; a later request opens it again."""
        if self._http is not None:
            self._http.close()
            self._http = None

    def _read(self, url: httpx.URL) -> Answer:
        """One attempt, redirects followed. Raises _Again for whatever comes after the request."""
        for _ in range(_HOPS + 1):
            request = self._request("GET", url)
            try:
                with self._sent(request) as response:
                    location = response.headers.get("location") if response.status_code in _MOVED else None
                    if location is None:
                        return self._answer(response)
                    url = url.join(location)
            except _TROUBLE as trouble:
                failure = PlatformFailed(self._why(trouble, _CORRECT))
                raise _Again(failure, not isinstance(trouble, Unreadable)) from None
            self._only_here(url, "sends us on to")
        raise PlatformFailed(f"{self._name}: {self._place} sends us on from page to page without an end: correct url")

    def _write(self, method: str, path: str, **content: Any) -> Answer:
        request = self._request(method, self._url(path), **content)
        failure: CaretoolError
        try:
            with self._sent(request) as response:
                return self._answer(response, written=True)
        except _Again as once:
            failure = once.failure
        except _NOTHING_LEFT as trouble:
            failure = PlatformBusy(self._why(trouble, "nothing was sent, try again later"))
        except _TROUBLE as trouble:
            failure = AnswerLost(self._why(trouble, _UNKNOWN))
        raise failure

    @contextmanager
    def _sent(self, request: httpx.Request) -> Iterator[httpx.Response]:
        """The response, let go of by force if it goes on and on: httpx's own patience begins anew with each byte."""
        end = threading.Timer(_WHOLE, self.close)
        end.daemon = True
        end.start()
        try:
            with closing(self._opened().send(request, stream=True)) as response:
                yield response
        finally:
            end.cancel()

    def _answer(self, response: httpx.Response, *, written: bool = False) -> Answer:
        """The answer, if it is one. Raises _Again; what reading it raises is left to the caller."""
        status = response.status_code
        if 200 <= status < 300:
            url, body = str(response.url), _whole(response, LARGEST)
            return Answer(status, dict(response.headers), body, url, self._name, written)
        failure = self._failure(response, written)
        if isinstance(failure, PlatformBusy) and failure.seconds is not None:
            raise _Again(failure, max(failure.seconds, _FIRST_WAIT) if failure.seconds <= _LONGEST_WAIT else False)
        raise _Again(failure, status >= 500 or status in _GAVE_UP)

    def _failure(self, response: httpx.Response, written: bool) -> CaretoolError:
        """What the status means. Of a write only what tells surely that nothing was done may say so: 302 and 303 are
        also how "done, look there" is said, and 408 and 5xx come from proxies that lost a server still at work."""
        status, said = response.status_code, self._said(response)

        def sentence(what: str, then: str) -> str:
            return f"{self._name}: {self._place} {what} ({status}{', ' if said else ''}{said}){then and ': '}{then}"

        if status == 401:
            self._secret = None
            then = "make a new one there, and put it in the place of the old one"
            return TokenRefused(sentence("does not take our token", then))
        if status == 429 or (status == 503 and not written):
            seconds = (self._busy if status == 429 else retry_after)(dict(response.headers), self._clock())
            then = "try again later" if seconds is None else f"try again in {max(round(seconds), 1)} seconds"
            what = "asks us to slow down" if status == 429 else "is not to be had just now"
            return PlatformBusy(sentence(what, then), seconds)
        if 400 <= status < 500 and status not in _GAVE_UP:
            return Refused(sentence(f"refused {self._shown(response.url.path, 80)}", ""), status, said)
        if not written:
            return PlatformFailed(sentence("failed", "try again later"))
        if status in _NOT_HERE:
            return PlatformFailed(sentence("has moved, nothing was done", "correct url"))
        return AnswerLost(sentence("gave no clear answer", _UNKNOWN))

    def _said(self, response: httpx.Response) -> str:
        """The server's own words; none where they cannot be read: the status has told enough."""
        try:
            body = _whole(response, _SAID_BYTES)
            if response.headers.get("content-type", "").startswith("text/plain"):
                return self._shown(body.decode("utf-8", "replace"), _SAID)
            return self._shown(bodies.words(bodies.value(body)), _SAID)
        except _TROUBLE:
            return ""

    def _shown(self, text: str, longest: int) -> str:
        """What others wrote, harmless, without the token (cut, it would not be known again), on one line."""
        line = one_line(text)
        if self._secret is not None and len(self._secret) >= 8:
            line = line.replace(self._secret, "***")
        return one_line(line, longest)

    def _why(self, trouble: Exception, then: str) -> str:
        """A sentence of our own: what httpx says may hold what the server sent."""
        slow = isinstance(trouble, httpx.TimeoutException)
        if (distrust := _distrusted(trouble)) is not None:
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
            there = httpx.URL(path)
            if not there.is_absolute_url:
                there = httpx.URL(f"{str(self._base).rstrip('/')}/{path.lstrip('/')}")
            url = there.copy_merge_params(params) if params else there
        if url is None:
            raise PlatformFailed(f"{self._name}: {self._shown(path, 80)} is no address: nothing was sent")
        self._only_here(url, "is not")
        return url

    def _only_here(self, url: httpx.URL, how: str) -> None:
        if self._base is None or _origin(url) != _origin(self._base):
            what = f"{self._place} {how} {self._shown(_place(url), 80)}: nothing of ours goes there"
            raise PlatformFailed(f"{self._name}: {what}; correct url if we belong there")

    def _request(self, method: str, url: httpx.URL, **content: Any) -> httpx.Request:
        if self._token is not None and self._secret is None:
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
            request.headers["Authorization"] = f"Bearer {self._secret}"
        return request

    def _opened(self) -> httpx.Client:
        if self._http is None:
            stamina.instrumentation.set_on_retry_hooks(())
            with suppress(ImportError, OSError, ValueError, httpx.InvalidURL):
                self._http = httpx.Client(
                    headers={"User-Agent": _agent(), "Accept-Encoding": "gzip"},
                    timeout=httpx.Timeout(self._patience, connect=min(_CONNECT, self._patience)),
                    transport=self._transport,
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


def _whole(response: httpx.Response, largest: int) -> bytes:
    """The body. Raises _TROUBLE."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    chunks: Iterable[bytes] = response.iter_raw()
    if response.is_stream_consumed:  # made in one piece, as a fake does: httpx has unpacked it
        coding, chunks = "identity", (response.content,)
    return bodies.whole(chunks, coding, largest)


def _distrusted(trouble: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """What is wrong with the server's certificate, wherever httpx put it; None: something else is."""
    while trouble is not None and not isinstance(trouble, ssl.SSLCertVerificationError):
        trouble = trouble.__cause__ or trouble.__context__
    return trouble


def _base(text: str) -> httpx.URL | None:
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, ValueError):
        return None
    plain = url.scheme in ("http", "https") and url.host and not (url.userinfo or url.query or url.fragment)
    return url if plain else None


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None, bytes]:
    return url.scheme, url.raw_host, url.port, url.userinfo


def _place(url: httpx.URL) -> str:
    """Host and port as they are asked for: letters that look like others are seen for what they are."""
    return one_line(url.netloc.decode("ascii", "replace"), 80)


def _agent() -> str:
    try:
        return f"caretool/{version('caretool')}"
    except PackageNotFoundError:
        return "caretool"
