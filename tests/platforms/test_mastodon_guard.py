"""Mute, block and report on a Mastodon server: the right person, once, and the right words where it cannot be."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import stamina

from caretool.errors import AnswerLost, CaretoolError, PlatformBusy, PlatformFailed, TokenRefused
from caretool.http import NotTaken
from caretool.platforms.mastodon.connector import MastodonPlatform
from caretool.platforms.platform import Deletes, Hides, Offence
from tests.platforms.contract import comment, offence
from tests.platforms.fake_mastodon import TOKEN, FakeMastodon, Fault
from tests.platforms.mastodon_harness import VARIABLE, MastodonHarness, connect

VERBS = ("mute", "unmute", "ban", "unban", "report")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(VARIABLE, TOKEN)
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture
def fake() -> FakeMastodon:
    """Two people have written to us."""
    harness = MastodonHarness()
    harness.receive([comment(0), comment(1)])
    return harness.fake


def do(fake: FakeMastodon, verb: str, what: Offence | None = None) -> None:
    platform: MastodonPlatform = connect(fake)
    getattr(platform, verb)(what or offence())


def untouched(fake: FakeMastodon) -> bool:
    return not (fake.muted or fake.blocked or fake.reports)


def writes(fake: FakeMastodon) -> list[str]:
    return [request.url.path for request in fake.requests if request.method != "GET"]


def test_nobody_but_the_staff_hides_or_deletes_what_others_wrote(fake: FakeMastodon) -> None:
    platform = connect(fake)
    assert not isinstance(platform, Hides)
    assert not isinstance(platform, Deletes)


@pytest.mark.parametrize(
    ("ground", "category"), [("spam", "spam"), ("repeated", "spam"), ("abuse", "other"), ("personal-data", "other")]
)
def test_a_report_says_the_ground_and_nothing_else_of_us(fake: FakeMastodon, ground: str, category: str) -> None:
    do(fake, "report", offence(ground=ground))
    [report] = fake.reports
    assert report == {
        "account_id": fake.person("person0").id,
        "status_ids": ["c0"],
        "category": category,
        "comment": f"Ground: {ground}. Found by the people who answer for this account.",
        "forward": False,
    }


@pytest.mark.parametrize("verb", VERBS)
def test_somebody_else_is_never_meant(fake: FakeMastodon, verb: str) -> None:
    with pytest.raises(PlatformFailed, match="c0 is person0's, not person1's: nothing was done"):
        do(fake, verb, Offence("c0", "person1", "spam", "a1"))
    assert writes(fake) == []


@pytest.mark.parametrize("verb", VERBS)
def test_we_are_never_meant(fake: FakeMastodon, verb: str) -> None:
    with pytest.raises(PlatformFailed, match="post1 is our own: nothing was done"):
        do(fake, verb, Offence("post1", "bottegablu", "spam", "a1"))
    assert writes(fake) == []


def test_what_is_gone_is_undone_by_its_authors_handle_and_not_reported(fake: FakeMastodon) -> None:
    do(fake, "ban")
    fake.delete("c0")
    do(fake, "unban")
    assert untouched(fake)
    with pytest.raises(PlatformFailed, match="c0 is gone, there is nothing to report"):
        do(fake, "report")


@pytest.mark.parametrize("answer", [{}, {"id": "1", "acct": "somebody"}, {"acct": "person0"}, None])
def test_a_handle_that_the_server_does_not_know_is_nobody(fake: FakeMastodon, answer: object) -> None:
    fake.delete("c0")
    if answer is None:
        fake.people = {fake.us: fake.people[fake.us]}
    else:
        fake.odd["GET /api/v1/accounts/lookup"] = httpx.Response(200, json=answer)
    with pytest.raises(PlatformFailed, match="nobody is called person0 there: nothing was done"):
        do(fake, "ban")
    assert writes(fake) == []


@pytest.mark.parametrize("verb", VERBS)
def test_a_right_that_lacks_is_named(fake: FakeMastodon, verb: str) -> None:
    fake.tokens[TOKEN] = (fake.us, ("read", "write:statuses"))
    with pytest.raises(TokenRefused, match=r"write:(mutes|blocks|reports)"):
        do(fake, verb)
    assert untouched(fake)


FAULTS: list[tuple[Fault, type[CaretoolError]]] = [
    ("refuse", NotTaken),
    ("forbid", TokenRefused),
    ("busy", PlatformBusy),
    ("half", AnswerLost),
    ("drop", AnswerLost),
    ("fail", AnswerLost),
]


@pytest.mark.parametrize(("fault", "error"), FAULTS)
@pytest.mark.parametrize("verb", VERBS)
def test_what_goes_wrong_in_writing_is_told_and_never_repeated(
    fake: FakeMastodon, verb: str, fault: Fault, error: type[CaretoolError]
) -> None:
    fake.fault(fault, "POST")
    with pytest.raises(error) as caught:
        do(fake, verb)
    assert type(caught.value) is error
    assert len(writes(fake)) == 1


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("odd", [[], None, "ok", 7])
def test_an_answer_that_is_none_leaves_it_open(fake: FakeMastodon, verb: str, odd: object) -> None:
    for path in ("accounts/1001/mute", "accounts/1001/unmute", "accounts/1001/block", "accounts/1001/unblock"):
        fake.odd[f"POST /api/v1/{path}"] = httpx.Response(200, json=odd)
    fake.odd["POST /api/v1/reports"] = httpx.Response(200, json=odd)
    assert fake.person("person0").id == "1001"
    with pytest.raises(AnswerLost):
        do(fake, verb)


@pytest.mark.parametrize(("verb", "path", "shows"), [("ban", "block", "blocking"), ("mute", "mute", "muting")])
def test_a_server_that_takes_it_and_does_not_do_it_is_told(
    fake: FakeMastodon, verb: str, path: str, shows: str
) -> None:
    fake.odd[f"POST /api/v1/accounts/1001/{path}"] = httpx.Response(200, json={shows: False})
    with pytest.raises(PlatformFailed, match="does not show it done"):
        do(fake, verb)


@pytest.mark.parametrize(
    "native_id", ["../../accounts/1000", "..", "c0/../../reports", "c0?x=1", "c0#", "%2e%2e", "a\nb", "\ud800"]
)
def test_an_id_never_becomes_a_path(fake: FakeMastodon, native_id: str) -> None:
    for verb in VERBS:
        with pytest.raises(PlatformFailed):
            do(fake, verb, Offence(native_id, "nobody", "spam", "a1"))
    assert writes(fake) == []
    assert {request.url.raw_path.split(b"?")[0].count(b"/") for request in fake.requests} <= {4, 3}


def test_a_check_says_what_moderation_would_need(fake: FakeMastodon) -> None:
    assert connect(fake).check().remarks == ("Whether the token may write shows with the first reply.",)
    fake.tokens[TOKEN] = (fake.us, ("read", "write:statuses", "write:mutes"))
    checked = connect(fake).check()
    assert checked.missing == ()
    rights = "write:blocks write:reports write:favourites"
    assert f"To mute, block, report or like somebody it would need {rights}, too." in checked.remarks
