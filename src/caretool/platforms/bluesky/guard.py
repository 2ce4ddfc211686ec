"""What we can do about what others wrote on Bluesky: like it, hide it in our own threads, mute, block, report.

The lexicons app.bsky.feed.threadgate, app.bsky.feed.like, app.bsky.graph.block, com.atproto.moderation.createReport.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from caretool.domain.harmless import one_line
from caretool.errors import PlatformFailed
from caretool.http import Refused
from caretool.platforms.bluesky.record import stamp, timeless
from caretool.platforms.bluesky.server import Server
from caretool.platforms.bluesky.wire import AtUri, Post, WireError
from caretool.platforms.platform import Clock, Offence

_LIKE, _BLOCK, _GATE = "app.bsky.feed.like", "app.bsky.graph.block", "app.bsky.feed.threadgate"
_MOST_HIDDEN = 300
# Somebody else may write the same record at the same time; then it is read again.
_ATTEMPTS = 4
# All else that may be reported is for the moderators' own rules to weigh.
_SPAM = frozenset({"spam", "repeated"})


@dataclass(frozen=True, slots=True)
class Guard:
    """One account's means; `did` is ours. Each method raises as `Platform.post` does."""

    account: str
    server: Server
    did: str
    clock: Clock

    def hide(self, native_id: str) -> None:
        """Below everything else and behind a button, where the thread is ours."""
        self._gated(native_id, lambda hidden, uri: [*hidden, uri] if uri not in hidden else hidden)

    def unhide(self, native_id: str) -> None:
        """Among the others again."""
        self._gated(native_id, lambda hidden, uri: [one for one in hidden if one != uri])

    def like(self, native_id: str) -> None:
        """One like, whatever was asked before."""
        post = self._post(native_id)
        if post.like is None:
            self._put_once(_LIKE, native_id, {"subject": post.ref.plain()})

    def unlike(self, native_id: str) -> None:
        """Also a like that was not given from here."""
        self._address(native_id)
        post = self.server.posts([native_id]).get(native_id)
        self._delete(_LIKE, native_id, post.like if post is not None else None)

    def mute(self, offence: Offence) -> None:
        self.server.call("app.bsky.graph.muteActor", {"actor": self._author(offence)})

    def unmute(self, offence: Offence) -> None:
        self.server.call("app.bsky.graph.unmuteActor", {"actor": self._author(offence)})

    def ban(self, offence: Offence) -> None:
        """A block, which everybody can see."""
        whose = self._author(offence)
        if self.server.blocking(whose) is None:
            self._put_once(_BLOCK, whose, {"subject": whose})

    def unban(self, offence: Offence) -> None:
        """Also a block that was not made from here."""
        whose = self._author(offence)
        self._delete(_BLOCK, whose, self.server.blocking(whose))

    def report(self, offence: Offence) -> None:
        """To Bluesky's moderators. They know no key: each call is a report."""
        self._author(offence)
        post = self._post(offence.native_id)
        kind = "reasonSpam" if offence.ground in _SPAM else "reasonOther"
        report = {
            "reasonType": f"com.atproto.moderation.defs#{kind}",
            "reason": f"Ground: {offence.ground}. Found by the people who answer for this account.",
            "subject": {"$type": "com.atproto.repo.strongRef", **post.ref.plain()},
        }
        self.server.call("com.atproto.moderation.createReport", report)

    def _gated(self, native_id: str, change: Callable[[list[str], str], list[str]]) -> None:
        """Change whom our thread's gate hides; whoever may reply there stays as it was."""
        root = self._root(native_id)
        gate = AtUri(self.did, _GATE, root.rkey)
        for attempt in range(_ATTEMPTS):
            kept = self.server.record(gate)
            record: dict[str, Any] = dict(kept[0]) if kept is not None else {}
            listed = record.get("hiddenReplies")
            hidden = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
            wanted = change(hidden, native_id)
            if wanted == hidden:
                return
            if len(wanted) > _MOST_HIDDEN:
                raise PlatformFailed(
                    f"{self.account}: {_MOST_HIDDEN} replies are hidden in this thread, no more can be"
                )
            new = {"$type": _GATE, "post": str(root), "createdAt": stamp(self.clock())}
            try:
                self.server.put(gate, {**new, **record, "hiddenReplies": wanted}, kept[1] if kept is not None else None)
            except Refused as refused:
                if refused.code != "InvalidSwap" or attempt == _ATTEMPTS - 1:
                    raise
            else:
                return

    def _root(self, native_id: str) -> AtUri:
        """The first post of the thread, which must be ours."""
        address = self._address(native_id)
        if address.did == self.did:
            raise PlatformFailed(f"{self.account}: {_shown(native_id)} is our own: nothing was done")
        post = self.server.posts([native_id]).get(native_id)
        if post is not None:
            root = AtUri.parse(post.root.uri) if post.root is not None else post.uri
        else:  # what is hidden by a block is there all the same
            root = self._declared_root(address)
        if root.did != self.did:
            what = "is in somebody else's thread, and only who began it can hide there"
            raise PlatformFailed(f"{self.account}: {_shown(native_id)} {what}: nothing was done")
        return root

    def _declared_root(self, address: AtUri) -> AtUri:
        kept = self.server.record(address)
        if kept is None:
            raise PlatformFailed(f"{self.account}: {_shown(str(address))} is gone: nothing was done")
        reply = kept[0].get("reply")
        root = reply.get("root") if isinstance(reply, dict) else None
        try:
            return AtUri.parse(root.get("uri") if isinstance(root, dict) else None)
        except WireError:
            return address

    def _put_once(self, collection: str, seed: str, record: dict[str, object]) -> None:
        """A record that is there once; one that is there already is no failure."""
        uri = AtUri(self.did, collection, timeless(seed))
        try:
            self.server.put(uri, {"$type": collection, **record, "createdAt": stamp(self.clock())}, None)
        except Refused as refused:
            if refused.code != "InvalidSwap":
                raise

    def _delete(self, collection: str, seed: str, shown: str | None) -> None:
        """The record that was made from here and, where another one is shown, that one, too."""
        self.server.delete(AtUri(self.did, collection, timeless(seed)))
        other = self._address(shown) if shown is not None else None
        if other is not None and other.did == self.did and other.collection == collection:
            self.server.delete(other)

    def _post(self, native_id: str) -> Post:
        self._address(native_id)
        post = self.server.posts([native_id]).get(native_id)
        if post is None:
            raise PlatformFailed(f"{self.account}: {_shown(native_id)} is gone, or not shown to us: nothing was done")
        return post

    def _author(self, offence: Offence) -> str:
        """Who wrote it stands in its address, whatever they are called by now."""
        whose = self._address(offence.native_id).did
        if whose == self.did:
            raise PlatformFailed(f"{self.account}: {_shown(offence.native_id)} is our own: nothing was done")
        return whose

    def _address(self, native_id: str) -> AtUri:
        try:
            return AtUri.parse(native_id)
        except WireError as problem:
            raise PlatformFailed(f"{self.account}: {_shown(native_id)} is {problem}: nothing was done") from problem


def _shown(text: str) -> str:
    return one_line(text, 80)
