"""Open promises as an iCalendar feed (RFC 5545), for a phone to subscribe to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from icalendar import TRANSP, Alarm, Calendar, Event, Parameters, Timezone, vDuration

from caretool.domain.harmless import block, one_line, short_name
from caretool.domain.promise import Promise
from caretool.reports.addresses import web_address

_LENGTH = timedelta(minutes=15)
_BEFORE = timedelta(hours=1)
_AGAIN = timedelta(hours=1)
_DAY = timedelta(days=1)


def calendar(promises: Iterable[Promise], name: str, as_of: datetime, zone: ZoneInfo) -> bytes:
    """The feed: an event a promise, at the time it is due, with an alarm when it is to be looked at.

    Events, not to-dos: phones show no to-dos of a feed. The same promise keeps its UID for ever.
    """
    events = [_event(promise, as_of) for promise in promises]
    shown = one_line(name)
    known_as = uuid5(NAMESPACE_URL, f"caretool:{shown}")
    feed = Calendar.new(name=shown, uid=known_as, method="PUBLISH", prodid="-//caretool//EN")
    feed.add("REFRESH-INTERVAL", vDuration(_AGAIN, params=Parameters(VALUE="DURATION")))
    feed.add("X-PUBLISHED-TTL", vDuration(_AGAIN))
    # A calendar has to hold something: the desk's zone is in it also where no promise is open.
    today = as_of.date()
    feed.add_component(Timezone.from_tzinfo(zone, first_date=today - 366 * _DAY, last_date=today + 731 * _DAY))
    for event in events:
        feed.add_component(event)
    written: bytes = feed.to_ical()
    return written


def _event(promise: Promise, as_of: datetime) -> Event:
    changed = _changed(promise, as_of)
    url = web_address(promise.url)
    title = _title(promise)
    event = Event.new(
        uid=f"{promise.id}@promise.caretool",
        summary=title,
        description="\n".join(line for line in (block(promise.text), f"{promise.owner}: {promise.id}", url) if line),
        start=promise.due_at.astimezone(UTC),
        end=(promise.due_at + _LENGTH).astimezone(UTC),
        stamp=changed,
        created=promise.made_at.astimezone(UTC).replace(microsecond=0),
        last_modified=changed,
        # The due time of a promise can change once, when the reply that says it is posted and it begins to run.
        sequence=0 if promise.state == "logged" else 1,
        categories=[promise.kind],
        transparency=TRANSP.TRANSPARENT,
        url=url,
    )
    alarm = Alarm.new(summary=title, description=title)
    alarm.add("ACTION", "DISPLAY")
    alarm.add("TRIGGER", _ahead(promise))
    event.add_component(alarm)
    return event


def _title(promise: Promise) -> str:
    mark = "OVERDUE: " if promise.overdue else "At risk: " if promise.at_risk else ""
    return f"{mark}{promise.kind} for {short_name(promise.person_name)}"


def _ahead(promise: Promise) -> timedelta:
    """From the due time back to the alarm."""
    if promise.review_at is not None and promise.review_at < promise.due_at:
        return promise.review_at - promise.due_at
    return -_BEFORE


def _changed(promise: Promise, as_of: datetime) -> datetime:
    """When what stands in the event last changed: it was made, came to its review, or to its due time."""
    moments = (promise.made_at, promise.review_at, promise.due_at)
    past = [moment for moment in moments if moment is not None and moment <= as_of]
    return max(past, default=as_of).astimezone(UTC).replace(microsecond=0)
