from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from caretool.domain.moment import spoken, stamp
from caretool.errors import UsageProblem

ROME = ZoneInfo("Europe/Rome")
THURSDAY = datetime(2026, 11, 26, 17, 0, tzinfo=UTC)


def test_italian_says_an_absolute_day_and_hour() -> None:
    assert spoken(THURSDAY, "it", ROME) == "entro giovedì 26 novembre alle 18:00"


def test_english_says_an_absolute_day_and_hour() -> None:
    assert spoken(THURSDAY, "en", ROME) == "by Thursday 26 November at 18:00"


@pytest.mark.parametrize("tag", ["it-IT", "it_CH", "IT"])
def test_a_region_does_not_matter(tag: str) -> None:
    assert spoken(THURSDAY, tag, ROME) == "entro giovedì 26 novembre alle 18:00"


def test_the_first_of_the_month_is_an_ordinal_in_italian() -> None:
    assert spoken(datetime(2026, 12, 1, 0, 5, tzinfo=UTC), "it", ROME) == "entro martedì 1º dicembre alle 01:05"


def test_seconds_are_cut_off_so_that_what_is_said_is_never_later() -> None:
    assert spoken(THURSDAY.replace(second=59), "en", ROME).endswith("18:00")


def test_an_hour_that_comes_twice_names_its_zone() -> None:
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert spoken(first, "it", ROME) == "entro domenica 25 ottobre alle 02:30 CEST"
    assert spoken(second, "it", ROME) == "entro domenica 25 ottobre alle 02:30 CET"


def test_a_language_that_cannot_say_it_is_refused_by_name() -> None:
    with pytest.raises(UsageProblem, match="'ja'"):
        spoken(THURSDAY, "ja", ROME)


def test_a_stamp_is_english_and_in_the_desks_zone() -> None:
    assert stamp(datetime(2026, 11, 25, 17, 0, tzinfo=UTC), ROME) == "Wed 25 Nov 18:00"


def test_the_module_imports_nothing_heavy() -> None:
    code = (
        "import sys, caretool.domain.moment; print([m for m in ('babel', 'holidays', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
